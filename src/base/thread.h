// thread.h: threads as results. Where the system has none left (EAGAIN: `ulimit -u`, a cgroup's pids.max) the
// caller hears of it and decides; std::thread alone would throw, and end a daemon that could go on.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

#include "base/result.h"

namespace waybill {

/// Runs `body` on a thread of its own, which the caller joins. Errors: busy.
template <class Body>
[[nodiscard]] Result<std::thread> start_thread(Body body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return fail(Errc::busy, "cannot start a thread: {}", error.code().message());
  }
}

/// True if `count` more threads can exist beside those there are: starts them, and ends them again. For a
/// library that ends the process when it gets none. Errors: busy.
[[nodiscard]] Status room_for_threads(unsigned count);

}  // namespace waybill
