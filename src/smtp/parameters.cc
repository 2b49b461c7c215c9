#include "smtp/parameters.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "smtp/command.h"
#include "smtp/path.h"
#include "smtp/xtext.h"

namespace waybill::smtp {
namespace {
constexpr size_t kEnvidOctetsMax = 100;  // RFC 3461 4.4
constexpr size_t kOrcptOctetsMax = 500;  // RFC 3461 4.2

struct Parameter {
  std::string_view keyword;
  std::string_view value;
  bool has_value = false;
};

std::unexpected<mail::Reply> bad_value(std::string_view what) {
  return refuse(501, {5, 5, 4}, fmt::format("bad value of {}", what));
}

/// RFC 5321 4.1.2: esmtp-keyword ["=" esmtp-value], by spaces.
Parsed<std::vector<Parameter>> split_parameters(std::string_view text, Extensions extensions) {
  std::vector<Parameter> out;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    // RFC 5321 4.1.1.11: a client that said HELO has no parameters to use.
    if (extensions == Extensions::none) return refuse(555, {5, 5, 4}, "parameters need EHLO first");
    const size_t equals = word.find('=');
    Parameter parameter{word.substr(0, equals), {}, equals != std::string_view::npos};
    if (parameter.has_value) parameter.value = word.substr(equals + 1);
    const bool keyword_ok = !parameter.keyword.empty() && std::ranges::all_of(parameter.keyword, [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!keyword_ok) return refuse(501, {5, 5, 4}, "malformed parameter");
    const bool twice =
        std::ranges::any_of(out, [&](const Parameter& p) { return iequals(p.keyword, parameter.keyword); });
    if (twice) return refuse(501, {5, 5, 4}, fmt::format("{} given twice", printable(parameter.keyword, 40)));
    out.push_back(parameter);
  }
  return out;
}

/// "FROM:" or "TO:", and what follows it. One space after the colon is an error of RFC 5321 4.1.1.2's
/// grammar that many clients make; nothing can be mistaken for something else by it, so it passes.
std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword) {
  if (argument.size() < keyword.size() || !iequals(argument.substr(0, keyword.size()), keyword))
    return std::nullopt;
  argument.remove_prefix(keyword.size());
  while (argument.starts_with(' ')) argument.remove_prefix(1);
  return argument;
}

std::unexpected<mail::Reply> unknown(const Parameter& parameter) {
  return refuse(555, {5, 5, 4},
                fmt::format("parameter {} is not known here", printable(parameter.keyword, 40)));
}

Parsed<std::string> printable_xtext(std::string_view value, std::string_view what) {
  auto decoded = decode_xtext(value);
  if (!decoded) return bad_value(what);
  // RFC 3461 4.2 and 4.4: printable ASCII and white space once decoded; never a line end in disguise.
  const bool ok = std::ranges::all_of(*decoded, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!ok) return bad_value(what);
  return std::move(*decoded);
}

Parsed<uint8_t> parse_notify(std::string_view value) {
  uint8_t bits = 0;
  const auto words = split(value, ',');
  for (const std::string_view word : words) {
    uint8_t bit = 0;
    if (iequals(word, "NEVER"))
      bit = mail::notify_never;
    else if (iequals(word, "SUCCESS"))
      bit = mail::notify_success;
    else if (iequals(word, "FAILURE"))
      bit = mail::notify_failure;
    else if (iequals(word, "DELAY"))
      bit = mail::notify_delay;
    else
      return bad_value("NOTIFY");
    bits |= bit;
  }
  // RFC 3461 4.1: NEVER must appear by itself.
  if ((bits & mail::notify_never) != 0 && words.size() > 1) return bad_value("NOTIFY: NEVER stands alone");
  return bits;
}

Parsed<std::string> parse_orcpt(std::string_view value) {
  // RFC 3461 4.2: addr-type ";" xtext.
  const size_t semicolon = value.find(';');
  if (value.size() > kOrcptOctetsMax || semicolon == std::string_view::npos || semicolon == 0)
    return bad_value("ORCPT");
  const std::string_view type = value.substr(0, semicolon);
  const bool atom = std::ranges::all_of(type, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!atom) return bad_value("ORCPT");
  auto address = printable_xtext(value.substr(semicolon + 1), "ORCPT");
  if (!address) return std::unexpected(address.error());
  if (address->empty()) return bad_value("ORCPT");
  return fmt::format("{};{}", type, *address);
}

Parsed<void> apply_body(MailCommand& command, const Parameter& parameter) {
  if (iequals(parameter.value, "7BIT")) {
    command.body = mail::BodyType::seven_bit;
  } else if (iequals(parameter.value, "8BITMIME")) {
    command.body = mail::BodyType::eight_bit;
  } else if (iequals(parameter.value, "BINARYMIME")) {
    return refuse(555, {5, 6, 3}, "BINARYMIME is not offered");  // RFC 3030 3: only where the keyword was
  } else {
    return bad_value("BODY");
  }
  return {};
}

Parsed<void> apply(MailCommand& command, const Parameter& parameter) {
  if (iequals(parameter.keyword, "SIZE")) {
    const auto size = parse_decimal(parameter.value);
    if (!size) return bad_value("SIZE");
    command.size_octets = *size;
  } else if (iequals(parameter.keyword, "BODY")) {
    return apply_body(command, parameter);
  } else if (iequals(parameter.keyword, "SMTPUTF8")) {
    if (parameter.has_value) return bad_value("SMTPUTF8: it takes none");
    command.smtputf8 = true;
  } else if (iequals(parameter.keyword, "RET")) {
    if (iequals(parameter.value, "FULL"))
      command.ret = mail::Ret::full;
    else if (iequals(parameter.value, "HDRS"))
      command.ret = mail::Ret::headers;
    else
      return bad_value("RET");
  } else if (iequals(parameter.keyword, "ENVID")) {
    if (parameter.value.empty() || parameter.value.size() > kEnvidOctetsMax) return bad_value("ENVID");
    auto envid = printable_xtext(parameter.value, "ENVID");
    if (!envid) return std::unexpected(envid.error());
    command.envid = std::move(*envid);
  } else {
    return unknown(parameter);
  }
  return {};
}

Parsed<void> apply(RcptCommand& command, const Parameter& parameter) {
  if (iequals(parameter.keyword, "NOTIFY")) {
    const auto bits = parse_notify(parameter.value);
    if (!bits) return std::unexpected(bits.error());
    command.recipient.notify = *bits;
  } else if (iequals(parameter.keyword, "ORCPT")) {
    auto orcpt = parse_orcpt(parameter.value);
    if (!orcpt) return std::unexpected(orcpt.error());
    command.recipient.orcpt = std::move(*orcpt);
  } else {
    return unknown(parameter);
  }
  return {};
}

template <class T>
Parsed<void> apply_all(T& command, std::string_view text, Extensions extensions) {
  const auto parameters = split_parameters(text, extensions);
  if (!parameters) return std::unexpected(parameters.error());
  for (const Parameter& parameter : *parameters) {
    auto applied = apply(command, parameter);
    if (!applied) return applied;
  }
  return {};
}
}  // namespace

Parsed<MailCommand> parse_mail(std::string_view argument, Extensions extensions) {
  const auto text = after_keyword(argument, "FROM:");
  if (!text) return refuse(501, {5, 5, 4}, "syntax: MAIL FROM:<address>");
  auto path = parse_path(*text, PathKind::reverse);
  if (!path) return std::unexpected(path.error());
  MailCommand command;
  command.from = std::move(path->address);
  const auto applied = apply_all(command, path->rest, extensions);
  if (!applied) return std::unexpected(applied.error());
  // RFC 6531 3.4: a non-ASCII address is only valid beside the SMTPUTF8 parameter.
  if (path->needs_smtputf8 && !command.smtputf8) {
    return refuse(553, {5, 6, 7}, "a non-ASCII address needs the SMTPUTF8 parameter");
  }
  return command;
}

Parsed<RcptCommand> parse_rcpt(std::string_view argument, Extensions extensions) {
  const auto text = after_keyword(argument, "TO:");
  if (!text) return refuse(501, {5, 5, 4}, "syntax: RCPT TO:<address>");
  auto path = parse_path(*text, PathKind::forward);
  if (!path) return std::unexpected(path.error());
  RcptCommand command;
  command.recipient.address = std::move(*path->address);
  command.needs_smtputf8 = path->needs_smtputf8;
  const auto applied = apply_all(command, path->rest, extensions);
  if (!applied) return std::unexpected(applied.error());
  return command;
}

}  // namespace waybill::smtp
