// What the live DNS has of the records that are wanted. Never takes a failed answer for an absent one.
#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "cli/records_plan.h"

namespace waybill::cli {
namespace {
std::string why_of(const dns::Answer& answer) {
  return answer.why.empty() ? std::string(to_string(answer.kind)) : answer.why;
}

void keep_live(const dns::Answer& answer, WantedRecord& wanted) {
  for (const dns::Record& record : answer.records) {
    if (wanted.record.type != dns::Type::txt || is_spf(record))
      wanted.live.push_back(dns::data_to_string(record));
  }
}

std::vector<std::string> terms(const dns::Record& record) {
  std::vector<std::string> out;
  const std::string text = std::get<dns::Txt>(record.data).joined();  // the parts are views of it
  for (const std::string_view term : split(text, ' ')) {
    if (!term.empty()) out.push_back(to_lower(term));
  }
  return out;
}

/// A term without its qualifier "+", which is the same.
std::string bare(std::string term) {
  if (term.starts_with('+')) term.erase(0, 1);
  return term;
}

bool is_mechanism(const std::string& term) { return term != "v=spf1" && !term.ends_with("all"); }

void compare_mx(const dns::Answer& answer, WantedRecord& wanted) {
  const auto& mine = std::get<dns::Mx>(wanted.record.data);
  for (const dns::Record& record : answer.records) {
    const auto* mx = std::get_if<dns::Mx>(&record.data);
    if (mx == nullptr) continue;
    if (*mx == mine) {
      wanted.presence = Presence::present;
      return;
    }
    if (mx->exchange == mine.exchange) {
      wanted.presence = Presence::differing;
      wanted.remark = fmt::format("it stands there with preference {}", mx->preference);
      wanted.to_remove.push_back(record);
    } else if (mx->exchange.is_root()) {
      wanted.presence = Presence::differing;
      wanted.remark = "a null MX says that the domain takes no mail (RFC 7505)";
      wanted.to_remove.push_back(record);
    }
  }
  if (wanted.presence == Presence::not_asked) wanted.presence = Presence::missing;
}

// The terms of a record that stands there are kept: they are other senders that the operator knows of.
void merge_spf(const dns::Record& live, WantedRecord& wanted) {
  const auto has = terms(live);
  std::set<std::string> known;
  for (const std::string& term : has) known.insert(bare(term));
  std::string lacking;
  for (const std::string& term : terms(wanted.record)) {
    if (is_mechanism(term) && !known.contains(bare(term))) lacking += " " + term;
  }
  if (lacking.empty()) {
    wanted.presence = Presence::present;
    return;
  }
  wanted.presence = Presence::differing;
  wanted.remark = fmt::format("the record there does not name{}", lacking);
  wanted.to_remove.push_back(live);
  // Before all others: a mechanism behind "all" is never read (RFC 7208 5.1).
  const std::string text = std::get<dns::Txt>(live.data).joined();
  std::string merged = "v=spf1" + lacking + text.substr(6);
  dns::Txt out;
  for (size_t at = 0; at < merged.size(); at += 255) out.strings.push_back(merged.substr(at, 255));
  wanted.record.data = std::move(out);
}

void compare_spf(const dns::Answer& answer, WantedRecord& wanted) {
  std::vector<dns::Record> live;
  std::ranges::copy_if(answer.records, std::back_inserter(live), is_spf);
  if (live.empty()) {
    wanted.presence = Presence::missing;
  } else if (live.size() > 1) {
    wanted.presence = Presence::differing;
    wanted.remark =
        "there is more than one SPF record, which counts as broken (RFC 7208 4.5): merge them into one";
    wanted.to_remove = std::move(live);
  } else {
    merge_spf(live.front(), wanted);
  }
}

void compare_one(const dns::Answer& answer, WantedRecord& wanted) {
  if (answer.unknown()) {
    wanted.presence = Presence::unknown;
    wanted.remark = why_of(answer);
    return;
  }
  keep_live(answer, wanted);
  const bool is_host = wanted.record.type == dns::Type::a || wanted.record.type == dns::Type::aaaa;
  if (is_host && !answer.chain.empty()) {
    wanted.presence = Presence::differing;
    wanted.remark = fmt::format("it is an alias of {}; an MX must not name an alias (RFC 2181 10.3)",
                                answer.canonical.to_string());
    return;
  }
  if (answer.absent()) {
    wanted.presence = Presence::missing;
    return;
  }
  if (wanted.record.type == dns::Type::mx) return compare_mx(answer, wanted);
  if (wanted.record.type == dns::Type::txt) return compare_spf(answer, wanted);
  const bool stands = std::ranges::any_of(
      answer.records, [&wanted](const dns::Record& record) { return record.data == wanted.record.data; });
  wanted.presence = stands ? Presence::present : Presence::differing;
  if (!stands) wanted.remark = "something else stands there";
}
}  // namespace

std::vector<dns::Question> questions_of(const RecordsPlan& plan) {
  std::set<dns::Question> out;
  for (const WantedRecord& wanted : plan.records) out.insert({wanted.record.owner, wanted.record.type});
  return {out.begin(), out.end()};
}

void compare_with(const dns::Facts& facts, RecordsPlan& plan) {
  for (WantedRecord& wanted : plan.records) {
    if (const dns::Answer* answer = facts.find({wanted.record.owner, wanted.record.type}))
      compare_one(*answer, wanted);
  }
}

}  // namespace waybill::cli
