#include "smtp/path.h"

#include <optional>

#include "base/bytes.h"

namespace waybill::smtp {
namespace {
std::unexpected<mail::Reply> bad(PathKind kind, std::string text) {
  // RFC 3463 3.2: X.1.7 bad sender's mailbox address syntax, X.1.3 bad destination mailbox address syntax.
  const mail::EnhancedStatus enhanced{5, 1, static_cast<uint16_t>(kind == PathKind::reverse ? 7 : 3)};
  return refuse(501, enhanced, std::move(text));
}

/// The '>' that closes the path at text[0] == '<': one within a quoted local part does not count.
std::optional<size_t> closing_bracket(std::string_view text) {
  bool quoted = false;
  for (size_t i = 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == '>') {
      return i;
    }
  }
  return std::nullopt;
}

/// RFC 5321 4.1.2 and Appendix C: "@one,@two:" before the mailbox must be accepted and should be ignored.
/// Its domains are checked all the same, so that nothing but a route is dropped.
std::optional<std::string_view> without_route(std::string_view inner) {
  if (!inner.starts_with('@')) return inner;
  const size_t colon = inner.find(':');
  // The colon of an [IPv6:...] literal in a route would be taken for the end of it: literals don't route.
  if (colon == std::string_view::npos) return std::nullopt;
  for (const std::string_view hop : split(inner.substr(0, colon), ',')) {
    if (!hop.starts_with('@') || !mail::Domain::parse(hop.substr(1))) return std::nullopt;
  }
  return inner.substr(colon + 1);
}
}  // namespace

Parsed<Path> parse_path(std::string_view text, PathKind kind) {
  if (!text.starts_with('<'))
    return bad(kind, "the address must stand in angle brackets: <user@example.org>");
  const auto end = closing_bracket(text);
  if (!end) return bad(kind, "the address has no closing angle bracket");
  Path path;
  path.rest = text.substr(*end + 1);
  if (!path.rest.empty() && path.rest.front() != ' ') return bad(kind, "a space must follow the address");

  const std::string_view inner = text.substr(1, *end - 1);
  if (inner.empty()) {
    if (kind == PathKind::reverse) return path;  // RFC 5321 4.5.5: the null path, for reports
    return bad(kind, "the null path cannot receive mail");
  }
  // RFC 5321 4.1.1.3 and 4.5.1: <postmaster> needs no domain, and its case does not matter.
  if (kind == PathKind::forward && iequals(inner, "postmaster")) {
    path.address = mail::Address{std::string(inner), {}};
    return path;
  }
  const auto mailbox = without_route(inner);
  if (!mailbox) return bad(kind, "the source route is malformed");
  auto address = mail::Address::parse(*mailbox);
  if (!address) return bad(kind, printable(address.error().what, 300));
  path.needs_smtputf8 = !is_ascii(*mailbox);
  path.address = std::move(*address);
  return path;
}

}  // namespace waybill::smtp
