// The spool's decoders take whatever a damaged disk gives them. Half of the runs get a valid checksum, so
// that the parsers behind it are reached; what decodes must encode to something that decodes to the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "queue/codec.h"
#include "queue/crc32c.h"
#include "queue/keys.h"

namespace {
using namespace waybill::queue;

void require(bool good) {
  if (!good) std::abort();
}

std::string sealed(std::string value, std::string_view key) {
  if (value.size() < kValueHeaderOctets) return value;
  value[0] = kFormatVersion;
  const uint32_t crc =
      crc32c(std::string_view(value).substr(kValueHeaderOctets), crc32c(key, crc32c({&value[1], 1})));
  for (int i = 0; i < 4; ++i) value[static_cast<size_t>(2 + i)] = static_cast<char>(crc >> (8 * i));
  return value;
}

void decode_all(std::string_view key, std::string_view value) {
  if (const auto one = decode_message(key, value)) require(*decode_message(key, encode(key, *one)) == *one);
  if (const auto one = decode_recipient(key, value))
    require(*decode_recipient(key, encode(key, *one)) == *one);
  if (const auto one = decode_event(key, value)) require(*decode_event(key, encode(key, *one)) == *one);
  if (const auto one = decode_counters(key, value)) require(*decode_counters(key, encode(key, *one)) == *one);
  if (const auto one = decode_due(key, value)) require(one->size() + kValueHeaderOctets == value.size());
  if (const auto one = decode_body(key, value)) require(one->size() + kValueHeaderOctets == value.size());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  decode_all("key", input);
  decode_all("key", sealed(input, "key"));
  (void)parse_message_key(input);
  (void)parse_recipient_key(input);
  (void)parse_ledger_key(input);
  if (const auto due = parse_due_key(input)) require(due_key(due->at, due->key).view() == input);
  if (const auto due = parse_due_domain_key(input))
    require(due_domain_key(due->domain, due->at, due->key) == input);
  return 0;
}
