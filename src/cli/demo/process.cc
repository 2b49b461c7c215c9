#include "cli/demo/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/bytes.h"

namespace waybill::cli::demo {

std::string program_for_shell() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path == nullptr ? "" : path, ':')) {
    const fs::path found = fs::path(folder) / "waybill";
    if (!fs::exists(found, error)) continue;
    if (fs::equivalent(found, self, error)) return "waybill";
    break;  // the shell takes the first
  }
  const std::string text = self.string();
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Result<Process> Process::start(const std::vector<std::string>& args, const std::string& log_file) {
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return pass(errno_error(fmt::format("cannot write {}", log_file)));
  std::vector<char*> argv{const_cast<char*>("waybill")};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    ::close(log);
    return pass(errno_error("fork"));
  }
  if (pid == 0) {
    // A demo that is killed must not leave its internet behind.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    ::setpgid(0, 0);  // Ctrl-C is for the demo; it ends its children in order
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
  }
  ::close(log);
  Process out;
  out.pid_ = pid;
  return out;
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
    status_ = other.status_;
  }
  return *this;
}

Process::~Process() { kill(); }

bool Process::reap(bool wait) {
  if (pid_ < 0) return true;
  if (::waitpid(pid_, &status_, wait ? 0 : WNOHANG) != pid_) return false;
  pid_ = -1;
  return true;
}

bool Process::running() { return pid_ >= 0 && !reap(false); }

bool Process::stop(Millis patience) {
  if (pid_ < 0) return false;
  ::kill(pid_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (reap(false)) return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
    std::this_thread::sleep_for(Millis{10});
  }
  kill();
  return false;
}

void Process::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  reap(true);
}

}  // namespace waybill::cli::demo
