// bytes.h: immutable, shared runs of bytes. A message's body is read from the socket into a Chunk once and
// from then on only handed on: to the store, to every delivery, to the wire. No copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace waybill {

/// The most that one chunk of a body holds (docs/spool-format.md).
inline constexpr size_t kChunkOctetsMax = 256 * 1024;

/// An immutable run of octets, shared by reference count.
class Chunk {
 public:
  Chunk() = default;
  explicit Chunk(std::string bytes) : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  [[nodiscard]] std::string_view view() const {
    return bytes_ ? std::string_view(*bytes_) : std::string_view();
  }
  [[nodiscard]] size_t size() const { return bytes_ ? bytes_->size() : 0; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  std::shared_ptr<const std::string> bytes_;
};

/// ASCII only: mail's keywords and DNS names are never compared by locale.
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);
/// Splits at every `separator`; "a,,b" has three parts, "" has one empty part.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// For logs and error messages: what is not printable ASCII becomes \xNN, and it ends after `max` octets with
/// "...".
[[nodiscard]] std::string printable(std::string_view text, size_t max = 200);
/// True if `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] bool is_ascii(std::string_view text);
/// The nearest of `candidates` when it is near enough to be a slip of the finger, else "".
[[nodiscard]] std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace waybill
