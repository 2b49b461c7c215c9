// watch_overload.cc: once a second: what the machine says, what follows from it, and who has to go.
#include "daemon/daemon.h"

namespace waybill::daemon {
namespace {
constexpr Seconds kReadEvery{1};
}

void Daemon::watch_overload() {
  overload_.connections_told(sessions_->shed_total());
  const bool strangers_go = overload_.take(overload_.read(store_->recipients_queued()));
  const Overload::Room room = overload_.room(sessions_->active());
  sessions_->set_room(room.strangers, room.everyone);
  if (strangers_go) overload_.sessions_ended(sessions_->shed_strangers());
  overload_timer_ = control_loop_->after(kReadEvery, [this] { watch_overload(); });
}

}  // namespace waybill::daemon
