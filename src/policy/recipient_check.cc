#include "policy/recipient_check.h"

#include <charconv>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
RecipientDecision accept(std::string why) { return {std::nullopt, std::move(why)}; }

RecipientDecision refuse(uint16_t code, mail::EnhancedStatus status, std::string text, std::string why) {
  return {mail::Reply{code, status, std::move(text)}, std::move(why)};
}

RecipientDecision refuse_as_primary(const std::string& words, std::string why) {
  return refuse(550, {5, 1, 1}, words.empty() ? "no such user" : "no such user; the primary says: " + words,
                std::move(why));
}

/// On one line, and bounded: it goes into a reply of ours and into a file.
std::string words_of(const mail::Reply& reply) { return printable(reply.to_string(), kRememberedTextMax); }

RecipientDecision decide_unknown(const RecipientPolicy& policy, const RecipientFacts& facts) {
  const std::string why = "the primary does not tell: " + words_of(facts.says->reply);
  if (facts.trusted) return accept(why + "; the client is trusted, and can be told later");
  switch (policy.unknown) {
    case UnknownRecipients::accept:
      break;
    case UnknownRecipients::defer:
      return refuse(450, {4, 1, 1},
                    "the recipient is not known here, and the primary does not answer: try again later", why);
    case UnknownRecipients::refuse:
      return refuse(550, {5, 1, 1}, "the recipient is not known here, and the primary does not answer", why);
  }
  return accept(why);
}
}  // namespace

std::string encode(const Remembered& remembered) {
  return fmt::format("{} {} {}", remembered.word == Remembered::Word::exists ? 'E' : 'R',
                     remembered.learnt.time_since_epoch().count(), remembered.reply);
}

std::optional<Remembered> decode_remembered(std::string_view text) {
  if (text.size() < 4 || (text[0] != 'E' && text[0] != 'R') || text[1] != ' ') return std::nullopt;
  const size_t end = text.find(' ', 2);
  if (end == std::string_view::npos || text.size() - end - 1 > kRememberedTextMax * 4) return std::nullopt;
  int64_t ms = 0;
  const auto [at, error] = std::from_chars(text.data() + 2, text.data() + end, ms);
  if (error != std::errc{} || at != text.data() + end) return std::nullopt;
  Remembered out;
  out.word = text[0] == 'E' ? Remembered::Word::exists : Remembered::Word::refused;
  out.learnt = Time{Millis{ms}};
  out.reply = text.substr(end + 1);
  return out;
}

std::string remembered_key(const mail::Address& recipient) { return recipient.to_string(); }
std::string remembered_key(const mail::Domain& domain) { return domain.text(); }

Step<RecipientDecision, CalloutQuestion> decide_recipient(const RecipientPolicy& policy,
                                                          const mail::Address& recipient,
                                                          const RecipientFacts& facts) {
  if (iequals(recipient.local, "postmaster")) return accept("postmaster always exists");  // RFC 5321 4.5.1
  using Word = Remembered::Word;
  const bool known = facts.recipient && facts.recipient->word == Word::exists;
  if (facts.recipient && facts.recipient->word == Word::refused)
    return refuse_as_primary(facts.recipient->reply, "the primary refused it a while ago");
  // A clock that was set back makes no answer younger than fresh.
  if (known && facts.now - facts.recipient->learnt < policy.refresh_after)
    return accept("the primary took it a while ago");
  const bool takes_all = facts.primary && facts.primary->word == Word::exists;
  if (!facts.says) {
    if (takes_all && policy.unknown == UnknownRecipients::accept)
      return accept("the primary takes everything, so there is nothing to ask");
    return Questions<CalloutQuestion>{{.test = !facts.primary}};
  }
  switch (facts.says->word) {
    case PrimaryWord::exists:
      return accept("the primary takes it");
    case PrimaryWord::refused:
      return refuse_as_primary(words_of(facts.says->reply), "the primary refuses it");
    case PrimaryWord::unknown:
      break;
  }
  if (known) return accept("the primary took it once, and does not answer now");
  return decide_unknown(policy, facts);
}

Lessons learn_from(const RecipientPolicy& policy, const PrimarySays& says,
                   const std::optional<Remembered>& primary, Time now) {
  using Word = Remembered::Word;
  Lessons out;
  if (says.nobody && *says.nobody != PrimaryWord::unknown) {
    const Word word = *says.nobody == PrimaryWord::exists ? Word::exists : Word::refused;
    out.primary = Lesson{{word, now, ""}, now + policy.tested_for};
  }
  if (says.word == PrimaryWord::refused)
    out.recipient = Lesson{{Word::refused, now, words_of(says.reply)}, now + policy.refused_for};
  // The yes of a primary that takes everything, or may do so, is worth nothing.
  const std::optional<Word> test = out.primary ? out.primary->remembered.word
                                   : primary   ? std::optional(primary->word)
                                               : std::nullopt;
  const bool tested_now = says.nobody.has_value();
  const bool tells = test == Word::refused && (!tested_now || out.primary);
  if (says.word == PrimaryWord::exists && tells)
    out.recipient = Lesson{{Word::exists, now, words_of(says.reply)}, now + policy.known_for};
  return out;
}

}  // namespace waybill::policy
