// Whom a backup takes mail for: what was learnt, what the primary says now, and the policy for the rest.
#include "policy/recipient_check.h"

#include <gmock/gmock.h>

namespace waybill::policy {
namespace {
using std::chrono::days;
using std::chrono::hours;
using testing::HasSubstr;
using Word = Remembered::Word;

constexpr Time kNow{Millis{1'800'000'000'000}};
const mail::Address kJane = mail::Address::parse("jane@example.net").value();
const mail::Reply kYes{250, {2, 1, 5}, "ok"};
const mail::Reply kNo{550, {5, 1, 1}, "no such user"};
const mail::Reply kLater{450, {4, 2, 0}, "greylisted"};

RecipientPolicy with(UnknownRecipients unknown) { return {.unknown = unknown}; }

std::optional<Remembered> learnt(Word word, Millis ago) {
  return Remembered{word, kNow - ago, "550 5.1.1 gone"};
}

// The decision, which must have been taken.
RecipientDecision decided(const RecipientPolicy& policy, RecipientFacts facts,
                          const mail::Address& who = kJane) {
  facts.now = kNow;
  auto step = decide_recipient(policy, who, facts);
  const auto* decision = std::get_if<RecipientDecision>(&step);
  EXPECT_NE(decision, nullptr) << "it asks";
  return decision != nullptr ? *decision : RecipientDecision{};
}

// The question, or nothing.
std::optional<CalloutQuestion> asks(const RecipientPolicy& policy, RecipientFacts facts) {
  facts.now = kNow;
  auto step = decide_recipient(policy, kJane, facts);
  const auto* questions = std::get_if<Questions<CalloutQuestion>>(&step);
  return questions != nullptr ? std::optional(questions->front()) : std::nullopt;
}

TEST(RecipientCheck, of_whom_nothing_is_known_the_primary_is_asked_and_tested) {
  EXPECT_EQ(asks({}, {}), CalloutQuestion{.test = true});
  EXPECT_EQ(asks({}, {.primary = learnt(Word::refused, hours(1))}), CalloutQuestion{.test = false});
}

TEST(RecipientCheck, what_the_primary_says_now_decides) {
  EXPECT_EQ(
      decided(with(UnknownRecipients::refuse), {.says = PrimarySays{PrimaryWord::exists, kYes, {}}}).refusal,
      std::nullopt);
  const auto no = decided({}, {.says = PrimarySays{PrimaryWord::refused, kNo, {}}, .trusted = true});
  ASSERT_TRUE(no.refusal.has_value());
  EXPECT_EQ(no.refusal->code, 550);
  EXPECT_EQ(no.refusal->enhanced.to_string(), "5.1.1");
  EXPECT_THAT(no.refusal->text, HasSubstr("550 5.1.1 no such user"));
}

TEST(RecipientCheck, what_was_learnt_stands_without_a_question) {
  EXPECT_EQ(decided(with(UnknownRecipients::refuse), {.recipient = learnt(Word::exists, days(6))}).refusal,
            std::nullopt);
  EXPECT_EQ(decided({}, {.recipient = learnt(Word::refused, hours(1))}).refusal->code, 550);
}

TEST(RecipientCheck, one_who_existed_is_asked_for_again_and_still_exists_in_an_outage) {
  const RecipientFacts stale{.recipient = learnt(Word::exists, days(20)),
                             .primary = learnt(Word::refused, hours(1))};
  EXPECT_TRUE(asks({}, stale).has_value());
  RecipientFacts outage = stale;
  outage.says = PrimarySays{PrimaryWord::unknown, kLater, {}};
  EXPECT_EQ(decided(with(UnknownRecipients::refuse), outage).refusal, std::nullopt);
  RecipientFacts gone = stale;
  gone.says = PrimarySays{PrimaryWord::refused, kNo, {}};
  EXPECT_EQ(decided({}, gone).refusal->code, 550);
}

TEST(RecipientCheck, the_policy_decides_of_the_unknown_in_an_outage) {
  const RecipientFacts outage{.says = PrimarySays{PrimaryWord::unknown, kLater, {}}};
  EXPECT_EQ(decided(with(UnknownRecipients::accept), outage).refusal, std::nullopt);
  EXPECT_EQ(decided(with(UnknownRecipients::defer), outage).refusal->code, 450);
  EXPECT_EQ(decided(with(UnknownRecipients::defer), outage).refusal->enhanced.to_string(), "4.1.1");
  EXPECT_EQ(decided(with(UnknownRecipients::refuse), outage).refusal->code, 550);
  RecipientFacts trusted = outage;
  trusted.trusted = true;
  EXPECT_EQ(decided(with(UnknownRecipients::refuse), trusted).refusal, std::nullopt);
}

TEST(RecipientCheck, postmaster_always_exists) {
  const mail::Address postmaster = mail::Address::parse("PostMaster@example.net").value();
  EXPECT_EQ(
      decided(with(UnknownRecipients::refuse), {.recipient = learnt(Word::refused, hours(1))}, postmaster)
          .refusal,
      std::nullopt);
}

TEST(RecipientCheck, a_primary_that_takes_everything_is_asked_only_where_that_matters) {
  const RecipientFacts takes_all{.primary = learnt(Word::exists, hours(1))};
  EXPECT_EQ(decided(with(UnknownRecipients::accept), takes_all).refusal, std::nullopt);
  EXPECT_EQ(asks(with(UnknownRecipients::refuse), takes_all), CalloutQuestion{.test = false});
}

TEST(LearnFrom, only_a_clear_word_is_remembered_each_for_its_time) {
  const RecipientPolicy policy;
  const auto tells = learnt(Word::refused, hours(1));
  const Lessons yes = learn_from(policy, {PrimaryWord::exists, kYes, {}}, tells, kNow);
  ASSERT_TRUE(yes.recipient.has_value());
  EXPECT_EQ(yes.recipient->remembered.word, Word::exists);
  EXPECT_EQ(yes.recipient->expires, kNow + days(31));
  const Lessons no = learn_from(policy, {PrimaryWord::refused, kNo, {}}, std::nullopt, kNow);
  ASSERT_TRUE(no.recipient.has_value());
  EXPECT_EQ(no.recipient->remembered.reply, "550 5.1.1 no such user");
  EXPECT_EQ(no.recipient->expires, kNow + hours(3));
  const Lessons nothing =
      learn_from(policy, {PrimaryWord::unknown, kLater, PrimaryWord::unknown}, tells, kNow);
  EXPECT_FALSE(nothing.recipient.has_value());
  EXPECT_FALSE(nothing.primary.has_value());
}

TEST(LearnFrom, the_yes_of_a_primary_that_may_take_everything_is_worth_nothing) {
  const PrimarySays yes{PrimaryWord::exists, kYes, {}};
  EXPECT_FALSE(learn_from({}, yes, std::nullopt, kNow).recipient.has_value()) << "never tested";
  EXPECT_FALSE(learn_from({}, yes, learnt(Word::exists, hours(1)), kNow).recipient.has_value())
      << "takes all";
  const Lessons tested =
      learn_from({}, {PrimaryWord::exists, kYes, PrimaryWord::refused}, std::nullopt, kNow);
  EXPECT_TRUE(tested.recipient.has_value());
  EXPECT_EQ(tested.primary->remembered.word, Word::refused);
  EXPECT_EQ(tested.primary->expires, kNow + days(1));
  const Lessons all =
      learn_from({}, {PrimaryWord::exists, kYes, PrimaryWord::exists}, learnt(Word::refused, days(1)), kNow);
  EXPECT_FALSE(all.recipient.has_value());
  EXPECT_EQ(all.primary->remembered.word, Word::exists);
  EXPECT_FALSE(
      learn_from({}, {PrimaryWord::exists, kYes, PrimaryWord::unknown}, learnt(Word::refused, hours(1)), kNow)
          .recipient.has_value())
      << "the test failed just now";
}

TEST(Remembered, comes_back_as_it_was_and_nothing_else_does) {
  for (const Word word : {Word::exists, Word::refused}) {
    const Remembered one{word, kNow, "550 5.1.1 gone, see http://x/ y"};
    EXPECT_EQ(decode_remembered(encode(one)), one);
    const Remembered silent{word, kNow, ""};
    EXPECT_EQ(decode_remembered(encode(silent)), silent);
  }
  for (const std::string_view bad :
       {"", "E", "E 1", "X 1 y", "E one y", "E  y", "E 99999999999999999999 y", "R1 2 y"})
    EXPECT_EQ(decode_remembered(bad), std::nullopt) << bad;
  EXPECT_EQ(decode_remembered("E 1 " + std::string(5000, 'x')), std::nullopt);
}

TEST(Remembered, the_key_keeps_the_local_parts_case) {
  EXPECT_EQ(remembered_key(mail::Address::parse("Jane@EXAMPLE.net").value()), "Jane@example.net");
  EXPECT_EQ(remembered_key(kJane.domain), "example.net");
}
}  // namespace
}  // namespace waybill::policy
