// lookups.h: who needs the lookups of an SPF record, in words.
#pragma once

#include <string>

#include "policy/spf_survey.h"

namespace waybill::check::spf {

inline constexpr int kLookupsMax = 10;  ///< RFC 7208 4.6.4
inline constexpr int kLookupsMany = 8;

/// "include:_spf.example.net 6, mx 1 and 3 more": at most five.
[[nodiscard]] std::string who_needs(const policy::SpfSurvey& survey);
[[nodiscard]] bool has_loop(const policy::SpfSurvey& survey);

}  // namespace waybill::check::spf
