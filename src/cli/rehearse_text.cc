#include "cli/rehearse_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace waybill::cli {
namespace {
constexpr size_t kReasonsShown = 8;

std::string grouped(uint64_t value) {
  std::string out = fmt::format("{}", value);
  for (size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

std::string count(uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", grouped(number), what, number == 1 ? "" : "s");
}

std::string time_text(const std::optional<Millis>& time) { return time ? format_duration(*time) : "-"; }

std::string window_text(const rehearse::Window& window) {
  if (window.from == Millis{0} && window.to == Millis::max()) return "all along";
  if (window.to == Millis::max()) return fmt::format("from {}", format_duration(window.from));
  return fmt::format("{} to {}", format_duration(window.from), format_duration(window.to));
}

std::string outages_text(const Player& player) {
  std::string out;
  for (const Outage& one : player.outages)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", one.what, window_text(one.window));
  return out;
}

std::string hosts_table(const Rehearsal& rehearsal, Paint paint) {
  const rehearse::Summary& summary = rehearsal.summary;
  uint64_t all = 0;
  for (const auto& host : summary.hosts) all += host.messages;
  Table table({{"  pref", Align::right},
               {"host"},
               {"took", Align::right},
               {"share", Align::right},
               {"most/s", Align::right},
               {"first", Align::right},
               {"last", Align::right},
               {"meanwhile"}});
  for (size_t n = 0; n < rehearsal.players.size(); ++n) {
    const Player& player = rehearsal.players[n];
    const auto& host = summary.hosts[n];
    const double share = all == 0 ? 0 : 100.0 * static_cast<double>(host.messages) / static_cast<double>(all);
    table.add({player.preference ? fmt::format("{}", *player.preference) : std::string("-"),
               {player.name.empty() ? player.label : player.name, Colour::cyan},
               grouped(host.messages),
               fmt::format("{:.1f}%", share),
               grouped(host.most),
               time_text(host.first),
               time_text(host.last),
               {outages_text(player), Colour::yellow}});
  }
  return table.to_string(paint == Paint::on);
}

std::string reason_lines(const std::vector<rehearse::Summary::Reason>& reasons, Paint paint) {
  std::string out;
  for (size_t n = 0; n < std::min(reasons.size(), kReasonsShown); ++n) {
    const auto& one = reasons[n];
    out += fmt::format("          {:>9}  {}{}\n", grouped(one.count), terminal_safe(one.reply),
                       one.host.empty() ? "" : painted(fmt::format("  ({})", one.host), Colour::grey, paint));
  }
  if (reasons.size() > kReasonsShown)
    out += fmt::format("          and {} more; --json has them\n",
                       count(reasons.size() - kReasonsShown, "reason"));
  return out;
}

std::string fates(const rehearse::Summary& summary, Paint paint) {
  std::string out =
      fmt::format("  fates   {} accepted: {} delivered, {} bounced, {} expired, {}{} still waiting\n",
                  grouped(summary.accepted), grouped(summary.delivered), grouped(summary.bounced),
                  grouped(summary.expired),
                  summary.discarded == 0 ? "" : grouped(summary.discarded) + " discarded by a route, ",
                  grouped(summary.waiting));
  if (summary.left_out > 0) {
    out += fmt::format(
        "  calm    {} of them in {} of calm: counted like the minute before, not played (--whole plays "
        "all)\n",
        grouped(summary.left_out), format_duration(summary.left_out_for));
  }
  if (summary.each > 1) {
    out +=
        fmt::format("  bundles one message was played for every {}, at rates to match (--whole plays all)\n",
                    summary.each);
  }
  out += reason_lines(summary.endings, paint);
  if (summary.put_off > 0) {
    out += fmt::format("  put off {}\n", count(summary.put_off, "attempt"));
    out += reason_lines(summary.put_offs, paint);
  }
  if (summary.reports_failure + summary.reports_delay + summary.reports_success > 0) {
    out += fmt::format("  told    senders: {} of failure, {} of delay, {} of success\n",
                       grouped(summary.reports_failure), grouped(summary.reports_delay),
                       grouped(summary.reports_success));
  }
  return out;
}

std::string custody(const Rehearsal& rehearsal, Paint paint) {
  const uint64_t twice = rehearsal.summary.duplicates;
  std::string out = "  custody ";
  out += rehearsal.custody_faults.empty() ? "every recipient is accounted for"
                                          : painted("NOT accounted for", Colour::red, paint);
  out += twice == 0 ? "; nothing was delivered twice\n"
                    : fmt::format("; {} delivered twice\n", count(twice, "copy"));
  for (const std::string& fault : rehearsal.custody_faults) out += "          " + terminal_safe(fault) + "\n";
  return out;
}

std::string queue_line(const rehearse::Summary& summary) {
  std::string out = fmt::format("  queue   at most {}", count(summary.deepest, "recipient"));
  if (summary.deepest > 0) out += fmt::format(", after {}", format_duration(summary.deepest_at));
  out += summary.last_empty ? fmt::format("; empty after {}\n", format_duration(*summary.last_empty))
                            : "; not empty at the end\n";
  return out;
}

std::string headline(const Rehearsal& rehearsal, Paint paint) {
  return fmt::format("{}  {}{}{}\n", painted(rehearsal.title, Colour::bold, paint), rehearsal.load,
                     rehearsal.load.empty() ? "" : "  ",
                     painted(fmt::format("{} played in {}, seed {}", format_duration(rehearsal.summary.end),
                                         format_duration(rehearsal.took), rehearsal.seed),
                             Colour::grey, paint));
}
}  // namespace

std::string verdict_text(const Rehearsal& rehearsal, Paint paint) {
  const size_t met = rehearsal.expectations - std::min(rehearsal.unmet.size(), rehearsal.expectations);
  const Colour colour = rehearsal.unmet.empty() ? Colour::green : Colour::red;
  std::string out = fmt::format(
      "{}  {}  {}, {} played in {}\n", painted(rehearsal.title, Colour::bold, paint),
      painted(fmt::format("{} of {} expectations met", met, rehearsal.expectations), colour, paint),
      count(rehearsal.summary.accepted, "recipient"), format_duration(rehearsal.summary.end),
      format_duration(rehearsal.took));
  for (const std::string& one : rehearsal.unmet) out += "  " + painted(one, Colour::red, paint) + "\n";
  return out;
}

std::string rehearsal_text(const Rehearsal& rehearsal, const Screen& screen) {
  const rehearse::Summary& summary = rehearsal.summary;
  const Paint paint = screen.paint;
  std::string out = rehearsal.expectations > 0 ? verdict_text(rehearsal, paint) : headline(rehearsal, paint);
  for (const std::string& one : rehearsal.unknown)
    out += painted("  unknown: " + one + "; here it fails all along", Colour::yellow, paint) + "\n";
  for (const std::string& one : rehearsal.notes)
    out += painted("  note: " + one, Colour::yellow, paint) + "\n";
  if (!rehearsal.players.empty()) out += hosts_table(rehearsal, paint);
  out +=
      fmt::format("  delay   median {}, 99 of 100 within {}, longest {}\n", time_text(summary.delay_median),
                  time_text(summary.delay_p99), time_text(summary.delay_longest));
  out += queue_line(summary) + fates(summary, paint) + custody(rehearsal, paint);
  for (const std::string& one : protection_lines(rehearsal)) out += "  " + terminal_safe(one) + "\n";
  return out + "\n" + rehearsal_plot(rehearsal, screen.columns, screen.glyphs, paint);
}

}  // namespace waybill::cli
