// Any octets as a message, with CRLF line ends: the first octet says how it is cut. What the filter of forged
// fields leaves is the same in every cut; to a naive reader, who takes the header apart whole, it has no
// field of ours; and all else stands there as it did, in its order. Only a field beyond the filter's memory
// that has our name or Authentication-Results' may go though it is honest.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "receive/forged_fields.h"

namespace {
using namespace waybill;
using receive::ForgedFieldFilter;

constexpr std::string_view kOurId = "mx.example";

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

std::string with_crlf(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    if (c == '\r') continue;
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

/// Its octets in pieces of `cut`.
std::string filtered(const std::string& message, size_t cut) {
  ForgedFieldFilter filter{std::string(kOurId)};
  std::string out;
  for (size_t at = 0; at < message.size(); at += cut) {
    const size_t before = out.size();
    out.append(message, at, cut);
    filter.filter(out, before);
    require(filter.held_octets() <= ForgedFieldFilter::kHeldOctetsMax, "it holds back too much");
  }
  filter.finish(out);
  return out;
}

struct Message {
  std::vector<std::string> fields;  ///< whole, with their line ends
  std::string rest;                 ///< from the line on that ends the header
};

Message taken_apart(const std::string& text) {
  Message out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t newline = text.find('\n', at);
    const std::string line = text.substr(at, newline == std::string::npos ? newline : newline + 1 - at);
    const bool blank = line.front() == ' ' || line.front() == '\t';
    if (blank && !out.fields.empty()) {
      out.fields.back() += line;
    } else if (line.find(':') == std::string::npos) {
      break;
    } else {
      out.fields.push_back(line);
    }
    at += line.size();
  }
  out.rest = text.substr(at);
  return out;
}

std::string name_of(const std::string& field) {
  std::string name = field.substr(0, field.find(':'));
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.pop_back();
  return to_lower(name);
}

/// The text without comments and the white space that stands first (RFC 5322 3.2.2), one octet after another.
std::string id_of(const std::string& field) {
  size_t at = field.find(':') + 1;
  int depth = 0;
  for (; at < field.size(); ++at) {
    const char c = field[at];
    if (depth > 0 && c == '\\') {
      ++at;
    } else if (c == '(') {
      ++depth;
    } else if (depth > 0) {
      depth -= c == ')' ? 1 : 0;
    } else if (std::string_view(" \t\r\n").find(c) == std::string_view::npos) {
      break;
    }
  }
  std::string id;
  if (at < field.size() && field[at] == '"') {
    for (++at; at < field.size() && field[at] != '"'; ++at)
      id += field[at] == '\\' && at + 1 < field.size() ? field[++at] : field[at];
  } else {
    for (; at < field.size() && std::string_view(" \t\r\n;(").find(field[at]) == std::string_view::npos; ++at)
      id += field[at];
  }
  return to_lower(id);
}

bool is_forged(const std::string& field) {
  const std::string name = name_of(field);
  return name == to_lower(receive::kClientField) ||
         (name == "authentication-results" && id_of(field) == kOurId);
}

/// One of our names, and white space beyond the filter's memory, whatever follows.
bool is_padded(const std::string& line) {
  const std::string held = to_lower(line.substr(0, ForgedFieldFilter::kHeldOctetsMax));
  const std::string name = held.substr(0, held.find_last_not_of(" \t") + 1);
  const bool ours = name == to_lower(receive::kClientField) || name == "authentication-results";
  return ours && held.size() == ForgedFieldFilter::kHeldOctetsMax;
}

bool may_go(const std::string& field) {
  const bool results = name_of(field) == "authentication-results";
  return (results && field.size() >= ForgedFieldFilter::kHeldOctetsMax) || is_padded(field);
}

/// No field ends the header; yet such a line goes.
std::string text_left(const std::string& rest) {
  const size_t newline = rest.find('\n');
  if (!is_padded(rest.substr(0, newline))) return rest;
  return newline == std::string::npos ? "" : rest.substr(newline + 1);
}

void judge(const std::string& message, const std::string& left) {
  const Message before = taken_apart(message);
  size_t at = 0;
  for (const std::string& field : before.fields) {
    const bool stands = left.compare(at, field.size(), field) == 0;
    if (is_forged(field)) continue;
    require(stands || may_go(field), "an honest field is gone, or stands elsewhere");
    if (stands) at += field.size();
  }
  require(left.compare(at, std::string::npos, text_left(before.rest)) == 0, "the text is another");
  for (const std::string& field : taken_apart(left).fields)
    require(!is_forged(field), "a forged field came through");
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string message = with_crlf({reinterpret_cast<const char*>(data) + 1, size - 1});
  // A fuzzer does not write thousands of octets by itself: a control character stands for many blanks.
  for (size_t at = 0; (at = message.find('\x01', at)) != std::string::npos && message.size() < 60'000;)
    message.replace(at, 1, std::string(2000, ' '));
  const std::string left = filtered(message, std::max<size_t>(1, message.size()));
  require(filtered(message, 1) == left && filtered(message, 2 + data[0]) == left, "the cut matters");
  judge(message, left);
  return 0;
}
