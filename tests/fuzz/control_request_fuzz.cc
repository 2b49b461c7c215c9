// Any octets as the body or the target of a request to the control socket: they decode, or fail with a
// reason; what decodes encodes to the same value again.
#include <cstdlib>

#include "control/codec.h"
#include "control/query.h"
#include "control/selector.h"

namespace {
using namespace waybill::control;

template <class T>
void decode_and_back(std::string_view text) {
  const auto value = decode<T>(text);
  if (!value) return;
  const std::string again = encode(*value);
  const auto twice = decode<T>(again);
  if (!twice || !(*twice == *value)) std::abort();
}

void as_target(std::string_view text) {
  const auto target = parse_target(text);
  if (!target) return;
  if (parse_target(make_target("/", target->query))->query != target->query) std::abort();
  SelectorText fields;
  for (const auto& [name, value] : target->query) {
    [[maybe_unused]] const waybill::Status status = fields.set(name, value);
  }
  const auto selector = parse_selector(fields);
  if (selector && parse_selector(to_text(*selector)) != *selector) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  decode_and_back<ActRequest>(text);
  decode_and_back<SendRequest>(text);
  decode_and_back<DnsFlushRequest>(text);
  decode_and_back<QueueListAnswer>(text);
  decode_and_back<TraceAnswer>(text);
  decode_and_back<StatusAnswer>(text);
  [[maybe_unused]] const auto error = decode_error(text);
  as_target(text);
  return 0;
}
