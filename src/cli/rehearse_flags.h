// rehearse_flags.h: the words of `waybill rehearse`'s flags as parts of a scenario: "mx1@10m..2h", "50/s",
// "4k". Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rehearse/from_dns.h"
#include "rehearse/scenario.h"

namespace waybill::cli {

/// "50/s", "3000/m", "100/h", "1000000/d": time between two messages. Errors: no such text; a rate under one
/// a day or over a million a second.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_rate(std::string_view text);
/// "4k", "1m", "700": octets, at most 64m. Errors: anything else.
[[nodiscard]] Result<uint64_t> parse_message_size(std::string_view text);

/// What a host does for a while, as the command line says it.
struct Trouble {
  rehearse::Behaviour::What what = rehearse::Behaviour::What::down;
  std::string target;  ///< a host's name, its label, an address or a network
  std::string words;   ///< of --does: a line of docs/scenarios.md; else empty
  Millis span{0};      ///< of slow
  rehearse::Window window;
};
/// "mx1", "mx1@10m..2h", "192.0.2.0/24@..1h". Errors: no target, or a window that is none.
[[nodiscard]] Result<Trouble> parse_trouble(std::string_view option, rehearse::Behaviour::What what,
                                            std::string_view text);
/// "mx1=3s@10m..2h".
[[nodiscard]] Result<Trouble> parse_slow(std::string_view text);
/// "mx1=greylist 5m": any line that a host of a scenario may have.
[[nodiscard]] Result<Trouble> parse_does(std::string_view text);

/// Lets the hosts that it names do so. `surveyed`: for hosts whose addresses all stand behind another host.
/// Errors: it names no host of this world, with those that there are.
[[nodiscard]] Status apply_trouble(const Trouble& trouble, const std::vector<rehearse::Surveyed>& surveyed,
                                   rehearse::Scenario& scenario);

}  // namespace waybill::cli
