#include "check/tags.h"

#include <algorithm>

#include "base/bytes.h"

namespace waybill::check {

std::optional<std::string_view> tag_value(std::string_view record, std::string_view tag) {
  while (!record.empty()) {
    const size_t end = std::min(record.find(';'), record.size());
    const std::string_view part = record.substr(0, end);
    record.remove_prefix(std::min(end + 1, record.size()));
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || !iequals(trim(part.substr(0, equals)), tag)) continue;
    return trim(part.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace waybill::check
