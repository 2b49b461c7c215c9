// recipient_check.h: whether a backup takes mail for a recipient that it can only know from its primary: from
// what was learnt, what the primary says now, and the domain's policy for those of whom nothing is known.
//
// Pure: no clock, no socket. A function of the facts known so far to a decision, or to the question still
// open (base/decide.h). Never learns from a client, nor from anything but the primary's clear word; never
// refuses postmaster (RFC 5321 4.5.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/decide.h"
#include "mail/address.h"
#include "mail/outcome.h"

namespace waybill::policy {

/// For recipients of whom nothing is known while the primary does not answer.
enum class UnknownRecipients : uint8_t { accept, defer, refuse };

struct RecipientPolicy {
  UnknownRecipients unknown = UnknownRecipients::accept;
  Millis known_for = std::chrono::days{31};
  Millis refresh_after = std::chrono::days{7};
  Millis refused_for = std::chrono::hours{3};
  Millis tested_for = std::chrono::days{1};  ///< how long the test for a primary that takes everything counts
};

/// What a primary said, as it is remembered. Of a recipient: exists or refused. Of a domain's primary:
/// refused, when it refuses a name that nobody has, so that its yes is worth something; exists, when it takes
/// everything.
struct Remembered {
  enum class Word : uint8_t { exists, refused };
  Word word = Word::exists;
  Time learnt{};
  std::string reply;  ///< its words; at most kRememberedTextMax octets
  bool operator==(const Remembered&) const = default;
};
inline constexpr size_t kRememberedTextMax = 200;
[[nodiscard]] std::string encode(const Remembered& remembered);
/// Nothing for what encode() did not write: a damaged file teaches nothing.
[[nodiscard]] std::optional<Remembered> decode_remembered(std::string_view text);
/// The key under which it is kept: the address exactly as the primary was asked for it (RFC 5321 2.4: the
/// local part's case is the primary's business); of a domain's primary, the domain.
[[nodiscard]] std::string remembered_key(const mail::Address& recipient);
[[nodiscard]] std::string remembered_key(const mail::Domain& domain);

enum class PrimaryWord : uint8_t { unknown, exists, refused };
/// What a callout found out.
struct PrimarySays {
  PrimaryWord word = PrimaryWord::unknown;
  mail::Reply reply;                  ///< the primary's, or ours on why there is none
  std::optional<PrimaryWord> nobody;  ///< of a name that nobody has, if that was asked
};

struct RecipientFacts {
  std::optional<Remembered> recipient;
  std::optional<Remembered> primary;  ///< none: it has to be tested
  std::optional<PrimarySays> says;    ///< none: not asked yet
  bool trusted = false;               ///< the client is trusted or authenticated: it can be told later
  Time now{};
};

/// The primary is to be asked for the recipient; `test`: for a name that nobody has, too.
struct CalloutQuestion {
  bool test = false;
  bool operator==(const CalloutQuestion&) const = default;
};

struct RecipientDecision {
  std::optional<mail::Reply> refusal;
  std::string why;  ///< for the log: what it rests on
};

[[nodiscard]] Step<RecipientDecision, CalloutQuestion> decide_recipient(const RecipientPolicy& policy,
                                                                        const mail::Address& recipient,
                                                                        const RecipientFacts& facts);

/// What is to be remembered of a callout's result: none for what was not clear.
struct Lesson {
  Remembered remembered;
  Time expires{};
};
struct Lessons {
  std::optional<Lesson> recipient;
  std::optional<Lesson> primary;
};
/// `primary`: what was known of it before.
[[nodiscard]] Lessons learn_from(const RecipientPolicy& policy, const PrimarySays& says,
                                 const std::optional<Remembered>& primary, Time now);

}  // namespace waybill::policy
