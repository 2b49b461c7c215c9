#include "check/spf/lookups.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace waybill::check::spf {

std::string who_needs(const policy::SpfSurvey& survey) {
  constexpr size_t kShown = 5;
  std::string out;
  int rest = 0;
  for (size_t i = 0; i < survey.costs.size(); ++i) {
    const auto& cost = survey.costs[i];
    if (i >= kShown) {
      rest += cost.lookups;
    } else {
      out += fmt::format("{}'{}' {}", i == 0 ? "" : ", ", printable(cost.term, 80), cost.lookups);
    }
  }
  return rest == 0 ? out : fmt::format("{}, the others {}", out, rest);
}

bool has_loop(const policy::SpfSurvey& survey) {
  return std::ranges::any_of(survey.nodes,
                             [](const auto& node) { return node.state == policy::SpfSurvey::State::loop; });
}

}  // namespace waybill::check::spf
