// disk_shim.cc: loaded before a daemon under test (LD_PRELOAD), it makes its disk slow: every sync takes that many
// milliseconds longer as stand in the first eight octets of the file that WAYBILL_DISK names. The test writes there
// at any time.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {
const volatile int64_t* shared_delay_ms() {
  static const volatile int64_t* const at = [] {
    static const int64_t none = 0;
    const char* path = std::getenv("WAYBILL_DISK");
    const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return static_cast<const volatile int64_t*>(&none);
    void* page = ::mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    return page == MAP_FAILED ? static_cast<const volatile int64_t*>(&none)
                              : static_cast<const volatile int64_t*>(page);
  }();
  return at;
}

// In small steps, so that a disk that is quick again is so at once.
void wait_as_the_disk_does() {
  constexpr int64_t kStepMs = 20;
  for (int64_t waited_ms = 0; waited_ms < *shared_delay_ms(); waited_ms += kStepMs) {
    const timespec step{0, kStepMs * 1'000'000};
    ::nanosleep(&step, nullptr);
  }
}
}  // namespace

extern "C" {
int fdatasync(int fd) {
  using Real = int (*)(int);
  static const auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "fdatasync"));
  wait_as_the_disk_does();
  return real(fd);
}

int fsync(int fd) {
  using Real = int (*)(int);
  static const auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "fsync"));
  wait_as_the_disk_does();
  return real(fd);
}
}
