#include "policy/spf_survey.h"

#include <gmock/gmock.h>

#include "support/facts_kit.h"

namespace waybill::policy {
namespace {
using State = SpfSurvey::State;

SpfSurvey survey(test::FactsKit world) {
  const auto domain = dns::Name::parse("example.org").value();
  return world.run<SpfSurvey>([&](const dns::Facts& facts) { return survey_spf(domain, facts); });
}

TEST(SpfSurvey, counts_every_lookup_of_the_tree_and_says_who_needs_them) {
  const SpfSurvey all =
      survey(test::FactsKit("@ TXT \"v=spf1 mx include:a.example.org include:b.example.org ip4:192.0.2.1 "
                            "-all\"\n@ MX 10 m\nm A 192.0.2.1\n"
                            "a TXT \"v=spf1 include:b.example.org a:m.example.org exists:m.example.org "
                            "-all\"\nb TXT \"v=spf1 a:m.example.org ~all\""));
  EXPECT_EQ(all.lookups(), 1 + (1 + 3 + 1) + (1 + 1));
  EXPECT_FALSE(all.at_least());
  ASSERT_EQ(all.costs.size(), 3U);
  EXPECT_EQ(all.costs[0].term, "include:a.example.org");
  EXPECT_EQ(all.costs[0].lookups, 5);
  EXPECT_EQ(all.path_to(2), "example.org → a.example.org → b.example.org");
  EXPECT_TRUE(all.voids.empty());
}
TEST(SpfSurvey, what_stands_behind_all_is_never_looked_up) {
  EXPECT_EQ(survey(test::FactsKit("@ TXT \"v=spf1 -all a include:x.example.org redirect=y.example.org\""))
                .lookups(),
            0);
  EXPECT_EQ(
      survey(test::FactsKit("@ TXT \"v=spf1 redirect=y.example.org\"\ny TXT \"v=spf1 a -all\"")).lookups(),
      2);
}
TEST(SpfSurvey, an_include_that_fails_makes_the_count_uncertain) {
  const SpfSurvey all =
      survey(test::FactsKit(
                 "@ TXT \"v=spf1 include:a.example.org -all\"\na TXT \"v=spf1 include:x.example.org -all\"")
                 .fails("x.example.org", dns::Type::txt));
  EXPECT_EQ(all.lookups(), 2);
  EXPECT_TRUE(all.at_least());
  EXPECT_EQ(all.nodes.at(2).state, State::unknown);
}
TEST(SpfSurvey, loops_crowds_voids_and_pointers_are_found) {
  std::string zone =
      "@ TXT \"v=spf1 include:a.example.org include:%{i}.x.example.org mx a:gone.example.org ptr -all\"\n"
      "a TXT \"v=spf1 include:example.org include:nothing.example.org -all\"\n";
  for (int i = 0; i < 11; ++i) zone += "@ MX 10 h" + std::to_string(i) + "\n";
  const SpfSurvey all = survey(test::FactsKit(zone));
  EXPECT_EQ(all.nodes.at(2).state, State::loop);
  EXPECT_EQ(all.nodes.at(3).state, State::none);
  EXPECT_EQ(all.nodes.at(4).state, State::depends);
  ASSERT_EQ(all.crowded.size(), 1U);
  EXPECT_EQ(all.crowded[0].hosts, 11U);
  ASSERT_EQ(all.voids.size(), 1U);
  EXPECT_EQ(all.voids[0].term, "a:gone.example.org");
  EXPECT_EQ(all.pointers.size(), 1U);
}
TEST(SpfSurvey, a_name_with_one_family_is_not_void_and_a_failure_is_neither) {
  const SpfSurvey all =
      survey(test::FactsKit("@ TXT \"v=spf1 a:six.example.org a:odd.example.org -all\"\nsix AAAA 2001:db8::1")
                 .fails("odd.example.org", dns::Type::a));
  EXPECT_TRUE(all.voids.empty());
  ASSERT_EQ(all.unanswered.size(), 1U);
  EXPECT_EQ(all.unanswered[0].name.to_string(), "odd.example.org");
}
TEST(SpfSurvey, the_last_record_of_redirects_is_found) {
  EXPECT_EQ(survey(test::FactsKit("@ TXT \"v=spf1 redirect=y.example.org\"\ny TXT \"v=spf1 ?all\""))
                .last()
                ->domain.to_string(),
            "y.example.org");
  EXPECT_EQ(survey(test::FactsKit("@ TXT \"v=spf1 redirect=y.example.org\"")).last(), nullptr);
}
TEST(SpfSurvey, a_tree_that_doubles_at_every_step_is_cut) {
  std::string zone = "@ TXT \"v=spf1 include:d0.example.org include:d0.example.org -all\"\n";
  for (int i = 0; i < 40; ++i)
    zone += fmt::format("d{} TXT \"v=spf1 include:d{}.example.org include:d{}.example.org -all\"\n", i, i + 1,
                        i + 1);
  const SpfSurvey all = survey(test::FactsKit(zone));
  EXPECT_LE(all.nodes.size(), 64U);
  EXPECT_GT(all.lookups(), 10);
  EXPECT_TRUE(all.at_least());
}
TEST(SpfSurvey, a_long_chain_is_cut_before_the_rounds_of_questions_run_out) {
  std::string zone = "@ TXT \"v=spf1 include:d0.example.org -all\"\n";
  for (int i = 0; i < 100; ++i)
    zone += fmt::format("d{} TXT \"v=spf1 include:d{}.example.org -all\"\n", i, i + 1);
  test::FactsKit world(zone);
  const auto domain = dns::Name::parse("example.org").value();
  const auto all =
      world.run<SpfSurvey>([&](const dns::Facts& facts) { return survey_spf(domain, facts); }, 20);
  EXPECT_GT(all.lookups(), 10);
  EXPECT_TRUE(all.at_least());
}
TEST(SpfSurvey, huge_records_are_not_read_without_end_and_that_is_no_absence) {
  std::string zone = "@ TXT \"v=spf1";
  for (int i = 0; i < 8; ++i) zone += fmt::format(" include:d{}.example.org", i);
  zone += " -all\"\n";
  for (int i = 0; i < 8; ++i) {
    zone += fmt::format("d{} TXT \"v=spf1\"", i);
    for (int part = 0; part < 240; ++part) zone += " \"" + std::string(200, ' ') + "\"";
    zone += "\n";
  }
  const SpfSurvey all = survey(test::FactsKit(zone));
  EXPECT_EQ(all.lookups(), 8);
  EXPECT_TRUE(all.at_least());
  EXPECT_EQ(all.nodes.back().state, State::unknown);
  EXPECT_FALSE(all.nodes.back().failed.why.empty());
}
}  // namespace
}  // namespace waybill::policy
