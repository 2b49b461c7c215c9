// Whoever follows the steps to the end has published the proposed zone: every removal takes away what stands
// there, and nothing of the old zone is left. Over zones put together at random.
#include <map>
#include <random>

#include "base/bytes.h"
#include "support/change_kit.h"

namespace waybill {
namespace {
using check::change::Publish;
using test::ChangeWorld;

/// Owner, type and data → TTL.
using Published = std::map<std::string, std::string>;

/// "example.org. 300 IN MX 10 a." → {"example.org. MX 10 a.", "300"}; a reverse name, which no zone here
/// holds: nothing.
std::optional<std::pair<std::string, std::string>> parts(const std::string& record) {
  const auto words = split(record, ' ');
  if (words.size() < 5 || words[2] != "IN") return std::nullopt;
  const size_t rest = record.find(" IN ") + 4;
  return std::pair{fmt::format("{} {}", words[0], record.substr(rest)), std::string(words[1])};
}

Published published(const std::string& zone) {
  const auto file = dns::read_zone_text("$ORIGIN example.org.\n$TTL 3600\n" + zone, "zone", {});
  Published out;
  for (const dns::ZoneRecord& each : file.records) {
    const auto record = parts(dns::to_string(each.record));
    if (record) out[record->first] = record->second;
  }
  return out;
}

void follow(const check::change::ChangePlan& plan, Published& zone) {
  for (const auto& step : plan.steps.steps) {
    for (const Publish& each : step.publish) {
      const auto record = parts(each.record);
      if (!record) continue;
      if (each.what == Publish::Do::add) {
        zone[record->first] = record->second;
        continue;
      }
      const auto there = zone.find(record->first);
      if (there == zone.end()) {
        ADD_FAILURE() << step.id << " removes what is not there: " << each.record;
      } else {
        EXPECT_EQ(there->second, record->second) << step.id << ": another TTL than " << each.record;
        zone.erase(there);
      }
    }
  }
}

class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  std::string one_of(const std::vector<std::string>& choices) {
    return choices[std::uniform_int_distribution<size_t>(0, choices.size() - 1)(engine_)];
  }

 private:
  std::mt19937 engine_;
};

/// All hosts are MX hosts of one of the two zones, so that all their records belong to the change. One TTL a
/// set.
std::string any_zone(Dice& dice) {
  std::string out;
  const auto ttl = [&] { return "$TTL " + dice.one_of({"60", "300", "3600", "86400"}) + "\n"; };
  out +=
      ttl() + dice.one_of({"@ MX 10 a\n", "@ MX 10 b\n", "@ MX 10 a\n@ MX 20 b\n", "@ MX 20 a\n@ MX 10 b\n"});
  for (const std::string host : {"a", "b"}) {
    out += ttl() + dice.one_of({host + " A 192.0.2.1\n", host + " A 192.0.2.2\n",
                                host + " A 192.0.2.1\n" + host + " A 192.0.2.2\n"});
    out += ttl() + dice.one_of({"", host + " AAAA 2001:db8::1\n"});
    const std::string tlsa = "_25._tcp." + host + " TLSA 3 1 1 ";
    const std::string one = tlsa + std::string(64, '1') + "\n";
    const std::string two = tlsa + std::string(64, '2') + "\n";
    out += ttl() + dice.one_of({"", one, two, one + two});
  }
  out += ttl() + dice.one_of({"", "@ TXT \"v=spf1 mx ~all\"\n", "@ TXT \"v=spf1 mx a -all\"\n",
                              "@ TXT \"v=spf1 -all\"\n"});
  out +=
      ttl() + dice.one_of({"", "_dmarc TXT \"v=DMARC1; p=none\"\n", "_dmarc TXT \"v=DMARC1; p=reject\"\n"});
  out += ttl() + dice.one_of({"", "_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:t@example.org\"\n"});
  out += ttl() + dice.one_of({"", "s1._domainkey TXT \"v=DKIM1; p=AAAA\"\n",
                              "s1._domainkey TXT \"v=DKIM1; p=BBBB\"\n"});
  return out;
}

bool names(const std::string& zone, const std::string& host) {
  return zone.find("0 " + host + "\n") != std::string::npos;
}

void replay(const std::string& live, const std::string& proposed) {
  ChangeWorld world(live, proposed);
  const auto plan = world.selector("s1")
                        .live_policy("version: STSv1\nmode: enforce\nmax_age: 86400\nmx: a.example.org\n")
                        .run();
  Published zone = published(live);
  follow(plan, zone);
  EXPECT_EQ(zone, published(proposed));
  for (const auto& step : plan.steps.steps) {
    EXPECT_GE(step.earliest, world.move().now);
    if (step.id == "cut-over") {
      EXPECT_GE(step.earliest, plan.steps.safe_from);
    }
  }
  EXPECT_TRUE(std::ranges::is_sorted(plan.steps.steps, {}, &check::change::PlanStep::earliest));
}

TEST(ChangeReplay, the_steps_lead_from_any_zone_to_any_other) {
  int tried = 0;
  for (uint32_t seed = 0; seed < 600 && !testing::Test::HasFailure(); ++seed) {
    Dice dice(seed);
    const std::string live = any_zone(dice);
    const std::string proposed = any_zone(dice);
    const auto watched = [&](const std::string& host) { return names(live, host) || names(proposed, host); };
    if (!watched("a") || !watched("b")) continue;
    SCOPED_TRACE(fmt::format("seed {}\n--- live\n{}--- proposed\n{}", seed, live, proposed));
    replay(live, proposed);
    ++tried;
  }
  EXPECT_GT(tried, 300);
}
TEST(ChangeReplay, through_mta_sts_too) {
  const std::string host = "@ MX 10 a\na A 192.0.2.1\nb A 192.0.2.2\n";
  const std::string other = "@ MX 10 b\na A 192.0.2.1\nb A 192.0.2.2\n";
  const std::string one = "_mta-sts TXT \"v=STSv1; id=1;\"\n";
  const std::string two = "_mta-sts TXT \"v=STSv1; id=2;\"\n";
  for (const auto& [live, proposed] :
       std::vector<std::pair<std::string, std::string>>{{host, host + one},
                                                        {host + one, host},
                                                        {host + one, host + two},
                                                        {host + one, other + two},
                                                        {host + one, other}}) {
    SCOPED_TRACE(live + "--- proposed\n" + proposed);
    replay(live, proposed);
  }
}
}  // namespace
}  // namespace waybill
