// Any octets as a message: the header view covers its text without gap or overlap, within its bounds.
#include <cstdlib>

#include "mail/header_view.h"
#include "mail/line_ends.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill::mail;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const HeaderView view(text);
  const char* at = text.data();
  for (const HeaderField& field : view.fields()) {
    if (field.raw.data() != at || field.name.empty()) std::abort();
    at += field.raw.size();
    if (field.value.data() < field.raw.data() || field.value.data() + field.value.size() > at) std::abort();
    if (field.unfolded().find_first_of("\r\n") != std::string::npos) std::abort();
    const AddressList list = parse_address_list(field.value, 100);
    if (list.addresses.size() + list.rejected.size() > 100) std::abort();
  }
  if (view.block().size() != static_cast<size_t>(at - text.data())) std::abort();
  if (view.fields().size() > kHeaderFieldsMax) std::abort();
  if (!has_clean_line_ends(to_crlf(text))) std::abort();
  return 0;
}
