// header_view.h: a message's header block (RFC 5322 2.2) as views into the text that holds it: nothing is
// copied, nothing changed. Takes CRLF and LF line ends alike, so that it reads what a pipe or a peer gave.
//
// Bounded: at most kHeaderFieldsMax fields and kHeaderOctetsMax octets are looked at; `truncated()` says that
// there was more. Never fails: a line that is no field ends the header, as it does for every mail reader
// (`malformed_line()` tells). The text must outlive the view and everything it returns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::mail {

inline constexpr size_t kHeaderFieldsMax = 2000;
inline constexpr size_t kHeaderOctetsMax = 256 * 1024;

struct HeaderField {
  std::string_view name;   ///< without the colon and white space before it
  std::string_view value;  ///< all after the colon, folded lines and all, without the final line end
  std::string_view raw;    ///< the whole field with its line ends: what a rewriter copies or leaves out

  [[nodiscard]] bool is(std::string_view wanted) const;  ///< names are compared without case
  /// The value on one line: line ends of folds removed (RFC 5322 2.2.3), white space around it trimmed.
  [[nodiscard]] std::string unfolded() const;
};

class HeaderView {
 public:
  explicit HeaderView(std::string_view message);

  [[nodiscard]] const std::vector<HeaderField>& fields() const { return fields_; }
  /// The first field of this name.
  [[nodiscard]] const HeaderField* find(std::string_view name) const;
  [[nodiscard]] size_t count(std::string_view name) const;

  /// The header block with the line end of its last field, without the empty line.
  [[nodiscard]] std::string_view block() const { return block_; }
  /// What follows the empty line (or the header, when a malformed line ended it); empty when truncated.
  [[nodiscard]] std::string_view body() const { return body_; }
  /// An empty line stood between header and body.
  [[nodiscard]] bool has_separator() const { return has_separator_; }
  [[nodiscard]] bool malformed_line() const { return malformed_line_; }
  [[nodiscard]] bool truncated() const { return truncated_; }

 private:
  std::vector<HeaderField> fields_;
  std::string_view block_, body_;
  bool has_separator_ = false;
  bool malformed_line_ = false;
  bool truncated_ = false;
};

/// The addresses of a To, Cc, Bcc, From… value (RFC 5322 3.4): "addr-spec" as written, without display names,
/// comments and group names. Quoted strings and comments (nested to 32) are understood; a part that holds no
/// address is given back in `rejected`. At most `max` addresses are taken; more set `truncated`.
struct AddressList {
  std::vector<std::string> addresses;
  std::vector<std::string> rejected;
  bool truncated = false;
};
[[nodiscard]] AddressList parse_address_list(std::string_view value, size_t max = 10'000);

}  // namespace waybill::mail
