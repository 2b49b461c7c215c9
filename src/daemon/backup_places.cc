#include "daemon/backup_places.h"

#include "base/log.h"

namespace waybill::daemon {

std::string_view to_string(BackupPlace::State state) {
  switch (state) {
    case BackupPlace::State::unchecked:
      return "unchecked";
    case BackupPlace::State::good:
      return "good";
    case BackupPlace::State::misplaced:
      return "misplaced";
    case BackupPlace::State::unknown:
      return "unknown";
  }
  return "unknown";
}

BackupPlace place_of(const route::Plan& plan) {
  using State = BackupPlace::State;
  switch (plan.why) {
    case route::Why::not_an_mx:
    case route::Why::loops_to_self:
    // A domain that the DNS says takes no mail, or does not exist, has no place for anybody.
    case route::Why::no_domain:
    case route::Why::no_mail:
    case route::Why::null_mx:
    case route::Why::alias_loop:
      return {State::misplaced, plan.reason};
    case route::Why::temp_failure:
    case route::Why::bogus:
    case route::Why::undecided:
      return {State::unknown, plan.reason};
    default:
      break;
  }
  return {State::good, {}};
}

void BackupPlaces::note(const mail::Domain& domain, const route::Plan& plan) {
  BackupPlace place = place_of(plan);
  {
    const std::scoped_lock lock(mutex_);
    BackupPlace& known = places_[domain.text()];
    if (known == place) return;
    known = place;
  }
  switch (place.state) {
    case BackupPlace::State::misplaced:
      return log::error("this host is no backup of the domain as things are: its mail waits",
                        {{"domain", domain.text()}, {"why", place.why}});
    case BackupPlace::State::unknown:
      return log::warning("whether this host is a backup of the domain is not known",
                          {{"domain", domain.text()}, {"why", place.why}});
    default:
      return log::info("this host is a backup of the domain", {{"domain", domain.text()}});
  }
}

BackupPlace BackupPlaces::find(const mail::Domain& domain) const {
  const std::scoped_lock lock(mutex_);
  const auto at = places_.find(domain.text());
  return at == places_.end() ? BackupPlace{} : at->second;
}

void BackupPlaces::forget() {
  const std::scoped_lock lock(mutex_);
  places_.clear();
}

}  // namespace waybill::daemon
