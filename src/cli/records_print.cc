#include "cli/records_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/verbs.h"

namespace waybill::cli {
namespace {
constexpr size_t kCommentColumns = 100;

std::string owner_of(const dns::Record& record) { return record.owner.to_string(); }
std::string absolute(const dns::Name& name) { return name.is_root() ? "." : name.to_string() + "."; }

std::optional<uint16_t> priority_of(const dns::Record& record) {
  const auto* mx = std::get_if<dns::Mx>(&record.data);
  return mx == nullptr ? std::nullopt : std::optional(mx->preference);
}

std::string quoted(const dns::Txt& txt) {
  std::string out;
  for (const std::string& one : txt.strings) {
    out += out.empty() ? "\"" : " \"";
    for (const char c : one) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out;
}

/// As forms want it: names without their last dot, and a text in quotes only where it needs several.
std::string form_value(const dns::Record& record) {
  if (const auto* mx = std::get_if<dns::Mx>(&record.data)) return mx->exchange.to_string();
  if (const auto* name = std::get_if<dns::Name>(&record.data)) return name->to_string();
  if (const auto* txt = std::get_if<dns::Txt>(&record.data))
    return txt->strings.size() == 1 ? txt->strings.front() : quoted(*txt);
  return dns::data_to_string(record);
}

/// In lines of a readable length, each behind "; ".
std::string comment(std::string_view text) {
  std::string out, line;
  for (size_t at = 0; at < text.size();) {
    const size_t space = std::min(text.find(' ', at), text.size());
    const std::string word(text.substr(at, space - at));
    if (!line.empty() && line.size() + 1 + word.size() > kCommentColumns) {
      out += "; " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = space + 1;
  }
  return line.empty() ? out : out + "; " + line + "\n";
}

std::string mark(const WantedRecord& wanted) {
  if (wanted.presence == Presence::not_asked) return "";
  std::string out = fmt::format("[{}]", to_string(wanted.presence));
  if (!wanted.remark.empty()) out += " " + terminal_safe(wanted.remark);
  return out;
}

std::string notes_of(const RecordsPlan& plan) {
  std::string out;
  for (const std::string& note : plan.notes) out += comment("NOTE: " + terminal_safe(note));
  return out.empty() ? out : out + "\n";
}

Colour colour_of(Presence presence) {
  switch (presence) {
    case Presence::present:
      return Colour::green;
    case Presence::missing:
    case Presence::differing:
      return Colour::red;
    case Presence::unknown:
      return Colour::yellow;
    case Presence::not_asked:
      break;
  }
  return Colour::none;
}

std::string zone_text(const RecordsPlan& plan, Paint paint) {
  std::string out = notes_of(plan);
  bool first = true;
  for (const WantedRecord& wanted : plan.records) {
    if (!std::exchange(first, false)) out += "\n";
    out += comment(terminal_safe(wanted.why));
    if (const std::string state = mark(wanted); !state.empty())
      out += coloured(colour_of(wanted.presence), "; " + state, paint == Paint::on) + "\n";
    for (const std::string& live : wanted.live) {
      if (wanted.presence == Presence::differing) out += comment("there now: " + terminal_safe(live));
    }
    // Not ours to publish anew: a comment keeps it out of a zone that is loaded.
    out += (wanted.others ? "; " : "") + dns::to_string(wanted.record) + "\n";
  }
  return out;
}

std::string tsv_text(const RecordsPlan& plan) {
  std::string out = "name\ttype\tttl\tpriority\tvalue\tstate\twhy\n";
  for (const WantedRecord& wanted : plan.records) {
    const auto priority = priority_of(wanted.record);
    out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", owner_of(wanted.record),
                       dns::to_string(wanted.record.type), wanted.record.ttl_s,
                       priority ? fmt::format("{}", *priority) : "", terminal_safe(form_value(wanted.record)),
                       to_string(wanted.presence), terminal_safe(wanted.why));
  }
  return out;
}

std::string json_text(const RecordsPlan& plan) {
  std::string out;
  for (const WantedRecord& wanted : plan.records) {
    const auto priority = priority_of(wanted.record);
    boost::json::array live;
    for (const std::string& one : wanted.live) live.emplace_back(repaired_utf8(one));
    out += json_line({{"name", owner_of(wanted.record)},
                      {"type", dns::to_string(wanted.record.type)},
                      {"ttl", wanted.record.ttl_s},
                      {"preference", priority ? boost::json::value(*priority) : boost::json::value(nullptr)},
                      {"value", repaired_utf8(form_value(wanted.record))},
                      {"rdata", repaired_utf8(dns::data_to_string(wanted.record))},
                      {"why", wanted.why},
                      {"ours", !wanted.others},
                      {"state", to_string(wanted.presence)},
                      {"remark", repaired_utf8(wanted.remark)},
                      {"live", std::move(live)}});
  }
  for (const std::string& note : plan.notes) out += json_line({{"note", repaired_utf8(note)}});
  return out;
}

// One update a record: they may belong to several zones, and nsupdate finds each zone by itself (RFC 2136).
std::string nsupdate_text(const RecordsPlan& plan) {
  std::string out = notes_of(plan);
  for (const WantedRecord& wanted : plan.records) {
    const dns::Record& record = wanted.record;
    if (wanted.others) continue;
    out += comment(terminal_safe(wanted.why));
    if (const std::string state = mark(wanted); !state.empty()) out += "; " + state + "\n";
    if (wanted.presence == Presence::present || wanted.presence == Presence::unknown) {
      out += wanted.presence == Presence::unknown ? "; left alone: nobody knows what stands there\n\n" : "\n";
      continue;
    }
    for (const dns::Record& old : wanted.to_remove)
      out += fmt::format("update delete {} {} {}\n", absolute(old.owner), dns::to_string(old.type),
                         dns::data_to_string(old));
    out += fmt::format("update add {} {} {} {}\nsend\n\n", absolute(record.owner), record.ttl_s,
                       dns::to_string(record.type), dns::data_to_string(record));
  }
  return out;
}

std::string webui_text(const RecordsPlan& plan, Paint paint) {
  Grid table(0);
  const bool asked = std::ranges::any_of(
      plan.records, [](const WantedRecord& wanted) { return wanted.presence != Presence::not_asked; });
  table.row({{"Name", Colour::bold},
             {"Type", Colour::bold},
             {"Priority", Colour::bold},
             {"Value", Colour::bold},
             {"TTL", Colour::bold},
             {asked ? "State" : "", Colour::bold}});
  for (const WantedRecord& wanted : plan.records) {
    const auto priority = priority_of(wanted.record);
    table.row({{owner_of(wanted.record)},
               {dns::to_string(wanted.record.type)},
               {priority ? fmt::format("{}", *priority) : ""},
               {form_value(wanted.record)},
               {fmt::format("{}", wanted.record.ttl_s)},
               {asked           ? std::string(wanted.others ? "keep" : to_string(wanted.presence))
                : wanted.others ? "keep"
                                : "",
                colour_of(wanted.presence)}});
  }
  std::string out = table.to_string(paint);
  size_t number = 0;
  out += "\n";
  for (const WantedRecord& wanted : plan.records) {
    ++number;
    out += fmt::format("{:>3}. {}{}{}\n", number, terminal_safe(wanted.why),
                       wanted.remark.empty() ? "" : " Now: ", terminal_safe(wanted.remark));
  }
  for (const std::string& note : plan.notes) out += "note: " + terminal_safe(note) + "\n";
  return out;
}
}  // namespace

std::string to_text(const RecordsPlan& plan, RecordsFormat format, Paint paint) {
  switch (format) {
    case RecordsFormat::zone:
      return zone_text(plan, paint);
    case RecordsFormat::tsv:
      return tsv_text(plan);
    case RecordsFormat::json:
      return json_text(plan);
    case RecordsFormat::nsupdate:
      return nsupdate_text(plan);
    case RecordsFormat::webui:
      return webui_text(plan, paint);
  }
  return {};
}

int exit_of(const RecordsPlan& plan) {
  int code = plan.complete ? exit_ok : exit_findings;
  for (const WantedRecord& wanted : plan.records) {
    if (wanted.presence == Presence::missing || wanted.presence == Presence::differing)
      code = worse_exit(code, exit_findings);
    if (wanted.presence == Presence::unknown) code = worse_exit(code, exit_unknown);
  }
  return code;
}

}  // namespace waybill::cli
