#include "config/config.h"

#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "base/bytes.h"

namespace waybill::config {
namespace {
struct SizeUnit {
  std::string_view name;
  uint64_t octets;
};
constexpr std::array<SizeUnit, 14> kSizeUnits{{
    {"", 1},
    {"B", 1},
    {"octets", 1},
    {"bytes", 1},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000 * 1000},
    {"GB", 1000ull * 1000 * 1000},
    {"TB", 1000ull * 1000 * 1000 * 1000},
    {"KiB", kKiB},
    {"kiB", kKiB},
    {"MiB", kMiB},
    {"GiB", kGiB},
    {"TiB", 1024 * kGiB},
}};

std::string ask_system_for_hostname() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  const std::string host(name.data());
  if (host.find('.') != std::string::npos) return host;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_CANONNAME;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return host;
  const std::string full = found->ai_canonname != nullptr ? found->ai_canonname : "";
  freeaddrinfo(found);
  return full.find('.') != std::string::npos ? full : host;
}

bool is_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() + 1 && name.ends_with(parent) &&
         name[name.size() - parent.size() - 1] == '.';
}
}  // namespace

std::string Located::to_string() const {
  if (line == 0) return fmt::format("{}: error: {}", file, message);
  return fmt::format("{}:{}:{}: error: {}", file, line, column, message);
}

Where Positions::find(std::string_view path) const {
  const auto at = by_path.find(path);
  return at == by_path.end() ? Where{} : at->second;
}

bool Relay::trusts(const IpAddress& address) const {
  return std::ranges::any_of(trusted_networks,
                             [&](const IpNetwork& network) { return network.contains(address); });
}

std::vector<IpNetwork> Relay::default_networks() {
  std::vector<IpNetwork> out;
  for (const std::string_view text : {"127.0.0.0/8", "::1/128"})
    out.push_back(IpNetwork::parse(text).value());
  return out;
}

std::string Mailboxes::to_string() const {
  switch (kind) {
    case Kind::maildir:
      return "maildir:" + path;
    case Kind::lmtp_unix:
      return "lmtp:unix:" + path;
    case Kind::lmtp_tcp:
      break;
  }
  return "lmtp:" + server.to_string();
}

bool Domain::accepts(std::string_view local) const {
  if (!users) return true;
  const std::string folded = to_lower(local);
  if (folded == "postmaster" || users->contains(folded)) return true;
  return !recipient_delimiter.empty() && users->contains(folded.substr(0, folded.find(recipient_delimiter)));
}

std::string Via::to_string() const {
  if (kind == Kind::mx) return "mx";
  const std::string name = host.is_literal() ? host.literal_address()->to_string() : host.text();
  const std::string suffix = port ? fmt::format(":{}", *port) : "";
  return kind == Kind::relay ? fmt::format("[{}]{}", name, suffix) : name + suffix;
}

bool Route::matches(const mail::Domain& domain) const {
  if (pattern == "*") return true;
  if (pattern.starts_with("*.")) return is_below(domain.text(), std::string_view(pattern).substr(2));
  return domain.text() == pattern;
}

std::vector<Listener> Config::default_listeners() {
  std::array<uint8_t, 16> any{};
  return {{{IpAddress::v4(0), 25}, Role::mx, {}}, {{IpAddress::v6(any), 25}, Role::mx, {}}};
}

const Domain* Config::find_domain(const mail::Domain& name) const {
  const auto at = std::ranges::lower_bound(domains, name, {}, &Domain::name);
  return at != domains.end() && at->name == name ? &*at : nullptr;
}

const Route* Config::find_route(const mail::Domain& name) const {
  const auto at = std::ranges::find_if(routes, [&](const Route& route) { return route.matches(name); });
  return at == routes.end() ? nullptr : &*at;
}

mail::Address Config::postmaster_address() const {
  if (postmaster) return *postmaster;
  const auto primary = std::ranges::find(domains, DomainRole::primary, &Domain::role);
  return {"postmaster", primary != domains.end() ? primary->name : hostname};
}

Config defaults() {
  // An empty file can't be wrong.
  return parse("", "").value_or(Config{});
}

mail::Domain machine_hostname() {
  static const mail::Domain name = [] {
    auto parsed = mail::Domain::parse(ask_system_for_hostname());
    if (!parsed || parsed->is_literal()) parsed = mail::Domain::parse("localhost");
    return parsed.value_or(mail::Domain{});
  }();
  return name;
}

Result<uint64_t> parse_size(std::string_view text) {
  const std::string_view all = trim(text);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), number);
  if (error != std::errc{})
    return fail(Errc::invalid, "'{}' is not a size such as \"50 MiB\" or 1000", printable(text, 40));
  const std::string_view unit = trim(all.substr(static_cast<size_t>(end - all.data())));
  const auto found = std::ranges::find(kSizeUnits, unit, &SizeUnit::name);
  if (found == kSizeUnits.end()) {
    return fail(Errc::invalid,
                "'{}': the units are KiB, MiB, GiB, TiB (of 1024) and kB, MB, GB, TB (of 1000)",
                printable(text, 40));
  }
  if (number > std::numeric_limits<uint64_t>::max() / found->octets)
    return fail(Errc::invalid, "'{}' is too large", printable(text, 40));
  return number * found->octets;
}

std::string format_size(uint64_t octets) {
  static constexpr std::array<SizeUnit, 4> kBinary{
      {{"TiB", 1024 * kGiB}, {"GiB", kGiB}, {"MiB", kMiB}, {"KiB", kKiB}}};
  for (const SizeUnit& unit : kBinary) {
    if (octets >= unit.octets && octets % unit.octets == 0)
      return fmt::format("{} {}", octets / unit.octets, unit.name);
  }
  return fmt::format("{}", octets);
}

std::string_view to_string(DnsMode mode) { return mode == DnsMode::forward ? "forward" : "recursive"; }

std::string_view to_string(Role role) {
  switch (role) {
    case Role::mx:
      return "mx";
    case Role::submission:
      return "submission";
    case Role::submissions:
      return "submissions";
    case Role::lmtp:
      return "lmtp";
  }
  return "mx";
}

std::string_view to_string(NullMxSender what) { return what == NullMxSender::refuse ? "refuse" : "accept"; }
std::string_view to_string(BareNewline what) { return what == BareNewline::replace ? "replace" : "reject"; }

std::string_view to_string(DomainRole role) {
  switch (role) {
    case DomainRole::primary:
      return "primary";
    case DomainRole::backup:
      return "backup";
    case DomainRole::relay:
      return "relay";
  }
  return "primary";
}

std::string_view to_string(RecipientSource source) {
  switch (source) {
    case RecipientSource::any:
      return "any";
    case RecipientSource::list:
      return "list";
    case RecipientSource::callout:
      return "callout";
  }
  return "any";
}

std::string_view to_string(UnknownRecipients policy) {
  switch (policy) {
    case UnknownRecipients::accept:
      return "accept";
    case UnknownRecipients::defer:
      return "defer";
    case UnknownRecipients::refuse:
      return "refuse";
  }
  return "accept";
}

std::string_view to_string(ClientTls tls) { return tls == ClientTls::off ? "off" : "opportunistic"; }

std::string default_path() {
  const char* named = std::getenv("WAYBILL_CONFIG");
  return named != nullptr && *named != '\0' ? named : "/etc/waybill/waybill.toml";
}

}  // namespace waybill::config
