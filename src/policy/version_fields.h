// version_fields.h: the shape that MTA-STS and TLSRPT records share: `v=NAME; field=value; …` (RFC 8461 3.1,
// RFC 8460 3). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill::policy {

struct VersionField {
  std::string_view name;
  std::string_view value;
};

/// True for what senders take for a record of that version: it begins with `version` to the letter, and ends
/// there or goes on with `;` or a blank.
[[nodiscard]] bool has_version(std::string_view text, std::string_view version);
/// True for what only looks like one: another case, a blank before it.
[[nodiscard]] bool resembles_version(std::string_view text, std::string_view version);
/// The fields behind the version, in order, viewing `text`. A final `;` is allowed.
/// Errors: an empty field, one without `=`, a bad name, an empty value.
[[nodiscard]] Result<std::vector<VersionField>> version_fields(std::string_view text,
                                                               std::string_view version);

/// Of the texts at one name, the records of one version. Where not exactly one is left, `why` says so for a person.
struct OneOf {
  const std::string* only = nullptr;  ///< the one record
  size_t count = 0;                   ///< of records that begin with the version
  std::string why;                    ///< several; or none, but one that only resembles it
};
[[nodiscard]] OneOf one_record(const std::vector<std::string>& texts, std::string_view version);

}  // namespace waybill::policy
