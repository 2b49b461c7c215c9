// Whole messages: any octets; what is understood can be printed, encoded, and understood again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dns/message.h"

using namespace waybill::dns;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto message = parse_message({reinterpret_cast<const char*>(data), size});
  if (!message) return 0;
  for (const Record& record : message->answers) {
    if (to_string(record).empty()) std::abort();
  }
  (void)negative_ttl_s(*message);
  const auto again = parse_message(encode_message(*message));
  if (!again) std::abort();
  const std::string small = encode_message(*message, 512);
  if (!parse_message(small)) std::abort();
  return 0;
}
