#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cli/output.h"

namespace waybill::cli {
namespace {
constexpr Millis kBetweenDrawings{200};
constexpr size_t kBarColumns = 24;

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string duration(double seconds) {
  const auto whole = static_cast<uint64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
}

size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
}  // namespace

std::string progress_line(const ProgressState& state, std::string_view what, size_t columns) {
  std::string line;
  if (state.total && *state.total > 0) {
    const double part = std::min(1.0, static_cast<double>(state.done) / static_cast<double>(*state.total));
    const auto full = static_cast<size_t>(part * kBarColumns);
    line = fmt::format("[{}{}] {} of {} {}", std::string(full, '#'), std::string(kBarColumns - full, ' '),
                       grouped(state.done), grouped(*state.total), what);
  } else {
    line = fmt::format("{} {}", grouped(state.done), what);
  }
  if (state.per_second > 0) {
    line += state.per_second < 10 ? fmt::format("  {:.1f}/s", state.per_second)
                                  : fmt::format("  {}/s", grouped(static_cast<uint64_t>(state.per_second)));
    if (state.total && *state.total > state.done) {
      line += fmt::format("  {} left",
                          duration(static_cast<double>(*state.total - state.done) / state.per_second));
    }
  }
  if (!state.extra.empty()) line += "  " + state.extra;
  return shortened(terminal_safe(line), columns > 1 ? columns - 1 : 1);
}

Progress::Progress(std::string what, std::optional<uint64_t> total, Show show)
    : what_(std::move(what)),
      shown_(show == Show::when_terminal && isatty(STDERR_FILENO) == 1 && std::getenv("TERM") != nullptr),
      started_(clock_.steady()) {
  state_.total = total;
}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void Progress::update(uint64_t done, std::string_view extra) {
  state_.done = done;
  if (!shown_) return;
  const Steady now = clock_.steady();
  if (drawn_ && now - last_drawn_ < kBetweenDrawings) return;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  state_.per_second = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  state_.extra = extra;
  std::fprintf(stderr, "\r%s\x1b[K", progress_line(state_, what_, terminal_columns()).c_str());
  std::fflush(stderr);
  drawn_ = true;
  last_drawn_ = now;
}

}  // namespace waybill::cli
