#include "cli/dns_options.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "base/bytes.h"
#include "dns/zone_file.h"
#include "resolve/stack.h"

namespace waybill::cli {
namespace {
/// "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353".
Result<Endpoint> parse_server(std::string_view text) {
  if (const auto ip = IpAddress::parse(text)) return Endpoint{*ip, 53};
  if (auto endpoint = Endpoint::parse(text); endpoint && endpoint->port != 0) return *endpoint;
  return fail(Errc::invalid, "--server '{}' is not an address such as 192.0.2.53 or 127.0.0.1:5353",
              printable(text, 80));
}

/// A file as signing tools write it holds one record a line, or several, with comments; libunbound wants each
/// by itself.
Result<std::vector<std::string>> read_anchors(const std::string& text) {
  // A record has blanks; "example.key" is a file, also when it is missing.
  std::error_code ignored;
  const bool is_file =
      text.find_first_of(" \t") == std::string::npos || std::filesystem::exists(text, ignored);
  if (!is_file) return std::vector{text};
  const dns::ZoneFile file = dns::read_zone_file(text, {.origin = dns::Name{}, .default_ttl_s = 0});
  if (!file.errors.empty()) return fail(Errc::invalid, "--trust-anchor: {}", file.errors[0].to_string());
  if (file.records.empty()) return fail(Errc::invalid, "--trust-anchor: {} holds no record", printable(text));
  std::vector<std::string> out;
  for (const dns::ZoneRecord& each : file.records) {
    if (each.record.type != dns::Type::ds && each.record.type != dns::Type::dnskey) {
      return fail(Errc::invalid, "--trust-anchor: {}:{}: neither a DS nor a DNSKEY record", each.file,
                  each.line);
    }
    out.push_back(dns::to_string(each.record));
  }
  return out;
}
}  // namespace

void add_dns_options(CLI::App& verb, DnsOptions& options) {
  verb.add_option("--zone", options.zones, "Answer from this zone file instead of the network (repeatable)")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->check(CLI::ExistingFile)
      ->group("DNS");
  verb.add_option("--server", options.servers,
                  "Ask this name server instead of the root servers (repeatable)")
      ->type_name("ADDR[:PORT]")
      ->allow_extra_args(false)
      ->group("DNS");
  auto* no_dnssec =
      verb.add_flag("--no-dnssec", options.no_dnssec, "Don't validate; nothing counts as secure or bogus")
          ->group("DNS");
  verb.add_option("--trust-anchor", options.trust_anchors,
                  "Trust this DS or DNSKEY record, or those of a file, instead of the root's (repeatable)")
      ->type_name("FILE|RECORD")
      ->allow_extra_args(false)
      ->excludes(no_dnssec)
      ->group("DNS");
  verb.add_option("--dns-timeout", options.timeout, "Longest wait for one answer, as in 5s")
      ->type_name("TIME")
      ->group("DNS");
}

Result<resolve::Options> to_resolve_options(const DnsOptions& options, resolve::Options base) {
  resolve::Options out = std::move(base);
  if (!options.servers.empty()) {
    out.mode = resolve::Mode::forward;
    out.servers.clear();
    for (const std::string& text : options.servers) {
      auto server = parse_server(text);
      if (!server) return pass(server.error());
      out.servers.push_back(*server);
    }
  }
  out.zones.insert(out.zones.end(), options.zones.begin(), options.zones.end());
  if (options.no_dnssec) out.dnssec = false;
  if (!options.trust_anchors.empty()) out.trust_anchors.clear();
  for (const std::string& text : options.trust_anchors) {
    auto anchors = read_anchors(text);
    if (!anchors) return pass(anchors.error());
    std::ranges::move(*anchors, std::back_inserter(out.trust_anchors));
  }
  if (!options.timeout.empty()) {
    const auto timeout = parse_duration(options.timeout);
    if (!timeout) return pass(timeout.error(), "--dns-timeout");
    if (*timeout < Millis{100}) return fail(Errc::invalid, "--dns-timeout must be 100ms at least");
    out.timeout = *timeout;
  }
  return out;
}

Result<std::unique_ptr<dns::Resolver>> open_resolver(const DnsOptions& options, resolve::Options base) {
  auto how = to_resolve_options(options, std::move(base));
  if (!how) return pass(how.error());
  static const SystemClock clock;  // the resolver keeps it
  return resolve::make_resolver(std::move(*how), clock);
}

}  // namespace waybill::cli
