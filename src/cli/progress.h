// progress.h: one line on stderr that tells how far a long run is: done, of how many, rate, time left, and
// what the verb adds. Only on a terminal, at most five times a second; gone when the run is over. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace waybill::cli {

/// "[#####     ] 1,234 of 5,000 domains  812/s  4s left  extra". Pure; `columns` is the terminal's width.
struct ProgressState {
  uint64_t done = 0;
  std::optional<uint64_t> total;  ///< none: a stream whose end nobody knows
  double per_second = 0;
  std::string extra;
};
[[nodiscard]] std::string progress_line(const ProgressState& state, std::string_view what, size_t columns);

class Progress {
 public:
  enum class Show : uint8_t { when_terminal, never };
  Progress(std::string what, std::optional<uint64_t> total, Show show = Show::when_terminal);
  ~Progress();  ///< takes the line away
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(uint64_t done, std::string_view extra = {});
  /// Takes the line away, so that something can be printed; the next update draws it again.
  void clear();
  [[nodiscard]] bool shown() const { return shown_; }

 private:
  std::string what_;
  ProgressState state_;
  bool shown_ = false;
  bool drawn_ = false;
  SystemClock clock_;
  Steady started_{};
  Steady last_drawn_{};
};

}  // namespace waybill::cli
