// header_watch.h: watches a message's header go by, in pieces of any size: counts Received fields, fields and
// octets (RFC 5321 6.3: loops; header bombs). Keeps no header text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace waybill::receive {

class HeaderWatch {
 public:
  /// The next octets of the message, with CRLF line ends.
  void scan(std::string_view octets);
  /// True once the empty line after the header was seen, or a line that is no field and continues none: what
  /// follows is text, as every other reader will take it. scan() then does nothing.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] uint32_t received_fields() const { return received_fields_; }
  [[nodiscard]] size_t octets() const { return octets_; }

 private:
  void match(char c);

  bool ended_ = false;
  uint8_t column_ = 0;  ///< how far into the line we match; kOff: no match any more
  bool field_ = false;  ///< this line has a colon, or continues a field
  uint32_t received_fields_ = 0;
  size_t octets_ = 0;
};

}  // namespace waybill::receive
