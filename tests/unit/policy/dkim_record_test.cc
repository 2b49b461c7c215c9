#include "policy/dkim_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/dkim_keys.h"

namespace waybill::policy {
namespace {
using testing::HasSubstr;
using namespace test;

std::string fault(const std::string& text) {
  const DkimRecord record = parse_dkim(text);
  return record.faults.empty() ? "" : record.faults.front().what;
}

TEST(DkimRecord, keys_of_both_forms_and_kinds_are_measured) {
  EXPECT_EQ(parse_dkim("v=DKIM1; k=rsa; p=" + kDkimRsa2048).bits, 2048);
  EXPECT_EQ(parse_dkim("p=" + kDkimRsa1024).bits, 1024);
  EXPECT_EQ(parse_dkim("k=rsa;p=" + kDkimRsaPlain1024 + ";").bits, 1024);
  EXPECT_EQ(parse_dkim("v=DKIM1; k=ed25519; p=" + kDkimEd25519).bits, 256);
  EXPECT_TRUE(parse_dkim("p=" + kDkimRsa1024).faults.empty());
}
TEST(DkimRecord, blanks_within_the_key_are_nothing) {
  const std::string key = kDkimRsa2048.substr(0, 100) + " \t" + kDkimRsa2048.substr(100);
  EXPECT_EQ(parse_dkim("v=DKIM1; p=" + key).bits, 2048);
}
TEST(DkimRecord, an_empty_key_is_a_revoked_one_and_no_fault) {
  const DkimRecord record = parse_dkim("v=DKIM1; p=");
  EXPECT_TRUE(record.revoked);
  EXPECT_TRUE(record.faults.empty());
}
TEST(DkimRecord, what_no_verifier_takes) {
  EXPECT_THAT(fault("v=DKIM1; k=rsa"), HasSubstr("no p="));
  EXPECT_THAT(fault("k=rsa; v=DKIM1; p=" + kDkimRsa1024), HasSubstr("first tag"));
  EXPECT_THAT(fault("v=DKIM2; p=" + kDkimRsa1024), HasSubstr("not DKIM1"));
  EXPECT_THAT(fault("v=DKIM1; k=dsa; p=" + kDkimRsa1024), HasSubstr("know rsa and ed25519"));
  EXPECT_THAT(fault("v=DKIM1; h=sha1; p=" + kDkimRsa1024), HasSubstr("sha256"));
  EXPECT_THAT(fault("v=DKIM1; s=tlsrpt; p=" + kDkimRsa1024), HasSubstr("not for mail"));
  EXPECT_THAT(fault("v=DKIM1; p=!!!"), HasSubstr("no base64"));
  EXPECT_THAT(fault("v=DKIM1; p=" + kDkimRsa2048.substr(0, 200)), HasSubstr("cut short"));
  EXPECT_THAT(fault("v=DKIM1; p=" + kDkimEd25519), HasSubstr("no RSA key"));
  EXPECT_THAT(fault("v=DKIM1; k=ed25519; p=" + kDkimRsa1024), HasSubstr("32 octets"));
  EXPECT_THAT(fault("v=DKIM1; p=" + kDkimRsa1024 + "; p=" + kDkimRsa2048), HasSubstr("second time"));
  EXPECT_THAT(fault("v=DKIM1; p=" + std::string(20'000, 'A')), HasSubstr("over 16 KiB"));
  EXPECT_THAT(fault("hello world"), HasSubstr("no '='"));
}
TEST(DkimRecord, flags_and_tags_unknown) {
  const DkimRecord record = parse_dkim("v=DKIM1; t=s:y; s=email; g=*; p=" + kDkimRsa1024);
  EXPECT_TRUE(record.testing);
  EXPECT_EQ(record.unknown.size(), 1U);
}
TEST(DkimRecord, pasted_quotes_are_found_and_taken_out) {
  EXPECT_EQ(without_pasted_quotes("v=DKIM1; p=abc"), std::nullopt);
  EXPECT_EQ(without_pasted_quotes(R"("v=DKIM1; p=ab" "cd")"), "v=DKIM1; p=abcd");
  EXPECT_EQ(without_pasted_quotes(R"(v=DKIM1; p=ab""cd)"), "v=DKIM1; p=abcd");
  EXPECT_EQ(without_pasted_quotes("\""), "");
}

TEST(TagList, places_lie_in_the_text) {
  const std::string text = " v = DKIM1 ;; a_1=x=y ; bad ; 1=2";
  const TagList list = parse_tags(text);
  ASSERT_EQ(list.tags.size(), 2U);
  EXPECT_EQ(text.substr(list.tags[0].place.at, list.tags[0].place.size), "v = DKIM1");
  EXPECT_EQ(list.tags[1].value, "x=y");
  ASSERT_EQ(list.faults.size(), 2U);
  EXPECT_EQ(text.substr(list.faults[0].place.at, list.faults[0].place.size), "bad");
}
}  // namespace
}  // namespace waybill::policy
