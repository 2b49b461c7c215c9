// status.cc: `waybill status`: what the daemon is doing at this moment.
#include <memory>

#include "cli/daemon_call.h"
#include "cli/output.h"
#include "control/codec.h"

namespace waybill::cli {
namespace {
std::string state_text(const control::DestinationStatus& d) {
  if (d.rate_per_minute == 0) return d.state;
  return fmt::format("{} {:.4g}/s", d.state, static_cast<double>(d.rate_per_minute) / 60);
}

std::string destinations(const control::StatusAnswer& s, bool colour) {
  if (s.destinations.empty()) return {};
  Table table({{"DESTINATION", Align::left, 44},
               {"STATE"},
               {"QUEUED", Align::right},
               {"CONNECTIONS", Align::right},
               {"NEXT PROBE"},
               {"LAST REPLY", Align::left, 60}});
  for (const control::DestinationStatus& d : s.destinations) {
    const Colour state = d.state == "up" ? Colour::green : d.state == "down" ? Colour::red : Colour::yellow;
    table.add({{d.name},
               {state_text(d), state},
               {fmt::format("{}", d.queued)},
               {fmt::format("{} of {}", d.connections, d.concurrency)},
               {d.next_probe ? relative_time(*d.next_probe, s.now) : "-"},
               {d.last_reply, Colour::grey}});
  }
  return "\n" + table.to_string(colour);
}

std::string backups(const control::StatusAnswer& s, bool colour) {
  if (s.backups.empty()) return {};
  Table table({{"BACKUP FOR", Align::left, 44},
               {"PLACE"},
               {"RECIPIENTS"},
               {"KNOWN", Align::right},
               {"REFUSED", Align::right}});
  for (const control::BackupStatus& b : s.backups) {
    const Colour place = b.place == "good"        ? Colour::green
                         : b.place == "misplaced" ? Colour::red
                                                  : Colour::yellow;
    const std::string how = b.recipients == "callout" ? "callout, unknown: " + b.unknown : b.recipients;
    table.add(
        {{b.domain}, {b.place, place}, {how}, {fmt::format("{}", b.known)}, {fmt::format("{}", b.refused)}});
  }
  return "\n" + table.to_string(colour);
}

std::string amount(const std::string& unit, uint64_t value) {
  if (unit == "octets") return human_size(value);
  if (unit == "ms") return format_duration(Millis{static_cast<Millis::rep>(value)});
  return fmt::format("{}", value);
}

Colour colour_of(const std::string& shed) {
  return shed == "nobody" ? Colour::green : shed == "everyone" ? Colour::red : Colour::yellow;
}

std::string overload(const control::StatusAnswer& s, bool colour) {
  if (s.overload.pressures.empty()) return {};
  Table table({{"PRESSURE"},
               {"NOW", Align::right},
               {"LIMIT", Align::right},
               {"OF LIMIT", Align::right},
               {"SHED NOW"},
               {"SINCE"},
               {"TOLD", Align::right}});
  for (const control::PressureStatus& p : s.overload.pressures) {
    table.add({{p.name},
               {p.value ? amount(p.unit, *p.value) : "?"},
               {p.limit ? (p.name == "disk" ? "reserve " : "") + amount(p.unit, *p.limit) : "off"},
               {p.value && p.limit ? fmt::format("{} %", p.percent) : "-"},
               {p.limit ? p.shed : "-", colour_of(p.shed)},
               {relative_time(p.since, s.now)},
               {fmt::format("{}", p.told)}});
  }
  return "\n" + table.to_string(colour);
}

std::string overload_line(const control::OverloadStatus& o, Time now, bool colour) {
  const std::string who = o.shed == "nobody"      ? "nobody is told to come back"
                          : o.shed == "strangers" ? "strangers are told to come back"
                                                  : "everyone is told to come back";
  return fmt::format(
      "{} since {}; from {} % of a limit strangers, from {} % everyone, until below {} %; {} "
      "connections and {} commands were told, {} idle sessions ended",
      coloured(colour_of(o.shed), who, colour), relative_time(o.since, now), o.strangers_percent,
      o.everyone_percent, o.recover_percent, o.connections_told, o.commands_told, o.sessions_ended);
}

std::string describe(const control::StatusAnswer& s, bool colour) {
  std::string out = fmt::format(
      "waybill {} on {}, {}, pid {}, up {}\n", terminal_safe(s.version), terminal_safe(s.hostname),
      coloured(s.phase == "running" ? Colour::green : Colour::yellow, terminal_safe(s.phase), colour), s.pid,
      format_duration(std::max(s.now - s.started, Millis{0})));
  const auto line = [&out](std::string_view name, const std::string& value) {
    out += fmt::format("  {:<12}{}\n", name, value);
  };
  line("config", terminal_safe(s.config_file) +
                     (s.config_loaded ? ", loaded " + relative_time(*s.config_loaded, s.now) : ""));
  for (const control::ListenerStatus& l : s.listeners) {
    line("listener",
         fmt::format("{} ({}), {} sessions", terminal_safe(l.address), terminal_safe(l.role), l.sessions));
  }
  line("queue", fmt::format("{} messages, {} recipients waiting, {} held", s.messages, s.recipients_queued,
                            s.recipients_held));
  if (s.oldest_arrival) line("oldest", relative_time(*s.oldest_arrival, s.now));
  if (s.next_due) line("next due", *s.next_due <= s.now ? "now" : relative_time(*s.next_due, s.now));
  line("under way", fmt::format("{} sessions in, {} deliveries out", s.sessions, s.deliveries));
  line("since start", fmt::format("{} accepted, {} delivered, {} deferred, {} bounced, {} expired{}",
                                  s.accepted, s.delivered, s.deferred, s.bounced, s.expired,
                                  s.discarded == 0 ? "" : fmt::format(", {} discarded", s.discarded)));
  if (s.refused_unreported > 0)
    line("no report",
         fmt::format("{} recipients of strangers' mail that a primary refused", s.refused_unreported));
  for (const control::ClientTestCount& c : s.clients) {
    if (c.failed == 0) continue;
    line("clients", fmt::format("{} messages failed {}, {} turned away", c.failed, terminal_safe(c.test),
                                c.turned_away));
  }
  line("spool", fmt::format("{}, {} transactions in {} commits", human_size(s.spool_octets), s.transactions,
                            s.commits));
  line("DNS cache", fmt::format("{} entries", s.dns_cache_entries));
  line("overload", overload_line(s.overload, s.now, colour));
  for (const std::string& warning : s.warnings)
    out += fmt::format("  {} {}\n", coloured(Colour::yellow, "look at:", colour), terminal_safe(warning));
  return out + overload(s, colour) + backups(s, colour) + destinations(s, colour);
}

int status(const AskOptions& options, const control::Client& client, bool colour) {
  const auto answer = client.status();
  if (!answer) return report(answer.error());
  fmt::print("{}", options.json ? control::encode(*answer) + "\n" : describe(*answer, colour));
  return exit_ok;
}
}  // namespace

void add_status(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("status", "What the running router does at this moment");
  make_ask(*verb, std::make_shared<AskOptions>(), context, status);
}

}  // namespace waybill::cli
