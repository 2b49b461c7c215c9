// change_kit.h: two worlds for a change: the live zone and the proposed one, both as zone text. Nothing
// waits; the clock stands.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "check/change/plan.h"
#include "dns/zone_file.h"
#include "resolve/overlay_resolver.h"

namespace waybill::test {

class ChangeWorld {
 public:
  /// `$ORIGIN example.org.` and `$TTL 3600` stand before each. The live text may hold other zones too
  /// ($ORIGIN example.net.); what the proposed one does not hold is as in the live one.
  ChangeWorld(const std::string& live, const std::string& proposed) {
    live_ = zones(live);
    proposed_ = zones(proposed);
    move_.subject = check::Subject::of(mail::Domain::parse("example.org").value()).value();
    move_.subject.fetch_policy = true;
    move_.now = Time{Millis{1'795'255'200'000}};  // 2026-11-21T10:00:00Z
  }
  [[nodiscard]] check::change::Move& move() { return move_; }
  ChangeWorld& at(Millis from_now) {
    move_.at = move_.now + from_now;
    return *this;
  }
  ChangeWorld& selector(const std::string& name) {
    move_.subject.selectors.push_back(name);
    return *this;
  }
  ChangeWorld& fails(check::change::Side side, const std::string& name, dns::Type type) {
    faults_[{side, dns::Question{dns::Name::parse(name).value(), type}}] =
        dns::Answer::failure("SERVFAIL from 192.0.2.53");
    return *this;
  }
  ChangeWorld& live_policy(const std::string& text) {
    policies_[check::change::Side::live] = check::PolicySaid{200, "text/plain", text, ""};
    return *this;
  }
  ChangeWorld& new_policy(const std::string& text) {
    policies_[check::change::Side::proposed] = check::PolicySaid{200, "text/plain", text, ""};
    move_.new_policy_given = true;
    return *this;
  }
  /// One name server by itself; those that nothing is said of don't answer.
  ChangeWorld& server_says(const check::AskServer& asked, const check::ServerSaid& said) {
    servers_[asked] = said;
    return *this;
  }
  /// Every live answer counts as proved by DNSSEC.
  ChangeWorld& is_signed() {
    signed_ = true;
    return *this;
  }

  [[nodiscard]] check::change::ChangePlan run(check::Checks checks = {}) {
    resolve::OverlayResolver live(live_, std::make_unique<dns::FixedResolver>());
    auto inner = std::make_unique<resolve::OverlayResolver>(live_, std::make_unique<dns::FixedResolver>());
    resolve::OverlayResolver proposed(proposed_, std::move(inner));
    std::optional<check::change::ChangePlan> out;
    check::change::run_plan(
        checks, move_,
        [&](const check::change::SideQuestion& asked, const std::function<void(check::Answer)>& reply) {
          answer(asked.side == check::change::Side::live ? live : proposed, asked, reply);
        },
        [&](std::optional<check::change::ChangePlan> plan) { out = std::move(plan); });
    EXPECT_TRUE(out.has_value()) << "asks without end";
    return out ? std::move(*out) : check::change::ChangePlan{};
  }

 private:
  static dns::ZoneSet zones(const std::string& text) {
    const auto file = dns::read_zone_text("$ORIGIN example.org.\n$TTL 3600\n" + text + "\n", "test.zone",
                                          {.default_ttl_s = 3600});
    for (const dns::ZoneError& error : file.errors) ADD_FAILURE() << error.to_string();
    dns::ZoneSet set;
    for (auto& zone : dns::zones_of(file)) set.add(zone);
    return set;
  }
  void answer(dns::Resolver& dns, const check::change::SideQuestion& asked,
              const std::function<void(check::Answer)>& reply) {
    if (std::holds_alternative<check::AskPolicy>(asked.question)) {
      auto said = policies_.find(asked.side);
      if (said == policies_.end()) said = policies_.find(check::change::Side::live);
      return reply(said == policies_.end() ? check::PolicySaid{.why = "connection refused"} : said->second);
    }
    if (const auto* server = std::get_if<check::AskServer>(&asked.question)) {
      const auto said = servers_.find(*server);
      return reply(said == servers_.end() ? check::ServerSaid{.answer = dns::Answer::failure("no answer")}
                                          : said->second);
    }
    if (const auto fault = faults_.find(asked); fault != faults_.end()) return reply(fault->second);
    dns.resolve(std::get<dns::Question>(asked.question), [&](dns::Answer found) {
      found.secure = signed_ && asked.side == check::change::Side::live;
      reply(std::move(found));
    });
  }

  dns::ZoneSet live_;
  dns::ZoneSet proposed_;
  check::change::Move move_;
  std::map<check::change::SideQuestion, dns::Answer> faults_;
  std::map<check::change::Side, check::PolicySaid> policies_;
  std::map<check::AskServer, check::ServerSaid> servers_;
  bool signed_ = false;
};

/// "0s ttl-lower", "1d cut-over": each step with its time from now on.
inline std::vector<std::string> order_of(const check::change::ChangePlan& plan, Time now) {
  std::vector<std::string> out;
  for (const auto& step : plan.steps.steps) {
    EXPECT_FALSE(step.what.empty() || step.why.empty()) << step.id;
    out.push_back(fmt::format("{} {}", format_duration(step.earliest - now), step.id));
  }
  return out;
}

/// "+ example.org. 300 IN MX 10 …" of one step.
inline std::vector<std::string> records_of(const check::change::ChangePlan& plan, std::string_view id) {
  std::vector<std::string> out;
  for (const auto& step : plan.steps.steps) {
    if (step.id != id) continue;
    for (const auto& each : step.publish)
      out.push_back(
          fmt::format("{} {}", each.what == check::change::Publish::Do::add ? '+' : '-', each.record));
  }
  return out;
}

/// "error change.ttl-too-long example.org MX"
inline std::vector<std::string> asked_of(const check::change::ChangePlan& plan) {
  std::vector<std::string> out;
  for (const check::Finding& each : plan.asked) {
    EXPECT_FALSE(each.got.empty() || each.want.empty() || each.fix.empty()) << each.id;
    out.push_back(fmt::format("{} {} {}", to_string(each.level), each.id, each.subject));
  }
  return out;
}

}  // namespace waybill::test
