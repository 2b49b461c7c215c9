#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/bytes.h"

namespace waybill::smtp {
namespace {
constexpr std::array<std::pair<std::string_view, Verb>, 16> kVerbs{{
    {"EHLO", Verb::ehlo},
    {"HELO", Verb::helo},
    {"LHLO", Verb::lhlo},
    {"MAIL", Verb::mail},
    {"RCPT", Verb::rcpt},
    {"DATA", Verb::data},
    {"BDAT", Verb::bdat},
    {"RSET", Verb::rset},
    {"NOOP", Verb::noop},
    {"QUIT", Verb::quit},
    {"VRFY", Verb::vrfy},
    {"EXPN", Verb::expn},
    {"HELP", Verb::help},
    {"STARTTLS", Verb::starttls},
    {"AUTH", Verb::auth},
    {"ETRN", Verb::etrn},
}};
}  // namespace

std::string_view to_string(Verb verb) {
  for (const auto& [name, known] : kVerbs) {
    if (known == verb) return name;
  }
  return "unknown";
}

Command parse_command(std::string_view line) {
  // RFC 5321 4.1.1: servers should tolerate trailing white space.
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  Command command;
  const size_t space = line.find(' ');
  command.name = line.substr(0, space);
  if (space != std::string_view::npos) {
    command.argument = line.substr(space + 1);
    while (command.argument.starts_with(' ')) command.argument.remove_prefix(1);
  }
  // RFC 5321 2.4: verbs have no case.
  const auto* const at =
      std::ranges::find_if(kVerbs, [&](const auto& v) { return iequals(v.first, command.name); });
  if (at != kVerbs.end()) command.verb = at->second;
  return command;
}

bool has_control(std::string_view line) {
  return std::ranges::any_of(line, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\t') || octet == 0x7f;
  });
}

Parsed<std::string_view> parse_helo(std::string_view argument) {
  if (argument.empty()) return refuse(501, {5, 5, 4}, "your host name is missing");
  if (argument.size() > 255) return refuse(501, {5, 5, 4}, "your host name is longer than 255 octets");
  const bool plain = std::ranges::all_of(argument, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!plain) return refuse(501, {5, 5, 4}, "your host name must be one word of printable ASCII");
  return argument;
}

Result<uint64_t> parse_decimal(std::string_view text) {
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > 20 || !digits)
    return fail(Errc::invalid, "'{}' is not a number", printable(text, 40));
  uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<uint64_t>(c - '0');
    if (value > (static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - digit) / 10) {
      return fail(Errc::invalid, "'{}' is too large", text);
    }
    value = value * 10 + digit;
  }
  return value;
}

Parsed<Bdat> parse_bdat(std::string_view argument) {
  const size_t space = argument.find(' ');
  const auto size = parse_decimal(argument.substr(0, space));
  if (!size) return refuse(501, {5, 5, 4}, "BDAT needs the chunk's size in octets");
  Bdat bdat{*size, Last::no};
  if (space != std::string_view::npos) {
    const std::string_view word = trim(argument.substr(space));
    if (!iequals(word, "LAST")) return refuse(501, {5, 5, 4}, "only LAST may follow the chunk's size");
    bdat.last = Last::yes;
  }
  return bdat;
}

}  // namespace waybill::smtp
