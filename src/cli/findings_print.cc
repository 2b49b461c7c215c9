#include "cli/findings_print.h"

#include <algorithm>

#include "base/bytes.h"
#include "cli/verbs.h"

namespace waybill::cli {
namespace {
using check::Finding;
using check::Level;

bool is_allowed(const Finding& finding, const Leniency& leniency) {
  return leniency.allowed.contains(finding.id);
}

int weight(const Finding& finding) {
  return finding.level == Level::unknown ? -1 : static_cast<int>(finding.level);
}

std::string labelled(std::string_view label, std::string_view text, Paint paint) {
  if (text.empty()) return "";
  return fmt::format("      {}  {}\n", painted(fmt::format("{:<4}", label), Colour::grey, paint),
                     terminal_safe(text));
}

/// The line itself and a caret below the column.
std::string excerpt(const check::Where& where, const std::string& line, Paint paint) {
  if (line.empty()) return "";
  const size_t before = std::min(line.size(), static_cast<size_t>(std::max(where.column, 1) - 1));
  // A tab stays a tab under a tab, so that the caret stands where the eye looks.
  std::string blank;
  for (const char c : line.substr(0, before)) blank += c == '\t' ? '\t' : ' ';
  std::string shown;
  for (const char c : line) shown += c == '\t' ? std::string("\t") : terminal_safe(std::string_view(&c, 1));
  return fmt::format("      {}\n      {}{}\n", shown, blank, painted("^", Colour::green, paint));
}

std::string paragraph(const Finding& finding, const Leniency& leniency, Paint paint,
                      const std::function<std::string(const check::Where&)>& source_line) {
  std::string out =
      fmt::format("  {}  {}  {}",
                  painted(fmt::format("{:<7}", to_string(finding.level)), colour_of(finding.level), paint),
                  painted(finding.subject, Colour::bold, paint), painted(finding.id, Colour::grey, paint));
  if (finding.where) {
    out += fmt::format("  {}:{}:{}", terminal_safe(finding.where->file), finding.where->line,
                       finding.where->column);
  }
  if (const auto allowed = leniency.allowed.find(finding.id); allowed != leniency.allowed.end())
    out += painted(fmt::format("  allowed: {}", allowed->second), Colour::green, paint);
  out += '\n';
  if (finding.where && source_line) out += excerpt(*finding.where, source_line(*finding.where), paint);
  out += labelled("got", finding.got, paint);
  out += labelled(
      "want", finding.ref.empty() ? finding.want : fmt::format("{}  [{}]", finding.want, finding.ref), paint);
  out += labelled("fix", finding.fix, paint);
  return out;
}

/// What could not be found out, once for each reason: one dead name server would fill screens.
std::string unknowns(const std::vector<Finding>& findings, Paint paint) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> by_reason;
  for (const Finding& finding : findings) {
    if (finding.level != Level::unknown) continue;
    auto& ids = by_reason[{finding.subject, finding.got}];
    if (std::ranges::find(ids, finding.id) == ids.end()) ids.push_back(finding.id);
  }
  std::string out;
  for (const auto& [reason, ids] : by_reason) {
    out += fmt::format("  {}  {}  {}\n", painted("unknown", colour_of(Level::unknown), paint),
                       painted(reason.first, Colour::bold, paint), terminal_safe(reason.second));
    out += labelled("for", fmt::format("{}", fmt::join(ids, ", ")), paint);
  }
  return out;
}

std::string plural(size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}
}  // namespace

Colour colour_of(check::Level level) {
  switch (level) {
    case Level::error:
      return Colour::red;
    case Level::warning:
      return Colour::yellow;
    case Level::notice:
      return Colour::cyan;
    case Level::unknown:
      return Colour::grey;
  }
  return Colour::none;
}

Status add_allowed(const std::string& text, const std::function<bool(std::string_view)>& known,
                   Leniency& leniency) {
  const size_t equals = text.find('=');
  const std::string id = text.substr(0, equals);
  if (!known(id)) return fail(Errc::invalid, "--allow: there is no check '{}'", printable(id, 60));
  if (equals == std::string::npos || equals + 1 == text.size())
    return fail(Errc::invalid, "--allow {0} wants a reason: --allow '{0}=why it is meant so'", id);
  leniency.allowed[id] = text.substr(equals + 1);
  return {};
}

Status set_fail_on(const std::string& text, Leniency& leniency) {
  for (const Level level : {Level::notice, Level::warning, Level::error}) {
    if (!iequals(text, to_string(level))) continue;
    leniency.fail_on = level;
    return {};
  }
  if (!iequals(text, "never"))
    return fail(Errc::invalid, "--fail-on '{}' is none of notice, warning, error, never",
                printable(text, 40));
  leniency.fail_on.reset();
  return {};
}

void add_leniency_options(CLI::App& verb, LeniencyOptions& options) {
  verb.add_option("--allow", options.allow, "This check's findings are meant so, and why (repeatable)")
      ->type_name("ID=REASON")
      ->allow_extra_args(false);
  verb.add_option("--fail-on", options.fail_on,
                  "Exit 1 from this level on: notice, warning (the default), error, never")
      ->type_name("LEVEL");
}

Result<Leniency> read_leniency(const LeniencyOptions& options,
                               const std::function<bool(std::string_view)>& known) {
  Leniency out;
  for (const std::string& text : options.allow) {
    if (auto added = add_allowed(text, known, out); !added) return pass(added.error());
  }
  if (auto set = set_fail_on(options.fail_on, out); !set) return pass(set.error());
  return out;
}

int exit_of(const std::vector<Finding>& findings, const Leniency& leniency) {
  int code = exit_ok;
  for (const Finding& finding : findings) {
    if (is_allowed(finding, leniency)) continue;
    if (finding.level == Level::unknown) {
      code = worse_exit(code, exit_unknown);
    } else if (leniency.fail_on && finding.level >= *leniency.fail_on) {
      code = worse_exit(code, exit_findings);
    }
  }
  return code;
}

std::string finding_json(const Finding& finding, const Leniency& leniency) {
  boost::json::object out{{"id", finding.id},
                          {"level", to_string(finding.level)},
                          {"subject", repaired_utf8(finding.subject)},
                          {"got", repaired_utf8(finding.got)},
                          {"want", repaired_utf8(finding.want)},
                          {"ref", finding.ref},
                          {"fix", repaired_utf8(finding.fix)},
                          {"where", nullptr}};
  if (finding.where) {
    out["where"] = boost::json::object{{"file", repaired_utf8(finding.where->file)},
                                       {"line", finding.where->line},
                                       {"column", finding.where->column}};
  }
  if (const auto allowed = leniency.allowed.find(finding.id); allowed != leniency.allowed.end())
    out["allowed"] = repaired_utf8(allowed->second);
  return json_line(out);
}

std::string findings_text(const std::vector<Finding>& findings, const Leniency& leniency, Paint paint,
                          const std::function<std::string(const check::Where&)>& source_line) {
  std::vector<const Finding*> known;
  for (const Finding& finding : findings) {
    if (finding.level != Level::unknown) known.push_back(&finding);
  }
  std::ranges::stable_sort(known, [&](const Finding* a, const Finding* b) {
    if (is_allowed(*a, leniency) != is_allowed(*b, leniency)) return is_allowed(*b, leniency);
    return weight(*a) > weight(*b);
  });
  std::string out;
  for (const Finding* finding : known) out += paragraph(*finding, leniency, paint, source_line);
  return out + unknowns(findings, paint);
}

Tally tally(const std::vector<Finding>& findings, const Leniency& leniency) {
  Tally out;
  for (const Finding& finding : findings) {
    if (is_allowed(finding, leniency)) {
      ++out.allowed;
      continue;
    }
    switch (finding.level) {
      case Level::error:
        ++out.errors;
        break;
      case Level::warning:
        ++out.warnings;
        break;
      case Level::notice:
        ++out.notices;
        break;
      case Level::unknown:
        ++out.unknown;
        break;
    }
  }
  return out;
}

std::string to_string(const Tally& tally) {
  std::vector<std::string> parts;
  if (tally.errors > 0) parts.push_back(plural(tally.errors, "error"));
  if (tally.warnings > 0) parts.push_back(plural(tally.warnings, "warning"));
  if (tally.notices > 0) parts.push_back(plural(tally.notices, "notice"));
  if (tally.unknown > 0) parts.push_back(fmt::format("{} unknown", tally.unknown));
  if (tally.allowed > 0) parts.push_back(fmt::format("{} allowed", tally.allowed));
  return parts.empty() ? "nothing found" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace waybill::cli
