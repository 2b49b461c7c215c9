#include "smtp/auth.h"

#include <cstdint>

namespace waybill::smtp {

std::string base64(std::string_view octets) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  for (size_t at = 0; at < octets.size(); at += 3) {
    const size_t have = octets.size() - at < 3 ? octets.size() - at : 3;
    uint32_t bits = 0;
    for (size_t n = 0; n < 3; ++n)
      bits = bits << 8 | (n < have ? static_cast<unsigned char>(octets[at + n]) : 0U);
    for (size_t n = 0; n < 4; ++n) out += n <= have ? kDigits[bits >> (18 - 6 * n) & 63U] : '=';
  }
  return out;
}

std::string plain_response(std::string_view user, std::string_view password) {
  std::string message(1, '\0');
  message += user;
  message += '\0';
  message += password;
  return base64(message);
}

}  // namespace waybill::smtp
