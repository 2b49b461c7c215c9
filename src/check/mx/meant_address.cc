#include "check/mx/meant_address.h"

#include <string>
#include <vector>

#include "base/bytes.h"

namespace waybill::check::mx {
namespace {
/// The labels as they stand in the name, without escapes.
std::vector<std::string_view> labels_of(const dns::Name& name) {
  std::vector<std::string_view> out;
  const std::string_view wire = name.wire();
  for (size_t at = 0; at < wire.size() && wire[at] != '\0'; at += 1 + static_cast<uint8_t>(wire[at]))
    out.push_back(wire.substr(at + 1, static_cast<uint8_t>(wire[at])));
  return out;
}

Result<IpAddress> read(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (iequals(text.substr(0, 5), "ipv6:")) text.remove_prefix(5);
  return IpAddress::parse(text);
}
}  // namespace

std::optional<MeantAddress> meant_address(const dns::Name& target) {
  const auto labels = labels_of(target);
  // IPv6 is one label, IPv4 four.
  for (const size_t count : {size_t{1}, size_t{4}}) {
    if (labels.size() < count) continue;
    std::string text(labels[0]);
    for (size_t i = 1; i < count; ++i) text.append(".").append(labels[i]);
    if (const auto ip = read(text)) return MeantAddress{*ip, labels.size() > count};
  }
  return std::nullopt;
}

}  // namespace waybill::check::mx
