#include "check/address/addresses.h"

#include <algorithm>

#include "base/special_purpose.h"
#include "check/probes.h"

namespace waybill::check::address {
namespace {
/// As many as `lookup` tells the reverse names of.
constexpr size_t kAddressesMax = 200;
/// As many as any check connects to (probes.h).
constexpr size_t kProbesMax = 60;

void add_name(std::vector<dns::Name>& names, const dns::Name& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

class Collection {
 public:
  /// nullptr: over the limit.
  Judged* at(const IpAddress& ip) {
    const auto known = std::ranges::find(all_, ip, &Judged::ip);
    if (known != all_.end()) return &*known;
    if (all_.size() == kAddressesMax) {
      ++left_out_;
      return nullptr;
    }
    return &all_.emplace_back(Judged{.ip = ip, .hosts = {}, .names = {}, .canonical = {}, .sends = false});
  }
  [[nodiscard]] size_t left_out() const { return left_out_; }
  [[nodiscard]] std::vector<Judged> take() { return std::move(all_); }

 private:
  std::vector<Judged> all_;
  size_t left_out_ = 0;
};

void add_hosts(Collection& out, const MailHosts& hosts, Report& report) {
  for (const MailHost& host : hosts.hosts) {
    if (!host.addresses) continue;
    for (const IpAddress& ip : host.addresses->ips) {
      Judged* judged = out.at(ip);
      if (judged == nullptr) continue;
      if (judged->hosts.empty()) judged->canonical = host.canonical;
      add_name(judged->hosts, host.mx.exchange);
      add_name(judged->names, host.mx.exchange);
      add_name(judged->names, host.canonical);
    }
    host.report_unknown(report);
  }
}
}  // namespace

std::string Judged::subject() const {
  return hosts.empty() ? ip.to_string() : fmt::format("{} ({})", ip.to_string(), hosts.front().to_string());
}

std::optional<About> Judged::about() const {
  if (hosts.empty()) return std::nullopt;
  return About{canonical, type(), ip};
}

std::optional<std::vector<Judged>> addresses_of(const Subject& subject, Of of, Look& look, Report& report) {
  const auto hosts = mail_hosts(subject, look, report);
  if (!hosts) return std::nullopt;
  Collection all;
  // Senders first: they were named by the operator, so the limit must not hide them.
  if (of == Of::hosts_and_senders) {
    for (const IpAddress& ip : subject.sends_from) {
      if (Judged* judged = all.at(ip)) judged->sends = true;
    }
  }
  add_hosts(all, *hosts, report);
  if (all.left_out() != 0)
    report.unknown(fmt::format("{} more addresses", all.left_out()),
                   fmt::format("only the first {} are looked at", kAddressesMax));
  std::vector<Judged> out = all.take();
  if (out.empty())
    report.skip(hosts->hosts.empty()
                    ? hosts->why_none
                    : fmt::format("no mail host of {} has an address", subject.name.to_string()));
  return out;
}

const dns::Answer* ptr_of(const Judged& judged, Look& look, Report& report, bool& open) {
  const dns::Name reverse = dns::Name::reverse(judged.ip);
  const dns::Answer* ptr = look.dns(reverse, dns::Type::ptr);
  open = open || ptr == nullptr;
  if (ptr == nullptr || !ptr->unknown()) return ptr;
  if (!ptr->loop) report.unknown(reverse, dns::Type::ptr, *ptr);
  return nullptr;
}

std::vector<dns::Name> names_in(const dns::Answer& ptr) {
  std::vector<dns::Name> out;
  for (const dns::Record& record : ptr.records) {
    const auto* name = std::get_if<dns::Name>(&record.data);
    if (name != nullptr && !name->is_root()) out.push_back(*name);
  }
  return out;
}

std::string ptr_fix(const Subject& subject, const Judged& judged) {
  const std::string name =
      judged.hosts.empty() ? "mail." + subject.name.to_string() : judged.canonical.to_string();
  return fmt::format("{}. PTR {}.   (set by whoever gave you the address)",
                     dns::Name::reverse(judged.ip).to_string(), name);
}

std::optional<std::vector<Heard>> hear(const Subject& subject, const std::vector<Judged>& addresses,
                                       Look& look, Report& report) {
  std::vector<Heard> out;
  size_t left_out = 0;
  bool open = false;
  for (const Judged& judged : addresses) {
    if (!subject.lab && special_purpose(judged.ip) != nullptr) continue;
    if (out.size() == kProbesMax) {
      ++left_out;
      continue;
    }
    const ProbeSaid* said = look.probe(check::probe_of(subject, judged.hosts.front(), judged.ip));
    open = open || said == nullptr;
    out.push_back({&judged, said});
  }
  if (open) return std::nullopt;
  if (left_out != 0) {
    report.unknown(fmt::format("{} more addresses", left_out),
                   fmt::format("only the first {} are connected to", kProbesMax));
  }
  if (out.empty() && !addresses.empty())
    report.skip(fmt::format("no mail host of {} has a public address", subject.name.to_string()));
  return out;
}

}  // namespace waybill::check::address
