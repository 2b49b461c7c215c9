#include "queue/types.h"

namespace waybill::queue {

std::string_view to_string(State state) {
  switch (state) {
    case State::queued:
      return "queued";
    case State::held:
      return "held";
    case State::delivered:
      return "delivered";
    case State::bounced:
      return "bounced";
    case State::expired:
      return "expired";
    case State::deleted:
      return "deleted";
  }
  return "unknown";
}

std::string_view to_string(EventKind kind) {
  switch (kind) {
    case EventKind::accepted:
      return "accepted";
    case EventKind::delivered:
      return "delivered";
    case EventKind::deferred:
      return "deferred";
    case EventKind::bounced:
      return "bounced";
    case EventKind::expired:
      return "expired";
    case EventKind::deleted:
      return "deleted";
    case EventKind::held:
      return "held";
    case EventKind::released:
      return "released";
    case EventKind::retry_asked:
      return "retry asked";
    case EventKind::rerouted:
      return "rerouted";
    case EventKind::report_sent:
      return "report sent";
    case EventKind::delay_notice_sent:
      return "delay notice sent";
    case EventKind::set_aside:
      return "set aside";
    case EventKind::expanded:
      return "expanded";
  }
  return "unknown";
}

}  // namespace waybill::queue
