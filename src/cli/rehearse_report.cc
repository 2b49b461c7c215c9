#include "cli/rehearse_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace waybill::cli {
namespace {
using rehearse::Behaviour;
using rehearse::Dane;

std::string_view moment_word(rehearse::Moment moment) {
  static constexpr std::array<std::string_view, 7> kWords{"banner", "EHLO", "STARTTLS", "MAIL",
                                                          "RCPT",   "DATA", "dot"};
  return kWords.at(static_cast<size_t>(moment));
}

Outage outage_of(const Behaviour& one, const rehearse::Host& host) {
  using What = Behaviour::What;
  Outage out{.what = "", .window = one.window, .whole = false};
  const bool reaches_all = one.family == Behaviour::Family::both &&
                           std::ranges::all_of(host.addresses, [&one](const IpAddress& ip) {
                             return !one.network || one.network->contains(ip);
                           });
  const std::string part = reaches_all   ? ""
                           : one.network ? fmt::format(" at {}", one.network->to_string())
                           : one.family == Behaviour::Family::v4 ? " over IPv4"
                                                                 : " over IPv6";
  switch (one.what) {
    case What::down:
      out.what = "down" + part;
      out.whole = reaches_all;
      break;
    case What::silent:
      out.what = "silent" + part;
      out.whole = reaches_all;
      break;
    case What::slow:
      out.what = fmt::format("slow ({} a reply)", format_duration(one.span));
      break;
    case What::reply:
      out.what = fmt::format("{} to {}", one.reply.code, moment_word(one.moment));
      break;
    case What::drop:
      out.what = fmt::format("hangs up at {}", moment_word(one.moment));
      break;
    case What::hang:
      out.what = fmt::format("hangs at {}", moment_word(one.moment));
      break;
    case What::greylist:
      out.what = fmt::format("greylists ({})", format_duration(one.span));
      break;
    case What::recipients:
      out.what = "takes some recipients only";
      break;
    case What::rcpt_max:
      out.what = fmt::format("{} recipients at most", one.count);
      break;
    case What::connections_max:
      out.what = fmt::format("{} connections at most", one.count);
      break;
    case What::messages_max:
      out.what = fmt::format("{} messages a connection", one.count);
      break;
    case What::rate_max:
      out.what = fmt::format("{} messages a second at most", one.count);
      break;
    case What::tls_fails:
      out.what = "TLS fails";
      break;
  }
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (size_t n = 0; n < names.size(); ++n)
    out += (n == 0 ? "" : n + 1 == names.size() ? " and " : ", ") + names[n];
  return out;
}

std::vector<std::string> names_with(const Rehearsal& rehearsal, Dane dane) {
  std::vector<std::string> out;
  for (const Player& player : rehearsal.players) {
    if (player.dane == dane) out.push_back(player.name);
  }
  return out;
}
}  // namespace

std::vector<Player> players_of(const rehearse::Scenario& scenario,
                               const std::vector<rehearse::Surveyed>& surveyed) {
  std::vector<Player> out;
  for (const rehearse::Host& host : scenario.hosts) {
    if (host.of_senders) continue;
    Player player{.label = host.label, .name = host.name.is_root() ? "" : host.name.to_string()};
    for (const rehearse::Surveyed& one : surveyed) {
      for (const rehearse::Surveyed::Host& known : one.hosts) {
        if (known.name != host.name) continue;
        if (one.plan.source == route::HostSource::mx)
          player.preference = std::min(player.preference.value_or(known.preference), known.preference);
        player.dane = known.dane;
      }
    }
    for (const Behaviour& behaviour : host.behaviours) player.outages.push_back(outage_of(behaviour, host));
    out.push_back(std::move(player));
  }
  return out;
}

Unprotected unprotected(const Rehearsal& rehearsal) {
  Unprotected out;
  for (size_t n = 0; n < rehearsal.players.size(); ++n) {
    const Dane dane = rehearsal.players[n].dane;
    const uint64_t messages = rehearsal.summary.hosts[n].messages;
    if (dane == Dane::proven) out.any_proven = true;
    if (dane == Dane::none || dane == Dane::insecure) out.messages += messages;
    if (dane == Dane::unknown) out.unknown += messages;
  }
  return out;
}

std::vector<std::string> protection_lines(const Rehearsal& rehearsal) {
  std::vector<std::string> out;
  const auto is_asked = [](const Player& player) { return player.dane != Dane::not_asked; };
  if (std::ranges::none_of(rehearsal.players, is_asked)) return out;
  const auto proven = names_with(rehearsal, Dane::proven);
  auto without = names_with(rehearsal, Dane::none);
  const auto insecure = names_with(rehearsal, Dane::insecure);
  const auto unknown = names_with(rehearsal, Dane::unknown);
  const Unprotected lost = unprotected(rehearsal);
  if (proven.empty() && unknown.empty()) {
    out.push_back("DANE: no host has TLSA records that DNSSEC proves, so there was none to lose");
  } else if (!proven.empty() && without.empty() && insecure.empty() && unknown.empty()) {
    out.push_back("DANE: every host has TLSA records that DNSSEC proves: nothing was lost");
  } else if (!proven.empty()) {
    without.insert(without.end(), insecure.begin(), insecure.end());
    if (!without.empty())
      out.push_back(fmt::format(
          "DANE: {} messages went to {}, whose TLS no sender can prove, though {} {} TLSA records",
          lost.messages, joined(without), joined(proven), proven.size() == 1 ? "has" : "have"));
  }
  if (!insecure.empty())
    out.push_back(fmt::format(
        "DANE: the TLSA records of {} count for nothing: DNSSEC does not prove them, or the MX or "
        "addresses beside them",
        joined(insecure)));
  if (!unknown.empty())
    out.push_back(fmt::format("DANE: unknown for {}, which took {} messages: the DNS could not say",
                              joined(unknown), lost.unknown));
  out.push_back("STARTTLS and certificates: not known; the DNS does not say what a host offers");
  return out;
}

std::vector<Millis> time_ticks(Millis length) {
  static constexpr std::array<int64_t, 17> kSteps_s{
      1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43'200, 86'400, 172'800, 604'800};
  int64_t step_ms = kSteps_s.back() * 1000;
  for (const int64_t step_s : kSteps_s) {
    if (length.count() / (step_s * 1000) <= 7) {
      step_ms = step_s * 1000;
      break;
    }
  }
  std::vector<Millis> out;
  for (int64_t at = 0; at <= length.count(); at += step_ms) out.emplace_back(at);
  return out;
}

std::string short_number(double value) {
  if (value >= 999'500) return fmt::format("{:.3g}M", value / 1e6);
  if (value >= 1000) return fmt::format("{:.3g}k", value / 1e3);
  if (value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.2g}", value);
}

}  // namespace waybill::cli
