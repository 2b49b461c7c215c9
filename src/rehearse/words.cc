#include "rehearse/words.h"

#include <charconv>

#include "base/bytes.h"

namespace waybill::rehearse {

Words::Words(std::string file, int line, std::string_view text) : file_(std::move(file)), line_(line) {
  for (size_t at = 0; at < text.size();) {
    const size_t begin = text.find_first_not_of(" \t\r", at);
    if (begin == std::string_view::npos || text[begin] == '#') return;
    at = std::min(text.find_first_of(" \t\r", begin), text.size());
    words_.emplace_back(text.substr(begin, at - begin));
  }
}

const std::string& Words::peek() const {
  static const std::string kNone;
  return empty() ? kNone : words_[at_];
}

bool Words::take(std::string_view word) {
  if (empty() || words_[at_] != word) return false;
  ++at_;
  return true;
}

std::unexpected<Error> Words::error(std::string_view text) const {
  return fail(Errc::invalid, "{}:{}: {}", file_, line_, text);
}

Result<std::string> Words::word(std::string_view what) {
  if (empty()) return error(fmt::format("{} is missing", what));
  return words_[at_++];
}

Result<uint64_t> Words::number(std::string_view what) {
  auto text = word(what);
  if (!text) return pass(text.error());
  uint64_t value = 0;
  const auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (bad != std::errc{} || end != text->data() + text->size())
    return error(fmt::format("{}: '{}' is not a number", what, printable(*text, 40)));
  return value;
}

Result<Millis> Words::time(std::string_view what) {
  auto text = word(what);
  if (!text) return pass(text.error());
  auto value = parse_duration(*text);
  if (!value) return error(fmt::format("{}: {}", what, value.error().what));
  return *value;
}

Result<Millis> Words::signed_time(std::string_view what) {
  auto text = word(what);
  if (!text) return pass(text.error());
  const bool negative = text->starts_with('-');
  auto value = parse_duration(std::string_view(*text).substr(negative || text->starts_with('+') ? 1 : 0));
  if (!value) return error(fmt::format("{}: {}", what, value.error().what));
  return negative ? -*value : *value;
}

Result<dns::Name> Words::name(std::string_view what) {
  auto text = word(what);
  if (!text) return pass(text.error());
  auto name = dns::Name::parse(*text);
  if (!name) return error(fmt::format("{}: {}", what, name.error().what));
  return std::move(*name);
}

Result<Count> Words::count() {
  Count out;
  if (take("<=")) {
    out.is = Count::Is::at_most;
  } else if (take(">=")) {
    out.is = Count::Is::at_least;
  } else if (take("<")) {
    out.is = Count::Is::below;
  } else if (take(">")) {
    out.is = Count::Is::above;
  } else {
    (void)take("==");
    out.is = Count::Is::equal;
  }
  auto value = number("a count");
  if (!value) return pass(value.error());
  out.number = *value;
  return out;
}

Status Words::end() {
  if (!empty()) return error(fmt::format("'{}' does not belong here", printable(peek(), 40)));
  return {};
}

Result<std::optional<Window>> Words::parse_window(const std::string& word) const {
  if (word == "always") return Window{};
  const size_t dots = word.find("..");
  if (dots == std::string::npos) return std::nullopt;
  Window out;
  for (const bool first : {true, false}) {
    const std::string_view part =
        first ? std::string_view(word).substr(0, dots) : std::string_view(word).substr(dots + 2);
    if (part.empty()) continue;
    auto value = parse_duration(part);
    if (!value) return error(fmt::format("'{}': {}", printable(word, 40), value.error().what));
    (first ? out.from : out.to) = *value;
  }
  if (out.to <= out.from) return error(fmt::format("'{}' ends before it begins", printable(word, 40)));
  return out;
}

Result<std::optional<Window>> Words::window() {
  if (empty()) return std::nullopt;
  auto out = parse_window(words_[at_]);
  if (out && *out) ++at_;
  return out;
}

Result<std::optional<Window>> Words::last_window() {
  if (empty()) return std::nullopt;
  auto out = parse_window(words_.back());
  if (out && *out) words_.pop_back();
  return out;
}

std::string Words::rest() {
  std::string out;
  for (; !empty(); ++at_) out += (out.empty() ? "" : " ") + words_[at_];
  return out;
}

}  // namespace waybill::rehearse
