// backup_places.h: whether this host stands where a backup belongs among each backup domain's MXs, as the
// last plan for it showed; told in the log when it changes. Thread rule: thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "mail/address.h"
#include "route/plan.h"

namespace waybill::daemon {

struct BackupPlace {
  enum class State : uint8_t {
    unchecked,  ///< no plan yet
    good,       ///< a better MX is known
    misplaced,  ///< we are not among the MXs, or the best of them: the mail waits for a repair
    unknown,    ///< the DNS did not tell
  };
  State state = State::unchecked;
  std::string why;  ///< of misplaced and unknown; names the fix
  bool operator==(const BackupPlace&) const = default;
};
[[nodiscard]] std::string_view to_string(BackupPlace::State state);

/// What a plan made for the role of a backup says of our place. Pure.
[[nodiscard]] BackupPlace place_of(const route::Plan& plan);

class BackupPlaces {
 public:
  void note(const mail::Domain& domain, const route::Plan& plan);
  [[nodiscard]] BackupPlace find(const mail::Domain& domain) const;
  /// A reload: what was found before is told anew if it still holds.
  void forget();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, BackupPlace> places_;
};

}  // namespace waybill::daemon
