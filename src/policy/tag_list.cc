#include "policy/tag_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr size_t kTagsMax = 100, kFaultsMax = 20;

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// RFC 6376 3.2: a letter, then letters, digits and "_".
bool is_tag_name(std::string_view name) {
  const auto fits = [](char c) { return is_alpha(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && is_alpha(name.front()) && std::ranges::all_of(name, fits);
}

void read_tag(std::string_view part, size_t at, TagList& out) {
  const std::string_view spec = trim(part);
  if (spec.empty()) return;  // behind the last ";"
  const Span place{at + static_cast<size_t>(spec.data() - part.data()), spec.size()};
  const auto fault = [&](std::string what) {
    if (out.faults.size() < kFaultsMax) out.faults.push_back({place, std::move(what)});
  };
  const size_t equals = spec.find('=');
  if (equals == std::string_view::npos) return fault(fmt::format("'{}' has no '='", printable(spec, 60)));
  const std::string_view name = trim(spec.substr(0, equals));
  if (!is_tag_name(name)) return fault(fmt::format("'{}' is no tag name", printable(name, 60)));
  if (out.find(name) != nullptr) fault(fmt::format("the tag '{}' stands here a second time", name));
  if (out.tags.size() < kTagsMax)
    out.tags.push_back({std::string(name), std::string(trim(spec.substr(equals + 1))), place});
}
}  // namespace

const Tag* TagList::find(std::string_view name) const {
  const auto at = std::ranges::find(tags, name, &Tag::name);
  return at == tags.end() ? nullptr : &*at;
}

TagList parse_tags(std::string_view text) {
  TagList out;
  size_t at = 0;
  while (at <= text.size()) {
    const size_t end = std::min(text.find(';', at), text.size());
    read_tag(text.substr(at, end - at), at, out);
    at = end + 1;
  }
  return out;
}

}  // namespace waybill::policy
