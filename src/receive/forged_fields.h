// forged_fields.h: takes out of a message's header, as it comes in, the fields that only this host may write:
// Authentication-Results with our authserv-id (RFC 8601 5), and X-Waybill-Client. What a stranger wrote there
// must never be read as our word.
//
// Pure; pieces of any size give the same result. Holds back one field at most, of kHeldOctetsMax octets; one
// that hides its colon or the end of its authserv-id deeper than that is nobody's honest field, and goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace waybill::receive {

/// What becomes of such fields in one message.
enum class ForgedFields : uint8_t { kept, taken_out };

inline constexpr std::string_view kClientField = "X-Waybill-Client";

class ForgedFieldFilter {
 public:
  static constexpr size_t kHeldOctetsMax = 4096;
  explicit ForgedFieldFilter(std::string authserv_id) : authserv_id_(std::move(authserv_id)) {}

  /// The octets of `buffer` from `from` on are the message's next, with CRLF line ends. Leaves there what may
  /// stay, with what was held back before.
  void filter(std::string& buffer, size_t from);
  /// No more will come: appends what was held back, or drops it.
  void finish(std::string& buffer);
  /// The header is over: filter() has nothing more to do.
  [[nodiscard]] bool ended() const { return at_ == At::body; }
  [[nodiscard]] size_t held_octets() const { return held_.size(); }

 private:
  enum class At : uint8_t {
    name,     ///< within the first line's name, which may yet be one of ours; held
    suspect,  ///< within a field of such a name; held
    keep,     ///< within any other field
    drop,     ///< within a forged one
    body,
  };
  void take(char c, std::string& out);
  void begin_line(char c, std::string& out);
  void judge_name(std::string& out);
  [[nodiscard]] bool names_us() const;
  void bound_name(char c, std::string& out);
  void bound_suspect(std::string& out);
  [[nodiscard]] bool is_forged() const;
  void release(std::string& out);

  const std::string authserv_id_;
  std::string held_;
  At at_ = At::name;
  bool line_start_ = true;
  bool padded_ = false;  ///< in `name`: one of ours, and white space of any length where the colon should be
  bool colon_ = false;   ///< this line has a colon, or continues a field: it is no text yet
  bool blank_ = false;   ///< this line is a CR so far
};

/// The authserv-id of an Authentication-Results value (RFC 8601 2.2), in lower case; empty: there is none.
/// `open`, where given: nothing follows the id, so that there might be more of it.
[[nodiscard]] std::string authserv_id_of(std::string_view value, bool* open = nullptr);

}  // namespace waybill::receive
