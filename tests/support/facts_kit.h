// facts_kit.h: answers a pure decision about the DNS from zone text, and runs it to its verdict. What the
// text does not have is NXDOMAIN; a name that it has with other types only, NODATA. Nothing waits; no
// aliases.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>

#include "dns/answer.h"
#include "dns/zone_file.h"

namespace waybill::test {

class FactsKit {
 public:
  /// `$ORIGIN example.org.` stands before the text; no SOA needed.
  explicit FactsKit(const std::string& zone) {
    const auto file = dns::read_zone_text("$ORIGIN example.org.\n$TTL 300\n" + zone + "\n", "test.zone");
    for (const dns::ZoneError& error : file.errors) ADD_FAILURE() << error.to_string();
    for (const dns::ZoneRecord& each : file.records) {
      names_.insert(each.record.owner);
      answers_[{each.record.owner, each.record.type}].push_back(each.record);
    }
  }
  FactsKit& fails(const std::string& name, dns::Type type, dns::Kind kind = dns::Kind::failed) {
    faults_[{dns::Name::parse(name).value(), type}] = kind;
    return *this;
  }

  [[nodiscard]] dns::Answer answer(const dns::Question& question) {
    ++asked_;
    if (const auto fault = faults_.find(question); fault != faults_.end())
      return {.kind = fault->second, .why = "SERVFAIL from 192.0.2.53"};
    if (const auto at = answers_.find(question); at != answers_.end())
      return {.kind = dns::Kind::present, .records = at->second, .canonical = question.name};
    return {.kind = names_.contains(question.name) ? dns::Kind::nodata : dns::Kind::nxdomain,
            .canonical = question.name};
  }

  /// `decide`: facts → Step<Verdict, Question>.
  template <class Verdict, class Decide>
  Verdict run(const Decide& decide, int rounds_max = 64) {
    dns::Facts facts;
    for (int round = 0; round <= rounds_max; ++round) {
      auto step = decide(facts);
      if (auto* verdict = std::get_if<Verdict>(&step)) return std::move(*verdict);
      const size_t before = facts.size();
      for (const dns::Question& question : std::get<Questions<dns::Question>>(step))
        facts.put(question, answer(question));
      if (facts.size() == before) break;
    }
    ADD_FAILURE() << "it asks without end";
    return {};
  }
  [[nodiscard]] size_t asked() const { return asked_; }

 private:
  std::set<dns::Name> names_;
  std::map<dns::Question, std::vector<dns::Record>> answers_;
  std::map<dns::Question, dns::Kind> faults_;
  size_t asked_ = 0;
};

}  // namespace waybill::test
