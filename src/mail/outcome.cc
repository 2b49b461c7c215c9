#include "mail/outcome.h"

#include <charconv>

#include "base/bytes.h"

namespace waybill::mail {

std::string EnhancedStatus::to_string() const {
  return present() ? fmt::format("{}.{}.{}", klass, subject, detail) : std::string();
}

Result<EnhancedStatus> EnhancedStatus::parse(std::string_view text) {
  const auto parts = split(text, '.');
  uint16_t numbers[3] = {};
  if (parts.size() != 3)
    return fail(Errc::invalid, "'{}' is not an enhanced status code such as 5.1.1", printable(text, 40));
  for (size_t i = 0; i < 3; ++i) {
    const auto [end, error] = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), numbers[i]);
    if (error != std::errc{} || end != parts[i].data() + parts[i].size() || parts[i].size() > 3) {
      return fail(Errc::invalid, "'{}' is not an enhanced status code such as 5.1.1", printable(text, 40));
    }
  }
  if (numbers[0] != 2 && numbers[0] != 4 && numbers[0] != 5) {
    return fail(Errc::invalid, "an enhanced status code begins with 2, 4 or 5 (RFC 3463 2), not {}",
                numbers[0]);
  }
  return EnhancedStatus{numbers[0], numbers[1], numbers[2]};
}

std::string Reply::to_string() const {
  std::string out = code == 0 ? std::string() : fmt::format("{}", code);
  if (enhanced.present()) out += " " + enhanced.to_string();
  if (!text.empty() && !out.empty()) out += " ";
  for (const char c : text) {
    if (c == '\n') {
      out += " / ";
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::delivered:
      return "delivered";
    case Fate::deferred:
      return "deferred";
    case Fate::rejected:
      return "rejected";
    case Fate::discarded:
      return "discarded";
    case Fate::held:
      return "held";
  }
  return "deferred";
}

Outcome Outcome::deferred(uint16_t code, EnhancedStatus enhanced, std::string text) {
  return {.fate = Fate::deferred, .reply = {code, enhanced, std::move(text)}};
}

Outcome Outcome::rejected(uint16_t code, EnhancedStatus enhanced, std::string text) {
  return {.fate = Fate::rejected, .reply = {code, enhanced, std::move(text)}};
}

}  // namespace waybill::mail
