// check_kit.h: a world for one check: the DNS is zone text, failures and other facts are put beside it.
// Nothing waits.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "check/run.h"
#include "dns/zone_file.h"
#include "resolve/overlay_resolver.h"

namespace waybill::test {

class CheckWorld {
 public:
  /// Zone text without ceremony: no SOA needed, TTL 300 unless said. `$ORIGIN example.org.` stands before it.
  explicit CheckWorld(const std::string& zone, const std::string& domain = "example.org") {
    const std::string text = "$ORIGIN " + domain + ".\n$TTL 300\n" + zone + "\n";
    file_ = dns::read_zone_text(text, "test.zone", {.default_ttl_s = 300});
    for (const dns::ZoneError& error : file_.errors) ADD_FAILURE() << error.to_string();
    subject_ = check::Subject::of(mail::Domain::parse(domain).value()).value();
  }
  [[nodiscard]] check::Subject& subject() { return subject_; }
  /// The DNS can't say.
  CheckWorld& fails(const std::string& name, dns::Type type, dns::Kind kind = dns::Kind::failed,
                    const std::string& why = "SERVFAIL from 192.0.2.53") {
    faults_[{dns::Name::parse(name).value(), type}] = dns::Answer{.kind = kind, .why = why};
    return *this;
  }
  /// The DNS says just this, instead of what the zone text has.
  CheckWorld& answers(const std::string& name, dns::Type type, dns::Answer answer) {
    faults_[{dns::Name::parse(name).value(), type}] = std::move(answer);
    return *this;
  }
  /// Also in place of the zone's answer to a question of the DNS.
  CheckWorld& says(check::Question question, check::Answer answer) {
    others_.put(std::move(question), std::move(answer));
    return *this;
  }
  /// Every DNS answer below `name` counts as proved by DNSSEC.
  CheckWorld& secure(const std::string& name) {
    secure_.push_back(dns::Name::parse(name).value());
    return *this;
  }

  [[nodiscard]] check::Ran run(const check::Check& check) {
    const check::Check* const one[] = {&check};
    auto all = run_all(one);
    EXPECT_EQ(all.size(), 1U) << check.id << " asks without end";
    return all.empty() ? check::Ran{} : all.front();
  }
  [[nodiscard]] std::vector<check::Ran> run_all(check::Checks checks) {
    dns::ZoneSet set;
    for (auto& zone : dns::zones_of(file_)) set.add(zone);
    resolve::OverlayResolver dns(std::move(set), std::make_unique<dns::FixedResolver>());
    std::vector<check::Ran> out;
    check::check_domain(
        checks, subject_,
        [&](const check::Question& question, const std::function<void(check::Answer)>& reply) {
          answer(dns, question, reply);
        },
        [&](std::vector<check::Ran> ran, const check::Facts&) { out = std::move(ran); });
    return out;
  }

 private:
  void answer(dns::Resolver& dns, const check::Question& question,
              const std::function<void(check::Answer)>& reply) {
    const auto* asked = std::get_if<dns::Question>(&question);
    if (const check::Answer* said = others_.find(question)) return reply(*said);
    ASSERT_NE(asked, nullptr) << "the test has no answer to a question that is none of the DNS's";
    if (const auto fault = faults_.find(*asked); fault != faults_.end()) return reply(fault->second);
    dns.resolve(*asked, [&](dns::Answer found) {
      found.secure =
          std::ranges::any_of(secure_, [&](const dns::Name& top) { return asked->name.is_within(top); });
      reply(std::move(found));
    });
  }

  dns::ZoneFile file_;
  check::Subject subject_;
  std::map<dns::Question, dns::Answer> faults_;
  check::Facts others_;
  std::vector<dns::Name> secure_;
};

/// "error mx1.example.org: MX 10 names …", one a finding, for matchers.
inline std::vector<std::string> lines_of(const check::Ran& ran) {
  std::vector<std::string> out;
  for (const check::Finding& finding : ran.findings) {
    EXPECT_EQ(finding.id, ran.check->id);
    EXPECT_FALSE(finding.got.empty() || finding.want.empty() || finding.fix.empty()) << finding.id;
    out.push_back(fmt::format("{} {}: {}", check::to_string(finding.level), finding.subject, finding.got));
  }
  return out;
}

/// "fine", "skipped: why", else the lines.
inline std::string verdict(const check::Ran& ran) {
  if (ran.state == check::State::fine) return "fine";
  if (ran.state == check::State::skipped) return "skipped: " + ran.why;
  std::string out;
  for (const std::string& line : lines_of(ran)) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace waybill::test
