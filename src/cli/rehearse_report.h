// rehearse_report.h: one rehearsal as it is shown: what was asked, who took part, what came of it. Plain
// values, from which the text (rehearse_text.h), the JSON (rehearse_json.cc) and the picture (rehearse_svg.h)
// are made, all pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/print.h"
#include "rehearse/from_dns.h"
#include "rehearse/summary.h"

namespace waybill::cli {

struct Outage {
  std::string what;  ///< "down", "silent", "slow (3s)", "greylists"
  rehearse::Window window;
  bool whole = true;  ///< the host takes nothing meanwhile
};

struct Player {
  std::string label;
  std::string name;                    ///< in the DNS; empty: an address alone
  std::optional<uint16_t> preference;  ///< none: of a scenario file, or not by MX
  rehearse::Dane dane = rehearse::Dane::not_asked;
  std::vector<Outage> outages;
};

struct Rehearsal {
  std::string title;                 ///< "example.org", or the scenario's file
  std::vector<std::string> domains;  ///< empty: a scenario file
  std::string load;                  ///< "50/s for 6h, 4.0 KiB each"; empty: a scenario file
  uint64_t seed = 1;
  std::vector<Player> players;  ///< in the order of summary.hosts
  rehearse::Summary summary;
  std::vector<std::string> custody_faults;
  std::vector<std::string> notes;    ///< "the DNS could not say …"
  std::vector<std::string> unknown;  ///< what the DNS could not say; exit 3 then
  size_t expectations = 0;
  std::vector<std::string> unmet;  ///< of the expectations, one line each
  Millis took{0};                  ///< by the clock on the wall
};

/// The hosts of a scenario as players, without those of senders. `surveyed`: preferences and DANE.
[[nodiscard]] std::vector<Player> players_of(const rehearse::Scenario& scenario,
                                             const std::vector<rehearse::Surveyed>& surveyed);

/// What was lost of the protection by DANE while other hosts than usual took the mail, in sentences: what is
/// known, and what is not.
[[nodiscard]] std::vector<std::string> protection_lines(const Rehearsal& rehearsal);
/// Messages that went to hosts without provable TLSA records, though another host of the run has them.
struct Unprotected {
  uint64_t messages = 0;
  uint64_t unknown = 0;  ///< to hosts of which the DNS could not say
  bool any_proven = false;
};
[[nodiscard]] Unprotected unprotected(const Rehearsal& rehearsal);

/// Ticks for a time axis of this length: four to eight, whole minutes, hours or days.
[[nodiscard]] std::vector<Millis> time_ticks(Millis length);
/// "1.2M", "330k", "12": short.
[[nodiscard]] std::string short_number(double value);

/// One line of the contract (docs/rehearse.md).
[[nodiscard]] std::string rehearsal_json(const Rehearsal& rehearsal);

}  // namespace waybill::cli
