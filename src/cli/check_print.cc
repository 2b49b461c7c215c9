#include "cli/check_print.h"

#include <algorithm>

#include "base/bytes.h"
#include "check/catalogue.h"
#include "check/change/change.h"
#include "check/change/mail.h"
#include "check/zone/zone_check.h"

namespace waybill::cli {
namespace {
using check::Ran;
using check::State;

std::string_view word(State state) {
  switch (state) {
    case State::fine:
      return "fine";
    case State::findings:
      return "finding";
    case State::unknown:
      return "unknown";
    case State::skipped:
      return "left out";
  }
  return "unknown";
}

Colour colour_of(State state) {
  switch (state) {
    case State::fine:
      return Colour::green;
    case State::findings:
      return Colour::yellow;
    default:
      return Colour::grey;
  }
}

Colour colour_of(const Tally& tally) {
  return tally.errors > 0 ? Colour::red : tally.warnings > 0 ? Colour::yellow : Colour::green;
}

std::string every_check(const Checked& checked, Paint paint) {
  Grid grid(2);
  for (const Ran& ran : checked.ran) {
    grid.row({{std::string(word(ran.state)), colour_of(ran.state)},
              {std::string(ran.check->id)},
              {ran.why.empty() ? std::string(ran.check->title) : ran.why, Colour::grey}});
  }
  return grid.to_string(paint);
}

std::string_view needs(check::Needs needs) {
  switch (needs) {
    case check::Needs::dns:
      return "";
    case check::Needs::selector:
      return "--selector";
    case check::Needs::sender:
      return "--sends-from";
    case check::Needs::backup:
      return "--backup";
    case check::Needs::blocklist:
      return "--blocklist";
    case check::Needs::authoritative:
      return "--authoritative";
    case check::Needs::policy:
      return "";
    case check::Needs::probe:
      return "--probe";
  }
  return "";
}

/// One line of --list.
struct Listed {
  std::string_view verb;  ///< that runs it
  std::string_view id, title, ref;
  std::string_view option = {};  ///< that it needs
};

std::vector<Listed> listed() {
  std::vector<Listed> out;
  for (const check::Check* each : check::catalogue())
    out.push_back({"check", each->id, each->title, each->ref, needs(each->needs)});
  for (const check::ZoneCheck* each : check::zone_checks())
    out.push_back({"lint", each->id, each->title, each->ref});
  const check::Check& mail = check::change::change_mail;
  out.push_back({"plan", mail.id, mail.title, mail.ref});
  for (const check::change::ChangeCheck* each : check::change::change_checks())
    out.push_back({"plan", each->about.id, each->about.title, each->about.ref});
  return out;
}

std::string_view heading(std::string_view verb) {
  if (verb == "lint") return "waybill lint FILE: a zone file, with those above";
  return verb == "plan" ? "waybill plan DOMAIN --zone FILE: the way to other records"
                        : "waybill check DOMAIN";
}
}  // namespace

std::vector<check::Finding> Checked::findings() const {
  std::vector<check::Finding> out;
  for (const Ran& each : ran) out.insert(out.end(), each.findings.begin(), each.findings.end());
  return out;
}

size_t Checked::count(State state) const {
  return static_cast<size_t>(std::ranges::count(ran, state, &Ran::state));
}

std::string checked_text(const Checked& checked, const Leniency& leniency, Detail detail, Paint paint) {
  const auto findings = checked.findings();
  const Tally counts = tally(findings, leniency);
  std::string out = fmt::format("{}  {}\n", painted(checked.domain, Colour::bold, paint),
                                painted(to_string(counts), colour_of(counts), paint));
  out += findings_text(findings, leniency, paint);
  if (detail == Detail::all) out += every_check(checked, paint);
  return out + fmt::format("  {} of {} checks fine, {} with findings, {} unknown, {} left out\n",
                           checked.count(State::fine), checked.ran.size(), checked.count(State::findings),
                           checked.count(State::unknown), checked.count(State::skipped));
}

std::string checked_json(const Checked& checked, const Leniency& leniency) {
  const auto findings = checked.findings();
  std::string out;
  for (const check::Finding& finding : findings) out += finding_json(finding, leniency);
  const Tally counts = tally(findings, leniency);
  const boost::json::object summary{{"fine", checked.count(State::fine)},
                                    {"findings", checked.count(State::findings)},
                                    {"unknown", checked.count(State::unknown)},
                                    {"left_out", checked.count(State::skipped)},
                                    {"error", counts.errors},
                                    {"warning", counts.warnings},
                                    {"notice", counts.notices},
                                    {"allowed", counts.allowed}};
  return out + json_line({{"domain", checked.domain}, {"summary", summary}});
}

std::string many_table(const std::vector<Checked>& all, const Leniency& leniency, Paint paint) {
  Table table({{"domain", Align::left, 48},
               {"errors", Align::right},
               {"warnings", Align::right},
               {"notices", Align::right},
               {"unknown", Align::right},
               {"fine", Align::right}});
  const auto number = [](size_t count, Colour colour) {
    return Table::Cell(std::to_string(count), count > 0 ? colour : Colour::grey);
  };
  for (const Checked& checked : all) {
    const Tally counts = tally(checked.findings(), leniency);
    table.add({Table::Cell(checked.domain), number(counts.errors, Colour::red),
               number(counts.warnings, Colour::yellow), number(counts.notices, Colour::cyan),
               number(checked.count(State::unknown), Colour::bold),
               number(checked.count(State::fine), Colour::green)});
  }
  return table.to_string(paint == Paint::on);
}

std::string list_text(Paint paint) {
  const std::vector<Listed> all = listed();
  Grid grid(2);
  for (const Listed& each : all) {
    grid.row({{std::string(each.id), Colour::bold},
              {std::string(each.title)},
              {std::string(each.ref), Colour::grey},
              {std::string(each.option), Colour::cyan}});
  }
  const std::string rows = grid.to_string(paint);
  const std::vector<std::string_view> lines = split(rows, '\n');
  std::string out;
  for (size_t n = 0; n < all.size(); ++n) {
    if (n == 0 || all[n].verb != all[n - 1].verb)
      out += fmt::format("{}{}\n", n == 0 ? "" : "\n", heading(all[n].verb));
    out += fmt::format("{}\n", lines[n]);
  }
  return out;
}

std::string list_json() {
  std::string out;
  for (const Listed& each : listed()) {
    out += json_line({{"id", each.id},
                      {"title", each.title},
                      {"ref", each.ref},
                      {"option", each.option},
                      {"verb", each.verb}});
  }
  return out;
}

}  // namespace waybill::cli
