#include "cli/route_answers.h"

#include <algorithm>

#include "cli/output.h"

namespace waybill::cli {
namespace {
/// A hostile zone may list thousands.
constexpr size_t kRecordsShownMax = 12;

std::string records_text(const dns::Answer& answer) {
  std::string out;
  const size_t shown = std::min(answer.records.size(), kRecordsShownMax);
  std::vector<const dns::Record*> sorted;
  for (const dns::Record& record : answer.records) sorted.push_back(&record);
  std::ranges::stable_sort(sorted, [](const dns::Record* a, const dns::Record* b) {
    const auto* one = std::get_if<dns::Mx>(&a->data);
    const auto* two = std::get_if<dns::Mx>(&b->data);
    return one != nullptr && two != nullptr && one->preference < two->preference;
  });
  for (size_t i = 0; i < shown; ++i) {
    std::string data = dns::data_to_string(*sorted[i]);
    if (data.size() > 1 && data.ends_with('.')) data.pop_back();
    out += (i == 0 ? "" : ", ") + data;
  }
  if (shown < answer.records.size()) out += fmt::format(" and {} more", answer.records.size() - shown);
  return out;
}

std::string said(const dns::Answer& answer) {
  switch (answer.kind) {
    case dns::Kind::present:
      return records_text(answer);
    case dns::Kind::nxdomain:
      return "no such name";
    case dns::Kind::nodata:
      return "none";
    case dns::Kind::failed:
      return "no answer: " + answer.why;
    case dns::Kind::bogus:
      return "forged or broken (DNSSEC): " + answer.why;
  }
  return "no answer";
}

std::string_view source_text(dns::Source source) {
  switch (source) {
    case dns::Source::network:
      return "asked now";
    case dns::Source::cache:
      return "from the cache";
    case dns::Source::overlay:
      return "from a zone file";
  }
  return "";
}
}  // namespace

std::string answer_line(const dns::Question& question, const dns::Answer& answer, Paint paint) {
  std::string out = fmt::format("{} {}: ", dns::to_string(question.type), question.name.to_string());
  if (!answer.chain.empty()) out += fmt::format("alias of {}: ", answer.canonical.to_string());
  out += said(answer);
  if (answer.unknown()) return painted(out, Colour::yellow, paint);
  return terminal_safe(out) +
         painted(fmt::format("  ({}, {} left, {})", source_text(answer.source), format_ttl(answer.ttl_s),
                             answer.secure ? "DNSSEC secure" : "not proved by DNSSEC"),
                 Colour::grey, paint);
}

boost::json::array answers_json(const dns::Facts& facts) {
  boost::json::array out;
  for (const auto& [question, answer] : facts) {
    boost::json::array records;
    for (const dns::Record& record : answer.records) records.emplace_back(dns::data_to_string(record));
    boost::json::array chain;
    for (const dns::Name& name : answer.chain) chain.emplace_back(name.to_string());
    out.push_back(boost::json::object{{"name", question.name.to_string()},
                                      {"type", dns::to_string(question.type)},
                                      {"kind", to_string(answer.kind)},
                                      {"records", std::move(records)},
                                      {"chain", std::move(chain)},
                                      {"source", to_string(answer.source)},
                                      {"ttl", answer.ttl_s},
                                      {"secure", answer.secure},
                                      {"why", repaired_utf8(answer.why)}});
  }
  return out;
}

}  // namespace waybill::cli
