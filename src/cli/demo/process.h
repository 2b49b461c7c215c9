// process.h: a child process of the demo: started, asked to end, or killed; never outlives the demo.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace waybill::cli::demo {

/// What calls this program from a shell: "waybill" where $PATH leads to it, else its path, quoted if need be.
[[nodiscard]] std::string program_for_shell();

class Process {
 public:
  /// Starts this very program with `args`, its output appended to `log_file`. Errors: io.
  [[nodiscard]] static Result<Process> start(const std::vector<std::string>& args,
                                             const std::string& log_file);
  Process() = default;
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  /// Kills what still runs.
  ~Process();

  [[nodiscard]] bool running();
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// SIGTERM, then waits; SIGKILL once `patience` is over. True if it ended by itself with exit code 0.
  bool stop(Millis patience);
  /// SIGKILL: as a power cut would end it.
  void kill();

 private:
  bool reap(bool wait);
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace waybill::cli::demo
