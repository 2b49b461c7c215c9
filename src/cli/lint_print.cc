#include "cli/lint_print.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/bytes.h"

namespace waybill::cli {
namespace {
using check::Finding;
using check::Level;

/// Of a line that is longer, so much around the column is shown.
constexpr size_t kOctetsBefore = 60;
constexpr size_t kOctetsShown = 100;

/// Where a character of UTF-8 begins, at or before `at`.
size_t character_start(const std::string& text, size_t at) {
  while (at > 0 && at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

/// Tabs would move the caret: one blank each.
std::string shown(std::string_view text) {
  std::string out(text);
  std::ranges::replace(out, '\t', ' ');
  return terminal_safe(out);
}

std::string excerpt(const check::Where& where, const std::string& line, Paint paint) {
  if (trim(line).empty()) return "";
  const size_t column = std::min(line.size(), static_cast<size_t>(std::max(where.column, 1) - 1));
  const size_t start = character_start(line, column > kOctetsBefore ? column - kOctetsBefore : 0);
  const size_t end = character_start(line, std::min(line.size(), start + kOctetsShown));
  const std::string_view all = line;
  const std::string cut = start > 0 ? "..." : "";
  const std::string before = cut + shown(all.substr(start, column - start));
  const std::string text =
      before + shown(all.substr(column, end - column)) + (end < line.size() ? "..." : "");
  return fmt::format("    {}\n    {}{}\n", text, std::string(display_width(before), ' '),
                     painted("^", Colour::green, paint));
}

std::string labelled(std::string_view label, std::string_view text, Paint paint) {
  if (text.empty()) return "";
  return fmt::format("    {} {}\n",
                     painted(fmt::format("{:<5}", fmt::format("{}:", label)), Colour::grey, paint),
                     terminal_safe(text));
}

std::string said_of(const Finding& finding) {
  // Of a line that can't be read the zone is no subject worth its place, and many texts begin with theirs.
  if (finding.id == "zone.syntax" || finding.got.starts_with(finding.subject)) return finding.got;
  return fmt::format("{}: {}", finding.subject, finding.got);
}
}  // namespace

void SourceLines::put(const std::string& file, std::string_view text) {
  auto& lines = files_[file];
  for (const std::string_view line : split(text, '\n'))
    lines.emplace_back(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
}

std::string SourceLines::line(const check::Where& where) {
  if (!files_.contains(where.file)) {
    std::ifstream in(where.file, std::ios::binary);
    std::ostringstream text;
    if (in) text << in.rdbuf();
    put(where.file, text.str());
  }
  const auto& lines = files_[where.file];
  const auto at = static_cast<size_t>(where.line);
  return where.line > 0 && at <= lines.size() ? lines[at - 1] : "";
}

std::string lint_finding_text(const Finding& finding, const Leniency& leniency, Paint paint,
                              const SourceLine& source_line) {
  const check::Where where = finding.where.value_or(check::Where{});
  std::string out = fmt::format(
      "{} {} {} {}",
      painted(fmt::format("{}:{}:{}:", terminal_safe(where.file), where.line, where.column), Colour::bold,
              paint),
      painted(fmt::format("{}:", to_string(finding.level)), colour_of(finding.level), paint),
      terminal_safe(said_of(finding)), painted(fmt::format("[{}]", finding.id), Colour::grey, paint));
  if (const auto allowed = leniency.allowed.find(finding.id); allowed != leniency.allowed.end())
    out += painted(fmt::format(" allowed: {}", allowed->second), Colour::green, paint);
  out += '\n';
  if (source_line) out += excerpt(where, source_line(where), paint);
  out += labelled(
      "want", finding.ref.empty() ? finding.want : fmt::format("{} ({})", finding.want, finding.ref), paint);
  return out + labelled("fix", finding.fix, paint);
}

std::string linted_text(const std::string& file, const Linted& linted, const Leniency& leniency, Paint paint,
                        const SourceLine& source_line) {
  std::string out;
  for (const Finding& finding : linted.findings)
    out += lint_finding_text(finding, leniency, paint, source_line);
  const Tally counts = tally(linted.findings, leniency);
  const Colour colour = counts.errors > 0     ? Colour::red
                        : counts.warnings > 0 ? Colour::yellow
                                              : Colour::green;
  out += fmt::format("{}: {}; {} of {} checks fine", terminal_safe(file),
                     painted(to_string(counts), colour, paint), linted.fine, linted.checks);
  if (linted.outside > 0) out += fmt::format(", {} need more than the zone", linted.outside);
  out += '\n';
  if (linted.domains_left_out > 0) {
    out += fmt::format(
        "{}: the mail of {} names was checked; {} more names with MX records had the zone checks alone\n",
        terminal_safe(file), linted.domains, linted.domains_left_out);
  }
  return out;
}

std::string linted_json(const std::string& file, const Linted& linted, const Leniency& leniency) {
  std::string out;
  for (const Finding& finding : linted.findings) out += finding_json(finding, leniency);
  const Tally counts = tally(linted.findings, leniency);
  const boost::json::object summary{{"fine", linted.fine},
                                    {"checks", linted.checks},
                                    {"outside", linted.outside},
                                    {"domains", linted.domains},
                                    {"domains_left_out", linted.domains_left_out},
                                    {"error", counts.errors},
                                    {"warning", counts.warnings},
                                    {"notice", counts.notices},
                                    {"unknown", counts.unknown},
                                    {"allowed", counts.allowed}};
  return out + json_line({{"file", repaired_utf8(file)}, {"summary", summary}});
}

}  // namespace waybill::cli
