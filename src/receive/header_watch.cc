#include "receive/header_watch.h"

namespace waybill::receive {
namespace {
constexpr std::string_view kReceived = "received:";
constexpr uint8_t kOff = 0xff;    // this line is neither empty nor Received so far
constexpr uint8_t kBlank = 0xfe;  // this line is a CR so far
}  // namespace

void HeaderWatch::match(char c) {
  if (c == '\n') {
    // RFC 5322 2.1: the first empty line ends the header.
    if (column_ == kBlank || !field_) ended_ = true;
    column_ = 0;
    field_ = false;
    return;
  }
  if (c == ':' || (column_ == 0 && (c == ' ' || c == '\t'))) field_ = true;
  if (column_ == 0 && c == '\r') {
    column_ = kBlank;
    return;
  }
  const char folded = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (column_ >= kReceived.size() || folded != kReceived[column_]) {
    column_ = kOff;
  } else if (++column_ == kReceived.size()) {
    ++received_fields_;
    column_ = kOff;
  }
}

void HeaderWatch::scan(std::string_view octets) {
  size_t pos = 0;
  while (pos < octets.size() && !ended_) {
    if (column_ == kOff) {
      const size_t newline = octets.find('\n', pos);
      if (!field_) field_ = octets.substr(pos, newline - pos).find(':') != std::string_view::npos;
      if (newline == std::string_view::npos) {
        pos = octets.size();
        break;
      }
      pos = newline;
    }
    match(octets[pos++]);
  }
  octets_ += pos;
}

}  // namespace waybill::receive
