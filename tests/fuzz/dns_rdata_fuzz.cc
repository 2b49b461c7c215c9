// Two octets of type, then rdata: decoding and printing survive anything; what is understood survives the
// wire.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dns/record.h"

using namespace waybill::dns;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto type = static_cast<Type>(data[0] << 8 | data[1]);
  const auto decoded = decode_rdata(type, {reinterpret_cast<const char*>(data) + 2, size - 2});
  if (!decoded) return 0;
  if (to_string(Record{Name(), type, 1, *decoded}).empty()) std::abort();
  if (decode_rdata(type, encode_rdata(type, *decoded)) != *decoded) std::abort();
  return 0;
}
