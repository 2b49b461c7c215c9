// human.h: the part of a report that its reader reads. Internal to bounce/.
#pragma once

#include <string>
#include <vector>

#include "bounce/report.h"
#include "bounce/text.h"

namespace waybill::bounce {

/// At most this many recipients are described; the rest stands in the status part alone.
inline constexpr size_t kDescribedMax = 100;

/// The whole text, CRLF line ends. Whatever comes from outside is indented in it: no line of it can look like
/// a MIME boundary. `note` is about what is returned with it; empty: nothing to say.
[[nodiscard]] std::string human_text(const Original& original, const std::vector<Recipient>& recipients,
                                     const Settings& settings, Charset charset, std::string_view note);

/// The Subject: the gravest action speaks.
[[nodiscard]] std::string_view subject_for(const std::vector<Recipient>& recipients);

/// What a person can do about it, by the enhanced status; one or two sentences.
[[nodiscard]] std::string_view advice_for(const Recipient& recipient);

}  // namespace waybill::bounce
