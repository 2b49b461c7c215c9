// catalogue.h: all checks there are, by family, in the order in which they are reported.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "check/check.h"

namespace waybill::check {

using Checks = std::span<const Check* const>;

// One a family: src/check/FAMILY/list.cc.
[[nodiscard]] Checks mx_checks();
[[nodiscard]] Checks address_checks();
[[nodiscard]] Checks spf_checks();
[[nodiscard]] Checks dkim_checks();
[[nodiscard]] Checks dmarc_checks();
[[nodiscard]] Checks transport_checks();
[[nodiscard]] Checks redundancy_checks();
[[nodiscard]] Checks domain_checks();

/// Of all families.
[[nodiscard]] const std::vector<const Check*>& catalogue();
/// nullptr if there is none of that id.
[[nodiscard]] const Check* find_check(std::string_view id);

}  // namespace waybill::check
