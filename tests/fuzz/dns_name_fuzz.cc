// Names from text and from the wire: any octets; what is understood survives both forms.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dns/name.h"

using waybill::dns::Name;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (const auto& name : {Name::parse(octets), Name::from_wire(octets)}) {
    if (!name) continue;
    if (name->wire().size() > 255) std::abort();
    if (Name::parse(name->to_string()) != *name || Name::from_wire(name->wire()) != *name) std::abort();
    for (Name up = *name; !up.is_root(); up = up.parent()) {
      if (!name->is_within(up)) std::abort();
    }
  }
  return 0;
}
