// tag_list.h: "a=1; b=2", the shape that DKIM key records (RFC 6376 3.2) and DMARC records (RFC 9989 4.7)
// share: every tag with its place, and what does not fit the shape. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/spf_macro.h"

namespace waybill::policy {

struct Tag {
  std::string name;   ///< as it stands: names differ by case
  std::string value;  ///< without the blanks around it
  Span place;         ///< name to value
};

struct TagFault {
  Span place;
  std::string what;  ///< one clause without a final dot
};

struct TagList {
  std::vector<Tag> tags;                                       ///< at most 100
  std::vector<TagFault> faults;                                ///< the first 20
  [[nodiscard]] const Tag* find(std::string_view name) const;  ///< the first of that name
};
[[nodiscard]] TagList parse_tags(std::string_view text);

}  // namespace waybill::policy
