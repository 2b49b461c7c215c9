#include "cli/when.h"

#include "base/bytes.h"
#include "control/codec.h"

namespace waybill::cli {
namespace {
constexpr Seconds kFarthest{100LL * 366 * 86'400};  ///< farther is a slip of the finger

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "+01:00" at the end (RFC 3339 5.6), taken off; 0 for "Z".
Result<Millis> take_offset(std::string& text) {
  if (text.ends_with('Z') || text.ends_with('z')) {
    text.back() = 'Z';
    return Millis{0};
  }
  const std::string_view shape =
      text.size() > 6 ? std::string_view(text).substr(text.size() - 6) : std::string_view{};
  const bool fits = shape.size() == 6 && (shape[0] == '+' || shape[0] == '-') && is_digit(shape[1]) &&
                    is_digit(shape[2]) && shape[3] == ':' && is_digit(shape[4]) && is_digit(shape[5]);
  if (!fits) return fail(Errc::invalid, "no offset");
  const int hours = (shape[1] - '0') * 10 + (shape[2] - '0');
  const int minutes = (shape[4] - '0') * 10 + (shape[5] - '0');
  if (hours > 23 || minutes > 59) return fail(Errc::invalid, "no offset");
  const Millis offset =
      (shape[0] == '-' ? -1 : 1) * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
  text.resize(text.size() - 6);
  text += 'Z';
  return offset;
}
}  // namespace

Result<Time> parse_when(std::string_view text, Time now) {
  const std::string_view given = trim(text);
  if (iequals(given, "now")) return now;
  const bool plus = given.starts_with('+');
  if (plus || (given.size() > 3 && iequals(given.substr(0, 3), "in "))) {
    const auto span = parse_duration(trim(given.substr(plus ? 1 : 3)));
    if (!span) return pass(span.error());
    if (*span > kFarthest)
      return fail(Errc::invalid, "'{}' is more than 100 years away", printable(given, 40));
    return now + *span;
  }
  std::string rest(given);
  const auto offset = take_offset(rest);
  const auto time = offset ? control::parse_rfc3339(rest) : Result<Time>(pass(offset.error()));
  if (!time) {
    return fail(Errc::invalid, "'{}' is no time such as 2026-11-23T10:00:00Z, +2d or 'in 6h'",
                printable(given, 40));
  }
  return *time - *offset;
}

std::string format_when(Time time) { return format_rfc3339(time).substr(0, 19) + "Z"; }

}  // namespace waybill::cli
