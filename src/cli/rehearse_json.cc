// The JSON of a rehearsal: docs/rehearse.md names every field.
#include "cli/rehearse_report.h"

namespace waybill::cli {
namespace {
namespace json = boost::json;

json::value time_or_null(const std::optional<Millis>& time) {
  return time ? json::value(time->count()) : json::value(nullptr);
}

json::array numbers(const std::vector<uint64_t>& values) {
  json::array out;
  out.reserve(values.size());
  for (const uint64_t value : values) out.emplace_back(value);
  return out;
}

json::array texts(const std::vector<std::string>& values) {
  json::array out;
  for (const std::string& value : values) out.emplace_back(repaired_utf8(value));
  return out;
}

json::array reasons(const std::vector<rehearse::Summary::Reason>& all) {
  json::array out;
  for (const auto& one : all)
    out.push_back(json::object{
        {"reply", repaired_utf8(one.reply)}, {"host", repaired_utf8(one.host)}, {"count", one.count}});
  return out;
}

json::object host(const Player& player, const rehearse::Summary::Host& host) {
  json::array outages;
  for (const Outage& outage : player.outages) {
    const bool open_end = outage.window.to == Millis::max();
    outages.push_back(
        json::object{{"what", outage.what},
                     {"from_ms", outage.window.from.count()},
                     {"to_ms", open_end ? json::value(nullptr) : json::value(outage.window.to.count())}});
  }
  return {{"host", player.name},
          {"label", player.label},
          {"preference", player.preference ? json::value(*player.preference) : json::value(nullptr)},
          {"messages", host.messages},
          {"connections", host.connections},
          {"first_ms", time_or_null(host.first)},
          {"last_ms", time_or_null(host.last)},
          {"most_per_second", host.most},
          {"dane", to_string(player.dane)},
          {"outages", std::move(outages)},
          {"load", numbers(host.load)}};
}
}  // namespace

std::string rehearsal_json(const Rehearsal& rehearsal) {
  const rehearse::Summary& summary = rehearsal.summary;
  json::array hosts;
  for (size_t n = 0; n < rehearsal.players.size(); ++n)
    hosts.push_back(host(rehearsal.players[n], summary.hosts[n]));
  const Unprotected lost = unprotected(rehearsal);
  json::object line{{"title", repaired_utf8(rehearsal.title)},
                    {"domains", texts(rehearsal.domains)},
                    {"seed", rehearsal.seed},
                    {"end_ms", summary.end.count()},
                    {"took_ms", rehearsal.took.count()},
                    {"slot_ms", summary.slot.count()},
                    {"each", summary.each}};
  line["recipients"] = json::object{
      {"accepted", summary.accepted}, {"delivered", summary.delivered},   {"bounced", summary.bounced},
      {"expired", summary.expired},   {"discarded", summary.discarded},   {"waiting", summary.waiting},
      {"put_off", summary.put_off},   {"duplicates", summary.duplicates}, {"left_out", summary.left_out}};
  line["left_out_ms"] = summary.left_out_for.count();
  line["delay_ms"] = json::object{{"median", time_or_null(summary.delay_median)},
                                  {"p99", time_or_null(summary.delay_p99)},
                                  {"longest", time_or_null(summary.delay_longest)}};
  line["queue"] = json::object{{"most", summary.deepest},
                               {"most_at_ms", summary.deepest_at.count()},
                               {"empty_at_ms", time_or_null(summary.last_empty)},
                               {"depth", numbers(summary.depth)}};
  line["hosts"] = std::move(hosts);
  line["endings"] = reasons(summary.endings);
  line["put_offs"] = reasons(summary.put_offs);
  line["reports"] = json::object{{"failure", summary.reports_failure},
                                 {"delay", summary.reports_delay},
                                 {"success", summary.reports_success}};
  line["protection"] =
      json::object{{"messages_without_dane", lost.any_proven ? json::value(lost.messages) : nullptr},
                   {"messages_unknown", lost.unknown},
                   {"starttls", nullptr},
                   {"text", texts(protection_lines(rehearsal))}};
  line["custody_faults"] = texts(rehearsal.custody_faults);
  line["expectations"] = rehearsal.expectations;
  line["unmet"] = texts(rehearsal.unmet);
  line["unknown"] = texts(rehearsal.unknown);
  line["notes"] = texts(rehearsal.notes);
  return json_line(line);
}

}  // namespace waybill::cli
