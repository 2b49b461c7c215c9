// `waybill plan` over two zone files: what is printed, and how it ends. The checks and steps themselves are
// the check room's tests.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "base/bytes.h"
#include "support/verb_run.h"

namespace waybill {
namespace {
using testing::HasSubstr;
using testing::Not;

const std::string kHead =
    "$ORIGIN example.org.\n$TTL 3600\n@ SOA ns h 1 60 60 3600 60\n@ NS ns\nns A 192.0.2.53\n";
const std::string kOld = kHead + "@ MX 10 a\na A 192.0.2.1\nb A 192.0.2.2\n";
const std::string kNew = kHead + "@ MX 10 b\na A 192.0.2.1\nb A 192.0.2.2\n";

class PlanVerb : public testing::Test {
 protected:
  PlanVerb()
      : dir_(std::filesystem::path(testing::TempDir()) /
             testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(dir_);
  }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
    return dir_ / name;
  }
  test::Ran plan(const std::string& live, const std::string& proposed, std::vector<std::string> more = {}) {
    // Nobody answers there: what the files don't hold can't be looked up.
    const std::string around =
        "$ORIGIN 2.0.192.in-addr.arpa.\n1 PTR a.example.org.\n2 PTR b.example.org.\n_dmarc.org. TXT x\n";
    std::vector<std::string> words{"plan",          "example.org",
                                   "--live-zone",   write("live.zone", live),
                                   "--zone",        write("new.zone", proposed),
                                   "--server",      "127.0.0.1:1",
                                   "--dns-timeout", "200ms",
                                   "--now",         "2026-11-21T10:00:00Z"};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_verb({cli::add_plan}, words);
  }
  std::filesystem::path dir_;
};

std::vector<boost::json::object> lines_of(const test::Ran& ran) {
  std::vector<boost::json::object> out;
  for (const std::string_view line : split(ran.out, '\n')) {
    if (!line.empty()) out.push_back(boost::json::parse(line).as_object());
  }
  return out;
}

TEST_F(PlanVerb, nothing_pending_and_unsafe_have_codes_of_their_own) {
  EXPECT_EQ(plan(kOld, kOld).code, cli::exit_ok);
  EXPECT_EQ(plan(kOld, kNew).code, cli::exit_changes);
  EXPECT_EQ(plan(kOld, kNew, {"--at", "+2h"}).code, cli::exit_changes);
  EXPECT_EQ(plan(kOld, kNew, {"--at", "+30m"}).code, cli::exit_unsafe);
  EXPECT_EQ(plan(kOld, kNew, {"--at", "+30m", "--allow", "change.ttl-too-long=both run"}).code,
            cli::exit_changes);
}
TEST_F(PlanVerb, json_is_one_object_a_line_and_nothing_else) {
  const auto lines = lines_of(plan(kOld, kNew, {"--at", "+30m", "--json"}));
  ASSERT_GE(lines.size(), 4U);
  for (const auto& line : lines) EXPECT_EQ(line.at("v").as_int64(), 1);
  const auto& change = lines.front().at("change").as_object();
  EXPECT_EQ(change.at("before").as_string(), "10 a.example.org");
  EXPECT_EQ(change.at("after").as_string(), "10 b.example.org");
  EXPECT_EQ(lines.at(1).at("id").as_string(), "change.ttl-too-long");
  EXPECT_EQ(lines.at(1).at("effect").as_string(), "asked");
  const auto& last = lines.back().at("plan").as_object();
  EXPECT_EQ(last.at("decision").as_string(), "unsafe");
  EXPECT_EQ(last.at("at").as_string(), "2026-11-21T10:30:00Z");
  EXPECT_EQ(last.at("safe_from").as_string(), "2026-11-21T11:00:00Z");
  EXPECT_EQ(last.at("cut_over").as_string(), "2026-11-21T11:00:00Z");
}
TEST_F(PlanVerb, text_and_markdown_tell_the_steps) {
  const auto text = plan(kOld, kNew);
  EXPECT_THAT(text.out, HasSubstr("example.org  changes pending\n"));
  EXPECT_THAT(text.out, HasSubstr("2026-11-21T11:00:00Z  in 1h"));
  EXPECT_THAT(text.out, HasSubstr("publish example.org. 300 IN MX 10 b.example.org.\n"));
  const auto markdown = plan(kOld, kNew, {"--format", "markdown"});
  EXPECT_THAT(markdown.out, HasSubstr("\n   ```diff\n   - example.org. 300 IN MX 10 a.example.org.\n"));
  EXPECT_EQ(markdown.code, cli::exit_changes);
}
TEST_F(PlanVerb, what_a_zone_holds_can_not_reach_the_terminal_or_end_a_code_span) {
  const std::string evil = "_dmarc TXT \"v=DMARC1; p=none; rua=mailto:`\\027[2J@x.example\"\n";
  for (const std::string format : {"text", "markdown"}) {
    const auto ran = plan(kOld, kOld + evil, {"--format", format});
    EXPECT_EQ(ran.code, cli::exit_changes);
    EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
    EXPECT_THAT(ran.out, HasSubstr("[2J"));
  }
  EXPECT_THAT(plan(kOld, kOld + evil, {"--format", "markdown"}).out, Not(HasSubstr(":`")));
}
TEST_F(PlanVerb, selectors_of_the_files_are_known) {
  const auto ran = plan(kOld + "s1._domainkey TXT \"v=DKIM1; p=AAAA\"\n", kOld, {"--at", "+1d"});
  EXPECT_EQ(ran.code, cli::exit_changes);
  EXPECT_THAT(ran.out, HasSubstr("change.selector-removed"));
}
TEST_F(PlanVerb, policies_come_from_files) {
  const std::string sts = "_mta-sts TXT \"v=STSv1; id=1;\"\n";
  const std::string policy =
      write("policy", "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: a.example.org\n");
  EXPECT_EQ(plan(kOld + sts, kNew + sts).code, cli::exit_unknown) << "nobody knows the policy of today";
  const auto ran = plan(kOld + sts, kNew + sts, {"--live-sts-policy", policy});
  EXPECT_EQ(ran.code, cli::exit_unsafe);
  EXPECT_THAT(ran.out, HasSubstr("change.sts-outlives"));
  EXPECT_THAT(ran.out, HasSubstr("change.sts-id-unchanged"));
  EXPECT_THAT(plan(kOld, kOld, {"--sts-policy", write("none", "hello")}).err, HasSubstr("none"));
}
TEST_F(PlanVerb, mistakes_are_told_and_end_with_2) {
  const auto refused = [&](const std::string& proposed, std::vector<std::string> more) {
    const auto ran = plan(kOld, proposed, std::move(more));
    EXPECT_EQ(ran.code, cli::exit_usage);
    EXPECT_EQ(ran.out, "");
    return ran.err;
  };
  EXPECT_THAT(refused(kOld, {"--at", "tomorrow"}), HasSubstr("'tomorrow' is no time such as"));
  EXPECT_THAT(refused(kOld, {"--at", "2026-11-21T09:59:59Z"}), HasSubstr("is past"));
  EXPECT_THAT(refused(kOld, {"--queue-time", "5"}), HasSubstr("--queue-time"));
  EXPECT_THAT(refused(kOld, {"--selector", "a..b"}), HasSubstr("--selector"));
  EXPECT_THAT(refused(kOld, {"--allow", "mx.none=x"}), HasSubstr("--allow"));
  EXPECT_THAT(refused(kHead + "bad A 192.0.2.\n", {}), HasSubstr("new.zone:6:"));
  EXPECT_THAT(refused("$ORIGIN example.net.\n$TTL 60\n@ MX 10 a\n", {}),
              HasSubstr("is in none of the new zones"));
}
}  // namespace
}  // namespace waybill
