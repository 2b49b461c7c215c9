// reply_parser.h: from a server's octets to replies (RFC 5321 4.2, 4.2.1). Pure; one per connection.
// Bounds: 100 lines and 64 KiB a reply, 4 KiB a line; kept text is at most 4 KiB, the rest is counted and
// dropped. Never allocates for a reply whose text fits what it held before.
// What a server says is hostile: control octets and broken UTF-8 never reach the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mail/outcome.h"

namespace waybill::smtp {

class ReplyParser {
 public:
  enum class State : uint8_t {
    more,    ///< all octets consumed, the reply goes on
    reply,   ///< reply() is complete; octets after it are not consumed
    broken,  ///< not SMTP, mixed codes, or beyond the bounds; final
  };
  static constexpr size_t kLinesMax = 100;
  static constexpr size_t kLineOctetsMax = 4096;
  static constexpr size_t kReplyOctetsMax = 64 * 1024;
  static constexpr size_t kTextOctetsMax = 4096;

  struct Fed {
    State state;
    size_t consumed;
  };
  /// Takes octets up to the end of one reply. After `reply` the next call begins a new one.
  Fed feed(std::string_view octets);
  /// REQUIRES: feed() said `reply`. The enhanced status agrees with the code (RFC 2034 4, conformance 95).
  [[nodiscard]] const mail::Reply& reply() const { return reply_; }
  /// Why it is broken, for a person.
  [[nodiscard]] const std::string& error() const { return error_; }
  /// True between replies: nothing is half read.
  [[nodiscard]] bool between_replies() const { return !in_reply_ && line_.empty(); }

 private:
  bool take_line(std::string_view line);
  State broken(std::string why);
  State end_of_line(std::string_view line);

  std::string line_;  ///< a line that came in pieces
  mail::Reply reply_;
  std::string error_;
  size_t lines_ = 0;
  size_t octets_ = 0;
  bool in_reply_ = false;
  bool last_ = false;
  bool failed_ = false;
};

/// Takes "5.1.1 " off the front of `text` when it is an enhanced status, and returns it. One whose class
/// contradicts `code` is brought into line: the reply's first digit decides (RFC 2034 4).
[[nodiscard]] mail::EnhancedStatus take_enhanced_status(uint16_t code, std::string_view& text);

}  // namespace waybill::smtp
