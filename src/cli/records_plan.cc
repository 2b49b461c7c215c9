#include "cli/records_plan.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/special_purpose.h"

namespace waybill::cli {
namespace {
using config::DomainRole;

/// The strings of a TXT record hold 255 octets each (RFC 1035 3.3).
constexpr size_t kTxtStringMax = 255;
constexpr ptrdiff_t kSpfLookupsMax = 10;

dns::Txt txt_of(const std::string& text) {
  dns::Txt out;
  for (size_t at = 0; at < text.size() || at == 0; at += kTxtStringMax)
    out.strings.push_back(text.substr(at, kTxtStringMax));
  return out;
}

bool is_documentation(std::string_view name) { return name.find("documentation") != std::string_view::npos; }

class Planner {
 public:
  Planner(const config::Config& config, const RecordsOptions& options, const dns::Facts& facts)
      : config_(config), options_(options), facts_(facts) {}

  Result<RecordsPlan> run();

 private:
  [[nodiscard]] Status find_addresses();
  void add_address(const IpAddress& ip, std::string_view from);
  void add_host_records();
  void add_mx(const config::Domain& domain);
  void add_backup_mx(const dns::Name& owner, const std::string& domain);
  void add_spf(const dns::Name& owner, const std::string& domain);
  void add_senders(std::vector<std::string>& mechanisms, std::vector<std::string>& reasons);
  void add(const dns::Name& owner, dns::Type type, dns::Data data, std::string why);
  void need(std::string note) {
    out_.notes.push_back(std::move(note));
    out_.complete = false;
  }

  const config::Config& config_;
  const RecordsOptions& options_;
  const dns::Facts& facts_;
  dns::Name hostname_;
  std::vector<IpAddress> addresses_;
  RecordsPlan out_;
};

void Planner::add(const dns::Name& owner, dns::Type type, dns::Data data, std::string why) {
  out_.records.push_back({.record = {owner, type, options_.ttl_s, std::move(data)}, .why = std::move(why)});
}

// Found in the configuration: what nobody can reach is left out, and said.
void Planner::add_address(const IpAddress& ip, std::string_view from) {
  if (std::ranges::find(addresses_, ip) != addresses_.end()) return;
  const SpecialPurpose* special = special_purpose(ip);
  const bool lab = ip.is_loopback() && options_.allow_loopback;
  if (special != nullptr && !lab && !is_documentation(special->name)) {
    out_.notes.push_back(
        fmt::format("{} of {} is {} ({}): other hosts can't reach it, so it is not published", ip.to_string(),
                    from, special->name, special->ref));
    return;
  }
  addresses_.push_back(ip);
}

Status Planner::find_addresses() {
  for (const IpAddress& ip : options_.addresses) {
    if ((ip.is_loopback() && !options_.allow_loopback) || ip.is_unspecified())
      return fail(Errc::invalid, "--address {}: no other host reaches this one there{}", ip.to_string(),
                  ip.is_loopback() ? "; in a lab, say --allow-loopback" : "");
    if (std::ranges::find(addresses_, ip) == addresses_.end()) addresses_.push_back(ip);
  }
  if (!addresses_.empty()) return {};
  std::vector<std::string> wildcards;
  for (const config::Listener& listener : config_.listeners) {
    if (listener.role != config::Role::mx) continue;
    if (listener.address.ip.is_unspecified()) {
      wildcards.push_back(listener.address.to_string());
    } else {
      add_address(listener.address.ip, fmt::format("listener {}", listener.address.to_string()));
    }
  }
  for (const IpAddress& ip : config_.self_addresses) add_address(ip, "self_addresses");
  if (addresses_.empty()) {
    need(wildcards.empty()
             ? std::string("no listener has a public address: say which addresses the world reaches this "
                           "host by, with "
                           "--address ADDR or self_addresses")
             : fmt::format(
                   "{} {} on every address, so the configuration does not tell which is public: say it with "
                   "--address ADDR, once for IPv4 and once for IPv6",
                   fmt::join(wildcards, " and "), wildcards.size() == 1 ? "listens" : "listen"));
  } else if (!wildcards.empty()) {
    out_.notes.push_back(
        fmt::format("{} {} on every address; if this host has more public ones than these, name all with "
                    "--address",
                    fmt::join(wildcards, " and "), wildcards.size() == 1 ? "listens" : "listen"));
  }
  return {};
}

void Planner::add_host_records() {
  for (const IpAddress& ip : addresses_) {
    add(hostname_, ip.is_v4() ? dns::Type::a : dns::Type::aaaa, ip,
        "Where this host is found: MX records name it, and they must name a host with an address (RFC 5321 "
        "5.1).");
  }
  for (const IpAddress& ip : addresses_) {
    add(dns::Name::reverse(ip), dns::Type::ptr, hostname_,
        fmt::format("{} must have this name, and the name this address: many receivers refuse mail otherwise "
                    "(RFC 8601 "
                    "2.7.3). Whoever gave you the address publishes it.",
                    ip.to_string()));
  }
}

void Planner::add_backup_mx(const dns::Name& owner, const std::string& domain) {
  const dns::Answer* live = facts_.find({owner, dns::Type::mx});
  uint16_t preference = options_.preference.value_or(kBackupPreference);
  std::string why = fmt::format(
      "This host holds {}'s mail while its primary is away; its number must be higher than the "
      "primary's (RFC 5321 5.1).",
      domain);
  if (live != nullptr && live->unknown()) {
    out_.notes.push_back(
        fmt::format("the DNS could not say what MX records {} has ({}): check that {} is higher than the "
                    "primary's number, or set it with --preference",
                    domain, live->why.empty() ? to_string(live->kind) : live->why, preference));
  }
  std::optional<uint16_t> best, worst;
  bool listed = false;
  if (live != nullptr && live->present()) {
    for (const dns::Record& record : live->records) {
      const auto* mx = std::get_if<dns::Mx>(&record.data);
      if (mx == nullptr || mx->exchange.is_root()) continue;
      if (mx->exchange == hostname_) {
        listed = true;
        if (!options_.preference) preference = mx->preference;
        continue;
      }
      best = std::min(best.value_or(mx->preference), mx->preference);
      worst = std::max(worst.value_or(mx->preference), mx->preference);
      out_.records.push_back({.record = {owner, dns::Type::mx, record.ttl_s, *mx},
                              .why = "Another host's, as the DNS shows it now: leave it in place.",
                              .others = true});
    }
  }
  if (best && !listed && !options_.preference)
    preference = static_cast<uint16_t>(std::min<uint32_t>(*worst + 10U, 65535));
  if (best && preference <= *best)
    need(fmt::format(
        "{}: preference {} is no higher than {} of the best other host, so this host would be a primary; "
        "raise --preference",
        domain, preference, *best));
  if (live != nullptr && !live->unknown() && !best)
    need(fmt::format(
        "{}: the DNS shows no MX but this host's: the primary's record must stand beside it, with a lower "
        "number",
        domain));
  add(owner, dns::Type::mx, dns::Mx{preference, hostname_}, std::move(why));
}

void Planner::add_mx(const config::Domain& domain) {
  auto owner = dns::Name::parse(domain.name.text());
  if (!owner) return;
  if (domain.role == DomainRole::backup) return add_backup_mx(*owner, domain.name.text());
  const std::string why =
      domain.role == DomainRole::primary
          ? fmt::format("{}'s mail comes here, where its mailboxes are.", domain.name.text())
          : fmt::format("{}'s mail comes here, and is passed on by the route table.", domain.name.text());
  add(*owner, dns::Type::mx, dns::Mx{options_.preference.value_or(kPrimaryPreference), hostname_}, why);
}

/// SPF's word for the hosts of a smart host's way (RFC 7208 5).
std::string mechanism_of(const config::Via& via) {
  if (via.host.is_literal()) {
    const auto ip = via.host.literal_address();
    return ip ? fmt::format("{}:{}", ip->is_v4() ? "ip4" : "ip6", ip->to_string()) : std::string();
  }
  return fmt::format("{}:{}", via.kind == config::Via::Kind::relay ? "a" : "mx", via.host.text());
}
// By the route table: what leaves through a smart host is sent by that.
void Planner::add_senders(std::vector<std::string>& mechanisms, std::vector<std::string>& reasons) {
  bool direct = false;
  for (const config::Route& route : config_.routes) {
    if (route.via.action != config::RouteAction::deliver) continue;
    for (const config::Via& via : route.via.hosts) {
      if (via.kind == config::Via::Kind::mx) {
        direct = true;
        continue;
      }
      const std::string mechanism = mechanism_of(via);
      if (mechanism.empty() || std::ranges::find(mechanisms, mechanism) != mechanisms.end()) continue;
      mechanisms.push_back(mechanism);
      reasons.push_back(
          fmt::format("{} sends what leaves by the route \"{}\"; if its operator names an include: for SPF, "
                      "take that instead",
                      via.host.text(), route.pattern));
    }
  }
  if (!direct) return;
  std::vector<std::string> own;
  for (const auto& source : {config_.deliver.source_ipv4, config_.deliver.source_ipv6}) {
    if (source && !source->is_loopback() && !source->is_unspecified())
      own.push_back(fmt::format("{}:{}", source->is_v4() ? "ip4" : "ip6", source->to_string()));
  }
  if (own.empty()) own.push_back("a:" + config_.hostname.text());
  reasons.insert(reasons.begin(), fmt::format("this host sends from {}",
                                              config_.deliver.source_ipv4 || config_.deliver.source_ipv6
                                                  ? "its source addresses"
                                                  : "its own addresses"));
  mechanisms.insert(mechanisms.begin(), own.begin(), own.end());
}

void Planner::add_spf(const dns::Name& owner, const std::string& domain) {
  std::vector<std::string> mechanisms, reasons;
  add_senders(mechanisms, reasons);
  if (mechanisms.empty()) return;
  const auto lookups =
      std::ranges::count_if(mechanisms, [](const std::string& one) { return !one.starts_with("ip"); });
  if (lookups > kSpfLookupsMax) {
    out_.notes.push_back(
        fmt::format("{}: its SPF record names {} hosts; receivers look up {} at most and then take it as "
                    "broken (RFC 7208 4.6.4): write addresses (ip4:, ip6:) instead",
                    domain, lookups, kSpfLookupsMax));
  }
  add(owner, dns::Type::txt, txt_of(fmt::format("v=spf1 {} ~all", fmt::join(mechanisms, " "))),
      fmt::format("Who may send as {} (RFC 7208): {}. Add what else sends; when that is all, write -all.",
                  domain, fmt::join(reasons, "; ")));
}

Result<RecordsPlan> Planner::run() {
  const std::string& host = config_.hostname.text();
  auto name = dns::Name::parse(host);
  if (!name || config_.hostname.is_literal() || name->labels() < 2)
    return fail(Errc::invalid,
                "hostname = \"{}\" can't be published: set hostname to this host's full name, such as "
                "mx1.example.org",
                printable(host, 80));
  hostname_ = std::move(*name);
  if (Status found = find_addresses(); !found) return pass(found.error());
  add_host_records();
  bool has_spf_of_host = false;
  for (const config::Domain& domain : config_.domains) {
    add_mx(domain);
    if (domain.role != DomainRole::primary) continue;
    if (auto owner = dns::Name::parse(domain.name.text())) {
      has_spf_of_host = has_spf_of_host || *owner == hostname_;
      add_spf(*owner, domain.name.text());
    }
  }
  // The reports that this host writes have no sender but its name (RFC 7208 2.4).
  if (!has_spf_of_host && !addresses_.empty()) {
    add(hostname_, dns::Type::txt, txt_of("v=spf1 a -all"),
        "Reports of this host have no sender address, so receivers check its name instead (RFC 7208 2.4).");
  }
  if (config_.domains.empty())
    out_.notes.emplace_back("the configuration has no [domain], so there is no MX record to publish");
  return std::move(out_);
}
}  // namespace

std::string_view to_string(Presence presence) {
  switch (presence) {
    case Presence::not_asked:
      return "not_asked";
    case Presence::present:
      return "present";
    case Presence::differing:
      return "differing";
    case Presence::missing:
      return "missing";
    case Presence::unknown:
      return "unknown";
  }
  return "unknown";
}

bool is_spf(const dns::Record& record) {
  const auto* txt = std::get_if<dns::Txt>(&record.data);
  if (txt == nullptr) return false;
  // RFC 7208 4.5: the version ends at a space or with the record; "v=spf10" is none.
  const std::string text = to_lower(txt->joined());
  return text == "v=spf1" || text.starts_with("v=spf1 ");
}

std::vector<dns::Question> questions_before(const config::Config& config) {
  std::vector<dns::Question> out;
  for (const config::Domain& domain : config.domains) {
    if (domain.role != DomainRole::backup) continue;
    if (auto name = dns::Name::parse(domain.name.text())) out.push_back({std::move(*name), dns::Type::mx});
  }
  return out;
}

Result<RecordsPlan> plan_records(const config::Config& config, const RecordsOptions& options,
                                 const dns::Facts& facts) {
  return Planner(config, options, facts).run();
}

}  // namespace waybill::cli
