// Whatever is known and whatever the primary says: what a backup may never do with a recipient.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "policy/recipient_check.h"

namespace waybill::policy {
namespace {
constexpr Time kNow{Millis{1'800'000'000'000}};

int pick(int below) { return *rc::gen::inRange(0, below); }

std::optional<Remembered> any_memory() {
  if (pick(3) == 0) return std::nullopt;
  const auto word = pick(2) == 0 ? Remembered::Word::exists : Remembered::Word::refused;
  return Remembered{word, kNow - Millis{Millis::rep{pick(5'000)} * 1'000'000}, "550 5.1.1 x"};
}

PrimaryWord any_word() { return static_cast<PrimaryWord>(pick(3)); }

PrimarySays any_says() {
  static const mail::Reply kReplies[] = {
      {451, {4, 4, 1}, "silence"}, {250, {2, 1, 5}, "ok"}, {550, {5, 1, 1}, "no"}};
  PrimarySays out;
  out.word = any_word();
  out.reply = kReplies[static_cast<size_t>(out.word)];
  if (pick(2) == 0) out.nobody = any_word();
  return out;
}

RecipientFacts any_facts() {
  RecipientFacts out;
  out.recipient = any_memory();
  out.primary = any_memory();
  out.trusted = pick(2) == 0;
  out.now = kNow;
  return out;
}

RC_GTEST_PROP(RecipientCheck, one_answer_is_always_enough_and_silence_is_never_the_primarys_no, ()) {
  const RecipientPolicy policy{.unknown = static_cast<UnknownRecipients>(pick(3))};
  const mail::Address who = mail::Address::parse(pick(8) == 0 ? "postmaster@x.test" : "jane@x.test").value();
  RecipientFacts facts = any_facts();
  auto step = decide_recipient(policy, who, facts);
  if (std::holds_alternative<Questions<CalloutQuestion>>(step)) {
    facts.says = any_says();
    step = decide_recipient(policy, who, facts);
  }
  const auto* decision = std::get_if<RecipientDecision>(&step);
  RC_ASSERT(decision != nullptr);
  if (!decision->refusal) return;
  RC_ASSERT(who.local != "postmaster");
  const bool remembered_no = facts.recipient && facts.recipient->word == Remembered::Word::refused;
  const bool said_no = facts.says && facts.says->word == PrimaryWord::refused;
  // Otherwise it is the operator's policy for silence, which strikes neither those once known nor the
  // trusted.
  if (remembered_no || said_no) return;
  RC_ASSERT(facts.says && facts.says->word == PrimaryWord::unknown);
  RC_ASSERT(policy.unknown != UnknownRecipients::accept && !facts.trusted && !facts.recipient);
}

RC_GTEST_PROP(RecipientCheck, learns_a_recipient_only_from_the_primarys_own_word, ()) {
  const PrimarySays says = any_says();
  const auto primary = any_memory();
  const Lessons lessons = learn_from({}, says, primary, kNow);
  if (lessons.recipient) {
    const bool exists = lessons.recipient->remembered.word == Remembered::Word::exists;
    RC_ASSERT(says.word == (exists ? PrimaryWord::exists : PrimaryWord::refused));
    RC_ASSERT(lessons.recipient->expires > kNow);
    if (exists && says.nobody) RC_ASSERT(*says.nobody == PrimaryWord::refused);
    if (exists && !says.nobody) RC_ASSERT(primary && primary->word == Remembered::Word::refused);
  }
  if (lessons.primary) RC_ASSERT(says.nobody && *says.nobody != PrimaryWord::unknown);
}

RC_GTEST_PROP(Remembered, any_text_is_decoded_or_refused_and_what_was_written_comes_back,
              (const std::string& text)) {
  if (const auto read = decode_remembered(text)) RC_ASSERT(decode_remembered(encode(*read)) == read);
}
}  // namespace
}  // namespace waybill::policy
