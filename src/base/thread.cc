#include "base/thread.h"

#include <latch>
#include <vector>

namespace waybill {

Status room_for_threads(unsigned count) {
  std::latch all_counted(1);
  std::vector<std::thread> threads;
  threads.reserve(count);
  Status room;
  while (threads.size() < count && room) {
    auto thread = start_thread([&all_counted] { all_counted.wait(); });
    if (thread) {
      threads.push_back(std::move(*thread));
    } else {
      room = fail(Errc::busy, "{}; {} are needed and there is room for {} (see `ulimit -u`, TasksMax)",
                  thread.error().what, count, threads.size());
    }
  }
  all_counted.count_down();
  for (std::thread& thread : threads) thread.join();
  return room;
}

}  // namespace waybill
