// steps.h: the safe order of a change: what to publish when, so that no sender meets a state that loses,
// refuses or weakens mail. The times come from the TTLs seen: what a cache may hold from now on, and until
// when. Pure.
#pragma once

#include <string>
#include <vector>

#include "check/change/view.h"

namespace waybill::check::change {

struct Publish {
  enum class Do : uint8_t { add, remove };
  Do what = Do::add;
  std::string record;  ///< as a zone file has it
  bool operator==(const Publish&) const = default;
};

struct PlanStep {
  std::string id;  ///< "ttl-lower": stable, for programs; docs/plan.md lists them
  Time earliest;
  std::string what;
  std::vector<Publish> publish;
  std::string why;
};

struct Steps {
  std::vector<PlanStep> steps;  ///< by time
  Time safe_from;               ///< the earliest safe cut-over
  Time cut_over;                ///< when the steps make it: as asked for if that is safe, else safe_from
};

/// TTL that changing sets are lowered to before the cut-over.
inline constexpr uint32_t kLowTtl_s = 300;

/// REQUIRES: the MX sets are known. A set that is unknown has no step.
[[nodiscard]] Steps order_steps(const Move& move, const View& view);

/// The proposed SPF with what the live one allows besides put before its end, for the time in which both
/// senders send.
[[nodiscard]] std::string merged_spf(const std::string& live, const std::string& proposed);

}  // namespace waybill::check::change
