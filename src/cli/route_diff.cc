#include "cli/route_diff.h"

#include <algorithm>
#include <cmath>

namespace waybill::cli {
namespace {
bool same_place(const route::Attempt& a, const route::Attempt& b) {
  return a.ip == b.ip && a.port == b.port && a.host == b.host && a.preference == b.preference;
}

std::string place_text(size_t place, const route::Attempt& attempt) {
  std::string out = fmt::format("{}.", place);
  if (attempt.first_share > 0) out += fmt::format(" ({:.0f}% first)", attempt.first_share * 100);
  return out;
}

boost::json::value place_json(size_t place, const route::Attempt* attempt) {
  if (attempt == nullptr) return nullptr;
  return boost::json::object{{"place", place}, {"first_share", attempt->first_share}};
}

std::string verdict(const route::Plan& plan) {
  std::string out(to_string(plan.decision));
  if (plan.enhanced.present()) out += " " + plan.enhanced.to_string();
  return out;
}
}  // namespace

bool AttemptChange::changed() const {
  if (before == nullptr || after == nullptr) return true;
  if (std::abs(before->first_share - after->first_share) > 1e-9) return true;
  // Within one preference the order is dealt anew for each message: a place that moves there means nothing.
  return false;
}

bool PlanDiff::decision_changed() const {
  return before->decision != after->decision || before->enhanced != after->enhanced;
}

PlanDiff diff_plans(const route::Plan& before, const route::Plan& after) {
  PlanDiff out{.before = &before, .after = &after, .attempts = {}};
  const auto place_in = [](const route::Plan& plan, const route::Attempt& attempt) -> size_t {
    for (size_t i = 0; i < plan.attempts.size(); ++i) {
      if (same_place(plan.attempts[i], attempt)) return i + 1;
    }
    return 0;
  };
  for (size_t i = 0; i < after.attempts.size(); ++i) {
    const route::Attempt& attempt = after.attempts[i];
    const size_t old = place_in(before, attempt);
    const AttemptChange change{.before = old == 0 ? nullptr : &before.attempts[old - 1],
                               .after = &attempt,
                               .place_before = old,
                               .place_after = i + 1};
    if (change.changed()) out.attempts.push_back(change);
  }
  for (size_t i = 0; i < before.attempts.size(); ++i) {
    if (place_in(after, before.attempts[i]) == 0)
      out.attempts.push_back({.before = &before.attempts[i], .after = nullptr, .place_before = i + 1});
  }
  return out;
}

std::string diff_text(std::string_view recipient, const PlanDiff& diff, Paint paint) {
  std::string out = painted(recipient, Colour::bold, paint);
  if (!diff.any()) return out + "  nothing changes\n";
  out += diff.decision_changed()
             ? fmt::format("  {} -> {}\n", painted(verdict(*diff.before), Colour::grey, paint),
                           painted(verdict(*diff.after), Colour::bold, paint))
             : fmt::format("  {} as before\n", verdict(*diff.after));
  if (diff.decision_changed()) {
    out += fmt::format("  before: {}\n  now:    {}\n", terminal_safe(diff.before->reason),
                       terminal_safe(diff.after->reason));
  }
  Grid grid(2);
  for (const AttemptChange& change : diff.attempts) {
    const route::Attempt& attempt = change.after != nullptr ? *change.after : *change.before;
    const Colour colour = change.before == nullptr  ? Colour::green
                          : change.after == nullptr ? Colour::red
                                                    : Colour::yellow;
    const std::string_view sign = change.before == nullptr ? "+" : change.after == nullptr ? "-" : "~";
    std::string how = change.before == nullptr ? place_text(change.place_after, *change.after)
                      : change.after == nullptr
                          ? "was " + place_text(change.place_before, *change.before)
                          : fmt::format("{} was {}", place_text(change.place_after, *change.after),
                                        place_text(change.place_before, *change.before));
    grid.row({{std::string(sign), colour},
              {fmt::format("preference {}", attempt.preference)},
              {attempt.host, Colour::cyan},
              {attempt.ip.to_string()},
              {fmt::format("port {}", attempt.port)},
              {std::move(how)}});
  }
  return out + grid.to_string(paint);
}

std::string diff_json(std::string_view recipient, const PlanDiff& diff) {
  boost::json::array attempts;
  for (const AttemptChange& change : diff.attempts) {
    const route::Attempt& attempt = change.after != nullptr ? *change.after : *change.before;
    attempts.push_back(boost::json::object{{"host", attempt.host},
                                           {"ip", attempt.ip.to_string()},
                                           {"port", attempt.port},
                                           {"preference", attempt.preference},
                                           {"before", place_json(change.place_before, change.before)},
                                           {"after", place_json(change.place_after, change.after)}});
  }
  const boost::json::object decision{{"before", to_string(diff.before->decision)},
                                     {"after", to_string(diff.after->decision)}};
  const boost::json::object reason{{"before", repaired_utf8(diff.before->reason)},
                                   {"after", repaired_utf8(diff.after->reason)}};
  return json_line({{"recipient", repaired_utf8(recipient)},
                    {"changed", diff.any()},
                    {"decision", decision},
                    {"reason", reason},
                    {"attempts", std::move(attempts)}});
}

}  // namespace waybill::cli
