// decide.cc: who is told what (RFC 3461 4.1, 5.2; RFC 5321 4.5.5).
#include "bounce/report.h"

namespace waybill::bounce {

std::string_view to_string(Action action) {
  switch (action) {
    case Action::failed:
      return "failed";
    case Action::delayed:
      return "delayed";
    case Action::delivered:
      return "delivered";
    case Action::relayed:
      return "relayed";
    case Action::expanded:
      return "expanded";
  }
  return "failed";
}

Decision should_report(Action action, const mail::ReversePath& from, uint8_t notify) {
  // RFC 5321 6.1: a report on a report would never end.
  if (!from) return {false, "the reverse-path is null"};
  if ((notify & mail::notify_never) != 0) return {false, "the sender asked for NOTIFY=NEVER"};
  switch (action) {
    case Action::failed:
      // RFC 3461 4.1: without the parameter, failures are reported.
      if (notify == mail::notify_unset) return {true, "failures are reported by default"};
      if ((notify & mail::notify_failure) != 0) return {true, "the sender asked for NOTIFY=FAILURE"};
      return {false, "the sender did not ask for NOTIFY=FAILURE"};
    case Action::delayed:
      // "... or DELAY at the option of the MTA" (RFC 3461 4.1).
      if (notify == mail::notify_unset) return {true, "delays are reported by default"};
      if ((notify & mail::notify_delay) != 0) return {true, "the sender asked for NOTIFY=DELAY"};
      return {false, "the sender did not ask for NOTIFY=DELAY"};
    case Action::delivered:
    case Action::relayed:
    case Action::expanded:
      break;
  }
  if ((notify & mail::notify_success) != 0) return {true, "the sender asked for NOTIFY=SUCCESS"};
  return {false, "the sender did not ask for NOTIFY=SUCCESS"};
}

std::optional<Action> success_action(const mail::Outcome& outcome) {
  if (outcome.fate != mail::Fate::delivered) return std::nullopt;
  if (outcome.final_delivery) return Action::delivered;
  if (outcome.dsn_passed) return std::nullopt;  // RFC 3461 5.2.1: the request went along
  return Action::relayed;
}

namespace {
// The classes that an action allows; the first is its own when nothing better is known. An expired
// recipient has failed although its last reply was transient (RFC 3464's own example says so).
uint16_t class_for(const Recipient& recipient) {
  const uint16_t digit = recipient.reply.code / 100;
  switch (recipient.action) {
    case Action::failed:
      return digit == 4 || digit == 5 ? digit : (recipient.expired ? 4 : 5);
    case Action::delayed:
      return 4;
    default:
      return 2;
  }
}
}  // namespace

mail::EnhancedStatus status_of(const Recipient& recipient) {
  const uint16_t klass = class_for(recipient);
  const mail::EnhancedStatus& given = recipient.reply.enhanced;
  // RFC 2034 4: a class that contradicts the reply's first digit is a lie; its subject and detail go with it.
  if (given.present() && given.klass == klass && given.subject <= 999 && given.detail <= 999) return given;
  if (recipient.expired && klass == 4) return {4, 4, 7};  // RFC 3463 3.5: delivery time expired
  return {klass, 0, 0};
}

}  // namespace waybill::bounce
