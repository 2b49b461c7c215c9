// read.h: the text form of a scenario (docs/scenarios.md) → values. Hostile text is an error with file and
// line, never more; unknown words are errors. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "rehearse/scenario.h"

namespace waybill::rehearse {

class Words;

/// `file` is for messages. Errors: invalid, "FILE:LINE: what".
[[nodiscard]] Result<Scenario> read_scenario(std::string_view text, const std::string& file);

// Inner parts, one a kind of line; the first word is taken already.
[[nodiscard]] Status read_host(Words& words, Scenario& scenario);
[[nodiscard]] Status read_behaviour(Words& words, Host& host);
[[nodiscard]] Status read_dns(Words& words, Scenario& scenario);
[[nodiscard]] Status read_expectation(Words& words, std::string_view text, Scenario& scenario);

}  // namespace waybill::rehearse
