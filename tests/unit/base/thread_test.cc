// Threads that are not to be had are an error, never the process's end. In a process of its own, because the
// limit holds for all of a user's.
#include "base/thread.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace waybill {
namespace {
TEST(Thread, runs_what_it_is_given) {
  int done = 0;
  auto thread = start_thread([&done] { done = 7; });
  ASSERT_TRUE(thread);
  thread->join();
  EXPECT_EQ(done, 7);
  EXPECT_TRUE(room_for_threads(3));
}

#ifndef __clang__  // our sanitizers' compiler: their shadow lies outside any limit of address space
/// Address space for stacks runs out for root, too, whom `ulimit -u` does not bind.
int child_without_room() {
  FILE* status = std::fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  if (status == nullptr || std::fscanf(status, "%lu", &pages) != 1) return 2;
  std::fclose(status);
  const rlim_t octets = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (64ULL << 20);
  const rlimit space{octets, octets};
  if (::setrlimit(RLIMIT_AS, &space) != 0) return 3;
  const Status room = room_for_threads(100);
  if (room || room.error().code != Errc::busy) return 4;
  if (room.error().what.find("100 are needed and there is room for ") == std::string::npos) return 5;
  return room_for_threads(1) ? 0 : 6;  // those that were started are gone again
}

TEST(Thread, none_left_is_an_error) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(child_without_room());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}
#endif
}  // namespace
}  // namespace waybill
