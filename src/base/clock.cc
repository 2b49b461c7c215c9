#include "base/clock.h"

#include <fmt/chrono.h>

#include <array>
#include <charconv>

namespace waybill {

Time SystemClock::now() const {
  return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}
Steady SystemClock::steady() const {
  return std::chrono::time_point_cast<Millis>(std::chrono::steady_clock::now());
}

namespace {
struct Civil {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<Millis> clock;
  unsigned weekday;
};
Civil civil(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss<Millis>{time - day},
          std::chrono::weekday{day}.c_encoding()};
}
struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr std::array<Unit, 6> kUnits{
    {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
}  // namespace

std::string format_rfc3339(Time time) {
  const Civil c = civil(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(c.date.year()),
                     static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()),
                     c.clock.hours().count(), c.clock.minutes().count(), c.clock.seconds().count(),
                     c.clock.subseconds().count());
}

std::string format_rfc5322(Time time) {
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = civil(time);
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} +0000", kDays.at(c.weekday),
                     static_cast<unsigned>(c.date.day()),
                     kMonths.at(static_cast<unsigned>(c.date.month()) - 1), static_cast<int>(c.date.year()),
                     c.clock.hours().count(), c.clock.minutes().count(), c.clock.seconds().count());
}

std::string format_duration(Millis duration) {
  int64_t left = duration.count();
  const bool negative = left < 0;
  if (negative) left = -left;
  std::string out;
  int units = 0;
  for (const Unit& unit : kUnits) {
    if (unit.name == "w") continue;
    if (unit.name == "ms" && units > 0) break;  // nobody reads "3s 12ms"
    const int64_t n = left / unit.ms;
    if (n == 0) {
      if (units > 0) break;
      continue;
    }
    left -= n * unit.ms;
    out += fmt::format("{}{}{}", units > 0 ? " " : "", n, unit.name);
    if (++units == 2) break;
  }
  if (units == 0) return "0s";
  return negative ? "-" + out : out;
}

Result<Millis> parse_duration(std::string_view text) {
  int64_t total_ms = 0;
  std::string_view rest = text;
  if (rest.empty()) return fail(Errc::invalid, "empty duration");
  while (!rest.empty()) {
    int64_t n = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
    if (error != std::errc{} || n < 0)
      return fail(Errc::invalid, "'{}' is not a duration such as 30m or 5d", text);
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    const size_t unit_end = rest.find_first_of("0123456789");
    const std::string_view name = rest.substr(0, unit_end);
    const Unit* found = nullptr;
    for (const Unit& unit : kUnits) {
      if (unit.name == name) found = &unit;
    }
    if (found == nullptr) return fail(Errc::invalid, "'{}' needs a unit: ms, s, m, h, d or w", text);
    if (n > 10'000'000'000 / found->ms * 1000) return fail(Errc::invalid, "'{}' is too long", text);
    total_ms += n * found->ms;
    rest.remove_prefix(name.size());
  }
  return Millis{total_ms};
}

}  // namespace waybill
