#include <charconv>

#include "base/bytes.h"
#include "route/request.h"

namespace waybill::route {
namespace {
Result<uint16_t> parse_port(std::string_view text, std::string_view whole) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return fail(Errc::invalid, "'{}' has no valid port after its ':'", printable(whole, 80));
  }
  return port;
}

Result<dns::Name> parse_host(std::string_view text, std::string_view whole) {
  // As strict as a mail domain, and U-labels become A-labels; never a literal here.
  const auto domain = mail::Domain::parse(text);
  if (!domain) return pass(domain.error(), fmt::format("bad route '{}'", printable(whole, 80)));
  return dns::Name::parse(domain->text());
}

/// What stands in brackets: an address of either family, with or without RFC 5321's "IPv6:", or a host.
Status read_bracketed(std::string_view inner, std::string_view whole, Via& via) {
  const bool tagged = inner.size() > 5 && iequals(inner.substr(0, 5), "IPv6:");
  if (const auto ip = IpAddress::parse(tagged ? inner.substr(5) : inner);
      ip && (!tagged || inner.find(':', 5) != std::string_view::npos)) {
    via.kind = Via::Kind::address;
    via.address = *ip;
    return {};
  }
  auto name = parse_host(inner, whole);
  if (!name) return pass(name.error());
  // 999.1.1.1 is no address, and no host has a name of digits alone.
  if (inner.find_first_not_of("0123456789.") == std::string_view::npos) {
    return fail(Errc::invalid, "'{}' is neither an address nor a host name", printable(whole, 80));
  }
  via.kind = Via::Kind::host;
  via.name = std::move(*name);
  return {};
}
}  // namespace

Result<Via> Via::parse(std::string_view text) {
  Via via;
  if (text.empty()) return fail(Errc::invalid, "a route is empty; write \"mx\", \"host\" or \"[host]:port\"");
  if (iequals(text, "mx")) return via;
  if (text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos)
      return fail(Errc::invalid, "'{}' lacks its ']'", printable(text, 80));
    if (auto status = read_bracketed(text.substr(1, close - 1), text, via); !status)
      return pass(status.error());
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return via;
    if (rest.front() != ':')
      return fail(Errc::invalid, "'{}' has something other than a port after ']'", printable(text, 80));
    const auto port = parse_port(rest.substr(1), text);
    if (!port) return pass(port.error());
    via.port = *port;
    return via;
  }
  const size_t colon = text.find(':');
  if (colon != text.rfind(':')) {
    return fail(Errc::invalid, "'{}' looks like an IPv6 address; write it in brackets", printable(text, 80));
  }
  const std::string_view host = text.substr(0, colon);
  if (IpAddress::parse(host)) {
    return fail(Errc::invalid, "'{}' is an address, which has no MX; write it in brackets",
                printable(text, 80));
  }
  auto name = parse_host(host, text);
  if (!name) return pass(name.error());
  via.kind = Kind::mx_of;
  via.name = std::move(*name);
  if (colon == std::string_view::npos) return via;
  const auto port = parse_port(text.substr(colon + 1), text);
  if (!port) return pass(port.error());
  via.port = *port;
  return via;
}

std::string Via::to_string() const {
  std::string out;
  switch (kind) {
    case Kind::mx:
      return "mx";
    case Kind::host:
      out = fmt::format("[{}]", name.to_string());
      break;
    case Kind::mx_of:
      out = name.to_string();
      break;
    case Kind::address:
      out = fmt::format("[{}]", address.to_string());
      break;
  }
  return port ? fmt::format("{}:{}", out, *port) : out;
}

}  // namespace waybill::route
