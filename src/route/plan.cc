#include "route/plan.h"

namespace waybill::route {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::deliver:
      return "deliver";
    case Verdict::defer:
      return "defer";
    case Verdict::bounce:
      return "bounce";
    case Verdict::discard:
      return "discard";
    case Verdict::hold:
      return "hold";
  }
  return "defer";
}

std::string_view to_string(Why why) {
  switch (why) {
    case Why::ok:
      return "ok";
    case Why::no_domain:
      return "no_domain";
    case Why::no_mail:
      return "no_mail";
    case Why::null_mx:
      return "null_mx";
    case Why::temp_failure:
      return "temp_failure";
    case Why::bogus:
      return "bogus";
    case Why::not_an_mx:
      return "not_an_mx";
    case Why::alias_loop:
      return "alias_loop";
    case Why::loops_to_self:
      return "loops_to_self";
    case Why::reserved_only:
      return "reserved_only";
    case Why::family_off:
      return "family_off";
    case Why::down:
      return "down";
    case Why::bad_route:
      return "bad_route";
    case Why::by_route:
      return "by_route";
    case Why::undecided:
      return "undecided";
  }
  return "undecided";
}

std::string_view to_string(HostSource source) {
  switch (source) {
    case HostSource::mx:
      return "mx";
    case HostSource::implicit:
      return "implicit";
    case HostSource::null:
      return "null";
    case HostSource::literal:
      return "literal";
    case HostSource::route:
      return "route";
  }
  return "mx";
}

std::string_view to_string(HostStatus status) {
  switch (status) {
    case HostStatus::ok:
      return "ok";
    case HostStatus::no_address:
      return "no_address";
    case HostStatus::temp_failure:
      return "temp_failure";
    case HostStatus::invalid:
      return "invalid";
    case HostStatus::is_self:
      return "is_self";
    case HostStatus::not_better:
      return "not_better";
    case HostStatus::already_listed:
      return "already_listed";
    case HostStatus::reserved:
      return "reserved";
    case HostStatus::family_off:
      return "family_off";
    case HostStatus::down:
      return "down";
    case HostStatus::over_limit:
      return "over_limit";
  }
  return "temp_failure";
}

mail::Outcome Plan::outcome() const {
  if (decision == Verdict::bounce) return mail::Outcome::rejected(code, enhanced, reason);
  // A plan that delivers has no outcome yet; whoever asks all the same must not lose the mail.
  if (decision == Verdict::deliver) return mail::Outcome::deferred(451, {4, 3, 0}, "not tried yet");
  if (decision == Verdict::discard) return {.fate = mail::Fate::discarded, .reply = {0, {}, reason}};
  if (decision == Verdict::hold) return {.fate = mail::Fate::held, .reply = {0, {}, reason}};
  return mail::Outcome::deferred(code, enhanced, reason);
}

}  // namespace waybill::route
