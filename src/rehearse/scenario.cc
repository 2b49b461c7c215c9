#include "rehearse/scenario.h"

#include <algorithm>
#include <cctype>

#include "base/bytes.h"

namespace waybill::rehearse {

bool Count::holds(uint64_t value) const {
  switch (is) {
    case Is::equal:
      return value == number;
    case Is::at_most:
      return value <= number;
    case Is::at_least:
      return value >= number;
    case Is::below:
      return value < number;
    case Is::above:
      return value > number;
  }
  return false;
}

std::vector<std::string> default_offers() {
  return {"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 52428800", "CHUNKING"};
}

const Host* Scenario::find_host(std::string_view label_or_name) const {
  const auto at = std::ranges::find_if(hosts, [&](const Host& host) {
    return host.label == label_or_name || iequals(host.name.to_string(), label_or_name);
  });
  return at == hosts.end() ? nullptr : &*at;
}

// Two marks and no recursion: a pattern of many stars costs no more than its length times the text's.
bool like(std::string_view text, std::string_view pattern) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && same(pattern[p], text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace waybill::rehearse
