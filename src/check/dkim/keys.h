// keys.h: the key records of the selectors that were asked for, as the checks of DKIM share them.
#pragma once

#include <string>
#include <vector>

#include "check/check.h"
#include "policy/dkim_record.h"

namespace waybill::check::dkim {

struct Key {
  dns::Name name;
  std::string text;     ///< as published
  std::string cleaned;  ///< without pasted quotation marks
  size_t several = 1;   ///< TXT records of the name; `text` is the first
  About about;
};
/// selector._domainkey.domain; none if that is no DNS name.
[[nodiscard]] std::optional<dns::Name> key_name(const Subject& subject, const std::string& selector);
/// Those that are there. What is open is asked; what could not be had is reported; what is absent is
/// dkim.selector-missing's to tell.
[[nodiscard]] std::vector<Key> keys(const Subject& subject, Look& look, Report& report);

}  // namespace waybill::check::dkim
