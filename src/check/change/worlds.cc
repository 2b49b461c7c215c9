#include "check/change/worlds.h"

#include <utility>

namespace waybill::check::change {

Worlds worlds_of(const SideFacts& facts, const dns::Name& domain) {
  Worlds out;
  const Answer* mx = facts.find({Side::live, dns::Question{domain, dns::Type::mx}});
  const bool is_signed = mx != nullptr && std::get<dns::Answer>(*mx).secure;
  for (const auto& [asked, said] : facts) {
    World& world = asked.side == Side::live ? out.live : out.proposed;
    Answer answer = said;
    if (auto* of_dns = std::get_if<dns::Answer>(&answer)) {
      if (asked.side == Side::proposed && of_dns->source == dns::Source::overlay) of_dns->secure = is_signed;
      world.dns.put(std::get<dns::Question>(asked.question), *of_dns);
    }
    world.facts.put(asked.question, std::move(answer));
  }
  return out;
}

}  // namespace waybill::check::change
