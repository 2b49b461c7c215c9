// worlds.h: the DNS as it is and as a new zone would make it: one set of questions, each put to one of the
// two. Pure.
#pragma once

#include <compare>

#include "check/facts.h"

namespace waybill::check::change {

enum class Side : uint8_t { live, proposed };

struct SideQuestion {
  Side side = Side::live;
  Question question;
  auto operator<=>(const SideQuestion&) const = default;
  bool operator==(const SideQuestion&) const = default;
};
using SideFacts = waybill::Facts<SideQuestion, Answer>;
using SideAsk = waybill::Ask<SideQuestion, Answer>;

/// The facts of one side by themselves, as checks and the router's planner want them.
struct World {
  Facts facts;
  dns::Facts dns;
};
struct Worlds {
  World live;
  World proposed;
};

/// A file proves nothing; but the new zone will be signed if the live one is. So what the proposed side has
/// from a file counts as secure when the live MX answer of `domain` is.
[[nodiscard]] Worlds worlds_of(const SideFacts& facts, const dns::Name& domain);

}  // namespace waybill::check::change
