// schedule.h: the retry policy: what one attempt's outcome makes of a recipient. Pure: the time and the seed
// come in. Never turns a transient failure into a permanent one before the message's time is up (RFC 5321
// 4.5.4.1), and never asks for a report to a null reverse-path (RFC 5321 4.5.5, RFC 3461 4.1).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "queue/store.h"

namespace waybill::queue {

struct Schedule {
  /// Waits after the first, second, … failed attempt; the last one repeats. RFC 5321 4.5.4.1: at least 30
  /// min.
  std::vector<Millis> retry_after{std::chrono::minutes(30), std::chrono::hours(1), std::chrono::hours(2),
                                  std::chrono::hours(4)};
  /// Up to this part of a wait is added to it, by seed, so that what failed together doesn't return together.
  double jitter = 0.1;
  Millis expire_after = std::chrono::days(5);
  /// Mail from the null reverse-path: nobody hears of its end, so it need not stand as long.
  Millis expire_null_after = std::chrono::days(2);
  Millis delay_notice_after = std::chrono::hours(4);  ///< zero: never
  /// Domains whose mail is tried for another time than these, whoever sent it: what a backup holds.
  std::map<std::string, Millis, std::less<>> hold_for;  ///< by Domain::text()
};

[[nodiscard]] Status validate(const Schedule& schedule);

/// How long mail from this reverse-path to this domain is tried.
[[nodiscard]] Millis expire_after(const Schedule& schedule, const mail::ReversePath& from,
                                  const mail::Domain& domain);

/// How long to wait after attempt number `attempts` (1 for the first) failed.
[[nodiscard]] Millis retry_wait(const Schedule& schedule, uint16_t attempts, uint64_t seed);

enum class ReportKind : uint8_t {
  failure,    ///< bounced or expired
  delay,      ///< still trying (once)
  delivered,  ///< success, into a mailbox
  relayed,    ///< success, to a hop that knows no DSN (RFC 3461 5.2.2)
};
[[nodiscard]] std::string_view to_string(ReportKind kind);

/// How the ledger's line on a reroute ends: ", to [relay.example]:587" or ", back to the route table".
[[nodiscard]] std::string rerouted_to(const std::string& route_pin);

/// Whether somebody is to be told, and why or why not (for `why` and the ledger).
struct ReportDecision {
  bool wanted = false;
  std::string why;
};
/// RFC 3461 4.1 and 5.2: by the reverse-path and the recipient's NOTIFY.
[[nodiscard]] ReportDecision decide_report(ReportKind kind, const mail::ReversePath& from,
                                           const mail::Recipient& recipient);

/// A recipient of whom a report would tell. `wanted` is false where the sender must not or did not want to
/// hear it; the reason is kept for the explanation.
struct Report {
  ReportKind kind = ReportKind::failure;
  RecipientKey key;
  RecipientRecord record;  ///< after the change
  mail::Outcome outcome;   ///< of the last attempt; an expired one has enhanced status 4.4.7
  ReportDecision decision;
};

/// What the operator asked for while an attempt was under way.
struct Intent {
  enum class Kind : uint8_t { none, remove, hold, retry, reroute };
  Kind kind = Kind::none;
  std::string who;        ///< the person, for the ledger
  std::string route_pin;  ///< for reroute
};

/// What one attempt makes of one recipient.
struct Verdict {
  Change change;
  std::vector<Report> reports;
};
[[nodiscard]] Verdict judge(const Schedule& schedule, const MessageRecord& message, RecipientKey key,
                            const RecipientRecord& before, const mail::Outcome& outcome, const Intent& intent,
                            Time now, uint64_t seed);

}  // namespace waybill::queue
