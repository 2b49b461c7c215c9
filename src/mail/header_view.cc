#include "mail/header_view.h"

#include <algorithm>

#include "base/bytes.h"

namespace waybill::mail {
namespace {
/// One line with its line end, from the front of `text`.
std::string_view take_line(std::string_view text) {
  const size_t end = text.find('\n');
  return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The name before the colon, RFC 5322 2.2 (printable, no space) and 4.5 (white space before the colon);
/// empty when the line is no field.
std::string_view field_name(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  std::string_view name = line.substr(0, colon);
  while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
  const bool fine = std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; });
  return fine ? name : std::string_view();
}
}  // namespace

bool HeaderField::is(std::string_view wanted) const { return iequals(name, wanted); }

std::string HeaderField::unfolded() const {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (c != '\r' && c != '\n') out += c;
  }
  return std::string(trim(out));
}

HeaderView::HeaderView(std::string_view message) {
  size_t at = 0;
  while (at < message.size()) {
    if (at >= kHeaderOctetsMax) {
      truncated_ = true;
      break;
    }
    const std::string_view line = take_line(message.substr(at));
    const std::string_view content = without_line_end(line);
    if (content.empty()) {
      has_separator_ = true;
      body_ = message.substr(at + line.size());
      break;
    }
    const bool folded = content.front() == ' ' || content.front() == '\t';
    if (folded && !fields_.empty()) {
      HeaderField& field = fields_.back();
      field.raw = {field.raw.data(), field.raw.size() + line.size()};
      const char* end = content.data() + content.size();
      field.value = {field.value.data(), static_cast<size_t>(end - field.value.data())};
      at += line.size();
      continue;
    }
    const std::string_view name = folded ? std::string_view() : field_name(content);
    if (name.empty()) {
      malformed_line_ = true;
      body_ = message.substr(at);
      break;
    }
    if (fields_.size() == kHeaderFieldsMax) {
      truncated_ = true;
      break;
    }
    fields_.push_back({name, content.substr(content.find(':') + 1), line});
    at += line.size();
  }
  block_ = message.substr(0, at);
}

const HeaderField* HeaderView::find(std::string_view name) const {
  const auto at = std::ranges::find_if(fields_, [name](const HeaderField& f) { return f.is(name); });
  return at == fields_.end() ? nullptr : &*at;
}

size_t HeaderView::count(std::string_view name) const {
  return static_cast<size_t>(
      std::ranges::count_if(fields_, [name](const HeaderField& f) { return f.is(name); }));
}

}  // namespace waybill::mail
