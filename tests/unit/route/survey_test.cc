#include "route/survey.h"

#include <gmock/gmock.h>

#include "support/mail_world.h"

namespace waybill::route {
namespace {
using dns::Ptr;
using dns::PtrStatus;
using namespace test;

class SurveyTest : public testing::Test {
 protected:
  SurveyTest() { world_.mx("example.org", {{10, "mx.example.org"}}).host("mx.example.org", {"192.0.2.1"}); }
  Ptr ptr_of(std::string_view address) {
    const Survey survey = survey_blocking({domain("example.org")}, AskPtr::yes, world_).front();
    return survey.ptr.at(ip(address));
  }
  MailWorld world_;
};

TEST_F(SurveyTest, rfc_113_agreeing_name_passes) {
  world_.ptr("192.0.2.1", "mx.example.org");
  EXPECT_EQ(ptr_of("192.0.2.1"), (Ptr{PtrStatus::agrees, "mx.example.org"}));
}

TEST_F(SurveyTest, rfc_113_a_name_that_leads_elsewhere_fails) {
  world_.ptr("192.0.2.1", "else.example").host("else.example", {"192.0.2.99"});
  EXPECT_EQ(ptr_of("192.0.2.1"), (Ptr{PtrStatus::disagrees, "else.example"}));
}

TEST_F(SurveyTest, rfc_113_no_name_and_an_unanswered_question_differ) {
  EXPECT_EQ(ptr_of("192.0.2.1").status, PtrStatus::none);
  world_.fails("1.2.0.192.in-addr.arpa", dns::Type::ptr);
  EXPECT_EQ(ptr_of("192.0.2.1").status, PtrStatus::unknown);
}

TEST_F(SurveyTest, rfc_113_an_unanswered_forward_lookup_is_unknown_unless_another_name_agrees) {
  world_.ptr("192.0.2.1", "a.example").fails("a.example", dns::Type::a);
  EXPECT_EQ(ptr_of("192.0.2.1").status, PtrStatus::unknown);
  world_.ptr("192.0.2.1", "mx.example.org");
  EXPECT_EQ(ptr_of("192.0.2.1"), (Ptr{PtrStatus::agrees, "mx.example.org"}));
}

TEST_F(SurveyTest, rfc_142_names_of_one_address_are_followed_to_a_bound) {
  for (int i = 0; i < 50; ++i) world_.ptr("192.0.2.1", fmt::format("n{}.example", i));
  EXPECT_EQ(ptr_of("192.0.2.1").status, PtrStatus::disagrees);
  EXPECT_LE(world_.asked_of_type(dns::Type::a), 11U);
}

TEST_F(SurveyTest, reverse_dns_is_left_alone_when_not_wanted) {
  const Survey survey = survey_blocking({domain("example.org")}, AskPtr::no, world_).front();
  EXPECT_EQ(survey.ptr.at(ip("192.0.2.1")).status, PtrStatus::not_asked);
  EXPECT_EQ(world_.asked_of_type(dns::Type::ptr), 0U);
}

TEST_F(SurveyTest, several_domains_come_back_in_order) {
  world_.mx("null.example", {{0, "."}});
  const auto surveys = survey_blocking(
      {domain("null.example"), domain("example.org"), domain("gone.example")}, AskPtr::no, world_);
  ASSERT_EQ(surveys.size(), 3U);
  EXPECT_EQ(surveys[0].status, MailStatus::null_mx);
  EXPECT_EQ(surveys[1].status, MailStatus::ok);
  EXPECT_EQ(surveys[2].status, MailStatus::no_domain);
  EXPECT_EQ(surveys[1].domain.text(), "example.org");
}
}  // namespace
}  // namespace waybill::route
