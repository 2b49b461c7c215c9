// report_reader.h: a plain reader of delivery reports for the tests: strict, and independent of the writer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "bounce/report.h"

namespace waybill::bounce::test {

struct Entity {
  std::vector<std::pair<std::string, std::string>> fields;  // unfolded, in order
  std::string body;

  [[nodiscard]] std::string get(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (iequals(key, name)) return value;
    }
    return {};
  }
  [[nodiscard]] size_t count(std::string_view name) const {
    size_t n = 0;
    for (const auto& field : fields) n += iequals(field.first, name) ? 1 : 0;
    return n;
  }
};

inline std::string text_of(const Report& report) {
  std::string out;
  for (const Chunk& chunk : report.chunks) out += chunk.view();
  return out;
}

// Fields up to an empty line (or the end). Nothing when a line is neither a field nor a fold.
inline std::optional<Entity> read_entity(std::string_view text) {
  Entity out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = text.find("\r\n", at);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(at, end - at);
    at = end + 2;
    if (line.empty()) {
      out.body = text.substr(at);
      return out;
    }
    if (line.front() == ' ') {
      if (out.fields.empty()) return std::nullopt;
      out.fields.back().second += line;
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    out.fields.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return out;
}

// The parts of a multipart, by RFC 2046 5.1.1; nothing when the closing delimiter is missing.
inline std::optional<std::vector<Entity>> read_parts(const Entity& whole) {
  const std::string type = whole.get("Content-Type");
  const size_t from = type.find("boundary=\"");
  if (from == std::string::npos) return std::nullopt;
  const std::string boundary = type.substr(from + 10, type.find('"', from + 10) - from - 10);
  if (boundary.empty() || boundary.size() > 70) return std::nullopt;
  const std::string body = "\r\n" + whole.body;
  const std::string delimiter = "\r\n--" + boundary;
  std::vector<Entity> out;
  size_t at = body.find(delimiter);
  while (at != std::string::npos) {
    at += delimiter.size();
    if (body.substr(at, 2) == "--") return body.substr(at) == "--\r\n" ? std::optional(out) : std::nullopt;
    if (body.substr(at, 2) != "\r\n") return std::nullopt;
    const size_t next = body.find(delimiter, at);
    if (next == std::string::npos) return std::nullopt;
    auto part = read_entity(std::string_view(body).substr(at + 2, next - at - 2));
    if (!part) return std::nullopt;
    out.push_back(std::move(*part));
    at = next;
  }
  return std::nullopt;
}

// The groups of fields of a delivery-status: the message's, then one each recipient.
inline std::optional<std::vector<Entity>> read_groups(std::string_view status) {
  std::vector<Entity> out;
  while (!status.empty()) {
    auto group = read_entity(status);
    if (!group) return std::nullopt;
    const std::string rest = group->body;
    group->body.clear();
    out.push_back(std::move(*group));
    status.remove_prefix(status.size() - rest.size());
  }
  return out;
}

// Every line ends in CRLF, and none is longer than 998 octets.
inline bool lines_are_sound(std::string_view text) {
  size_t line = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') return false;
    if (c == '\r') {
      if (i + 1 == text.size() || text[i + 1] != '\n') return false;
      ++i;
      line = 0;
    } else if (c == '\0' || ++line > 998) {
      return false;
    }
  }
  return line == 0;
}

}  // namespace waybill::bounce::test
