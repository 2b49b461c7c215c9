// dot_stuff.h: a body's way onto the wire after DATA (RFC 5321 4.5.2), as pieces that point into the body:
// only the lines that begin with a dot cost anything. Pure; one per transaction; chunk by chunk.
//
// Never lets a bare CR or LF out (2.3.8, conformance 68): a lone LF becomes CRLF, a lone CR a space. A
// space, because a new line in its place could end a header or an address list that the sender never ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace waybill::smtp {

/// Whether lines that begin with a dot get another (DATA), or not (BDAT: RFC 3030 2 takes octets as they
/// are).
enum class Dots : uint8_t { doubled, literal };

class BodyEncoder {
 public:
  explicit BodyEncoder(Dots dots = Dots::doubled) : dots_(dots) {}
  /// Appends the wire form of `octets` to `pieces`. They view `octets` and constants: keep the chunk.
  void encode(std::string_view octets, std::vector<std::string_view>& pieces);
  /// What remains: the end of an unfinished line and, after DATA, the final dot. Then it is as new.
  void finish(std::vector<std::string_view>& pieces);
  /// Octets of all pieces so far; what BDAT has to announce.
  [[nodiscard]] uint64_t octets() const { return octets_; }

 private:
  void put(std::string_view piece, std::vector<std::string_view>& pieces);
  void encode_line(std::string_view line, std::vector<std::string_view>& pieces);

  Dots dots_;
  bool at_line_start_ = true;
  bool held_cr_ = false;  ///< a CR ended the last chunk; the next octet decides what it is
  uint64_t octets_ = 0;
};

}  // namespace waybill::smtp
