#include "cli/plan_print.h"

#include <algorithm>

#include "cli/verbs.h"
#include "cli/when.h"

namespace waybill::cli {
namespace {
using check::change::Change;
using check::change::Decision;
using check::change::PlanStep;
using check::change::Publish;
namespace json = boost::json;

Colour colour_of(Decision decision) {
  switch (decision) {
    case Decision::nothing:
      return Colour::green;
    case Decision::pending:
      return Colour::yellow;
    case Decision::unsafe:
      return Colour::red;
    case Decision::unknown:
      return Colour::grey;
  }
  return Colour::none;
}

std::string_view headline(Decision decision) {
  switch (decision) {
    case Decision::nothing:
      return "nothing changes for mail";
    case Decision::pending:
      return "changes pending";
    case Decision::unsafe:
      return "unsafe as asked";
    case Decision::unknown:
      return "not everything could be found out";
  }
  return "";
}

/// "safe from 2026-11-22T10:00:00Z (in 1d), asked for 2026-11-21T20:00:00Z (in 30m)"
std::string times(const PlannedChange& planned) {
  const Time now = planned.move.now;
  const auto& steps = planned.plan.steps;
  if (steps.steps.empty()) return "";
  std::string out = fmt::format("a cut-over is safe from {} ({})", format_when(steps.safe_from),
                                relative_time(steps.safe_from, now));
  if (planned.move.at)
    out += fmt::format(", asked for {} ({})", format_when(*planned.move.at),
                       relative_time(*planned.move.at, now));
  return out;
}

std::string change_paragraph(const Change& change, Paint paint) {
  std::string out =
      fmt::format("  {}  {}\n", painted(fmt::format("{:<8}", to_string(change.topic)), Colour::cyan, paint),
                  painted(change.subject, Colour::bold, paint));
  out += fmt::format("      {}  {}\n", painted("now ", Colour::grey, paint), terminal_safe(change.before));
  out += fmt::format("      {}  {}\n", painted("then", Colour::grey, paint), terminal_safe(change.after));
  for (const std::string& word : change.words) out += fmt::format("            {}\n", terminal_safe(word));
  return out;
}

std::string step_paragraph(size_t number, const PlanStep& step, Time now, Paint paint) {
  std::string out =
      fmt::format("  {:>2}  {}  {}  {}\n", number, painted(format_when(step.earliest), Colour::bold, paint),
                  painted(fmt::format("{:<10}", relative_time(step.earliest, now)), Colour::grey, paint),
                  terminal_safe(step.what));
  for (const Publish& each : step.publish) {
    const bool add = each.what == Publish::Do::add;
    out += fmt::format("        {}\n", painted(fmt::format("{} {}", add ? "publish" : "remove ", each.record),
                                               add ? Colour::green : Colour::red, paint));
  }
  return out + fmt::format("        {}\n", painted(step.why, Colour::grey, paint));
}

std::string heading(std::string_view text, Paint paint) {
  return "\n" + painted(text, Colour::bold, paint) + "\n";
}

/// For a code span: nothing in it may end it.
std::string code(std::string_view text) {
  std::string out = terminal_safe(text);
  std::ranges::replace(out, '`', '\'');
  return "`" + out + "`";
}

std::string finding_item(const check::Finding& finding) {
  std::string out = fmt::format("- **{}** {} {}: {}", to_string(finding.level), finding.id,
                                code(finding.subject), code(finding.got));
  if (!finding.fix.empty()) out += fmt::format(" Fix: {}", code(finding.fix));
  return out + "\n";
}

std::string findings_section(std::string_view title, const std::vector<check::Finding>& findings) {
  if (findings.empty()) return "";
  std::string out = fmt::format("\n## {}\n\n", title);
  for (const check::Finding& finding : findings) out += finding_item(finding);
  return out;
}

/// A line of the findings' contract, and what it means for the change.
std::string with_effect(const check::Finding& finding, const Leniency& leniency, std::string_view effect) {
  json::object line = json::parse(finding_json(finding, leniency)).as_object();
  line["effect"] = effect;
  return json::serialize(line) + "\n";
}

std::string change_line(const Change& change) {
  json::array words;
  for (const std::string& word : change.words) words.emplace_back(repaired_utf8(word));
  return json_line({{"change", json::object{{"topic", to_string(change.topic)},
                                            {"subject", repaired_utf8(change.subject)},
                                            {"before", repaired_utf8(change.before)},
                                            {"after", repaired_utf8(change.after)},
                                            {"words", std::move(words)}}}});
}

std::string step_line(size_t number, const PlanStep& step, Time now) {
  json::array publish;
  for (const Publish& each : step.publish) {
    publish.push_back(json::object{{"do", each.what == Publish::Do::add ? "add" : "remove"},
                                   {"record", repaired_utf8(each.record)}});
  }
  return json_line({{"step", json::object{{"number", number},
                                          {"id", step.id},
                                          {"earliest", format_when(step.earliest)},
                                          {"in_s", std::chrono::floor<Seconds>(step.earliest - now).count()},
                                          {"what", repaired_utf8(step.what)},
                                          {"publish", std::move(publish)},
                                          {"why", repaired_utf8(step.why)}}}});
}
}  // namespace

std::string change_text(const PlannedChange& planned, Paint paint) {
  const auto& plan = planned.plan;
  std::string out =
      fmt::format("{}  {}\n", painted(planned.move.subject.name.to_string(), Colour::bold, paint),
                  painted(headline(plan.decision), colour_of(plan.decision), paint));
  if (const std::string when = times(planned); !when.empty()) out += when + "\n";
  if (!plan.changes.empty()) {
    out += heading("What changes for mail", paint);
    for (const Change& change : plan.changes) out += change_paragraph(change, paint);
  }
  const auto section = [&](std::string_view title, const std::vector<check::Finding>& findings) {
    if (!findings.empty()) out += heading(title, paint) + findings_text(findings, planned.leniency, paint);
  };
  section("The change itself", plan.asked);
  section("Findings that appear", plan.appears);
  section("Findings that go away", plan.goes);
  if (!plan.steps.steps.empty()) out += heading("Steps, each with its earliest time", paint);
  size_t number = 0;
  for (const PlanStep& step : plan.steps.steps)
    out += step_paragraph(++number, step, planned.move.now, paint);
  return out;
}

std::string change_markdown(const PlannedChange& planned) {
  const auto& plan = planned.plan;
  std::string out = fmt::format("# {}: {}\n", terminal_safe(planned.move.subject.name.to_string()),
                                headline(plan.decision));
  if (const std::string when = times(planned); !when.empty())
    out += "\nSeen " + format_when(planned.move.now) + "; " + when + ".\n";
  if (!plan.changes.empty()) out += "\n## What changes for mail\n\n";
  for (const Change& change : plan.changes) {
    out += fmt::format("- **{}**: {} becomes {}\n", terminal_safe(change.subject), code(change.before),
                       code(change.after));
    for (const std::string& word : change.words) out += fmt::format("  - {}\n", terminal_safe(word));
  }
  out += findings_section("The change itself", plan.asked);
  out += findings_section("Findings that appear", plan.appears);
  out += findings_section("Findings that go away", plan.goes);
  if (!plan.steps.steps.empty()) out += "\n## Steps\n";
  size_t number = 0;
  for (const PlanStep& step : plan.steps.steps) {
    out += fmt::format("\n{}. **{}** ({}): {} {}\n", ++number, format_when(step.earliest),
                       relative_time(step.earliest, planned.move.now), terminal_safe(step.what),
                       terminal_safe(step.why));
    if (step.publish.empty()) continue;
    out += "\n   ```diff\n";
    for (const Publish& each : step.publish) {
      std::string record = terminal_safe(each.record);
      std::ranges::replace(record, '`', '\'');
      out += fmt::format("   {} {}\n", each.what == Publish::Do::add ? '+' : '-', record);
    }
    out += "   ```\n";
  }
  return out;
}

std::string change_json(const PlannedChange& planned) {
  const auto& plan = planned.plan;
  std::string out;
  for (const Change& change : plan.changes) out += change_line(change);
  for (const check::Finding& each : plan.asked) out += with_effect(each, planned.leniency, "asked");
  for (const check::Finding& each : plan.appears) out += with_effect(each, planned.leniency, "appears");
  for (const check::Finding& each : plan.goes) out += with_effect(each, planned.leniency, "goes");
  size_t number = 0;
  for (const PlanStep& step : plan.steps.steps) out += step_line(++number, step, planned.move.now);
  json::object summary{{"domain", planned.move.subject.name.to_string()},
                       {"decision", to_string(plan.decision)},
                       {"now", format_when(planned.move.now)},
                       {"at", nullptr},
                       {"safe_from", nullptr},
                       {"cut_over", nullptr},
                       {"changes", plan.changes.size()},
                       {"steps", plan.steps.steps.size()}};
  if (planned.move.at) summary["at"] = format_when(*planned.move.at);
  if (!plan.steps.steps.empty()) {
    summary["safe_from"] = format_when(plan.steps.safe_from);
    summary["cut_over"] = format_when(plan.steps.cut_over);
  }
  return out + json_line({{"plan", std::move(summary)}});
}

int exit_of(Decision decision) {
  switch (decision) {
    case Decision::nothing:
      return exit_ok;
    case Decision::pending:
      return exit_changes;
    case Decision::unsafe:
      return exit_unsafe;
    case Decision::unknown:
      return exit_unknown;
  }
  return exit_unknown;
}

}  // namespace waybill::cli
