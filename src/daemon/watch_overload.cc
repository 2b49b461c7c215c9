// watch_overload.cc: once a second: what the machine says, what follows from it, and who has to go.
#include "daemon/daemon.h"

namespace waybill::daemon {
namespace {
constexpr Seconds kReadEvery{1};
}

void Daemon::watch_overload() {
  const bool used_up = overload_.connections_told(sessions_->shed_total());
  policy::PressureReadings readings = overload_.read(store_->recipients_queued());
  if (used_up) overload_.count_as_full(readings);
  const bool strangers_go = overload_.take(readings);
  const Overload::Room room = overload_.room(sessions_->active());
  sessions_->set_room(room.strangers, room.everyone);
  if (strangers_go) overload_.sessions_ended(sessions_->shed_strangers());
  overload_timer_ = control_loop_->after(kReadEvery, [this] { watch_overload(); });
}

}  // namespace waybill::daemon
