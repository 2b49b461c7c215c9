// judge.h: compares what happened with what was expected. Pure.
#pragma once

#include <string>
#include <vector>

#include "rehearse/journal.h"
#include "rehearse/scenario.h"

namespace waybill::rehearse {

/// One line for each expectation that was not met, "FILE:LINE: expect ...: what happened instead"; and one
/// for each recipient that the ledger cannot account for, which no scenario needs to ask for. Empty: all is
/// well.
[[nodiscard]] std::vector<std::string> judge(const Scenario& scenario, const Journal& journal);

}  // namespace waybill::rehearse
