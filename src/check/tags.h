// tags.h: the value of one tag in a record such as "v=DMARC1; p=none; sp=reject": DMARC's, MTA-STS's,
// TLSRPT's and DKIM's. Only finds; whether the record as a whole is right is for the checks of its family.
#pragma once

#include <optional>
#include <string_view>

namespace waybill::check {

/// Of the first tag of this name, blanks around it taken off; names are compared without case.
[[nodiscard]] std::optional<std::string_view> tag_value(std::string_view record, std::string_view tag);

}  // namespace waybill::check
