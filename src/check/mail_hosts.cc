#include "check/mail_hosts.h"

#include <algorithm>
#include <set>

#include "route/hosts.h"

namespace waybill::check {
namespace {
bool earlier(const dns::Mx& a, const dns::Mx& b) {
  return a.preference != b.preference ? a.preference < b.preference
                                      : a.exchange.to_string() < b.exchange.to_string();
}

dns::Name owner_of(const Subject& subject, const dns::Answer& answer) {
  return answer.chain.empty() ? subject.name : answer.canonical;
}

/// Why an answer without records gives no MX to judge. REQUIRES: absent, or an alias loop.
std::string no_mx(const Subject& subject, const dns::Answer& answer) {
  const std::string name = subject.name.to_string();
  if (answer.loop) return fmt::format("the aliases (CNAME) of {} lead nowhere", name);
  if (answer.kind == dns::Kind::nxdomain) return fmt::format("{} does not exist", name);
  return fmt::format("{} has no MX record", name);
}

/// The hosts of the plan with the answers about their addresses; nothing while some are open.
std::optional<std::vector<MailHost>> hosts_of(const route::Plan& plan, Look& look, Report& report) {
  std::vector<MailHost> out;
  size_t left_out = 0;
  bool open = false;
  for (const route::Tier& tier : plan.tiers) {
    for (const route::Host& host : tier.hosts) {
      if (host.status == route::HostStatus::over_limit) {
        ++left_out;
        continue;
      }
      MailHost each{.mx = {tier.preference, host.name},
                    .status = host.status,
                    .note = host.note,
                    .canonical = host.canonical,
                    .addresses = std::nullopt};
      if (route::is_host_name(host.name)) {
        each.addresses = look.addresses(host.name);
        open = open || !each.addresses;
      }
      out.push_back(std::move(each));
    }
  }
  if (open) return std::nullopt;
  if (left_out != 0) {
    report.unknown(fmt::format("{} more MX targets", left_out),
                   fmt::format("only the first {} are looked at", out.size()));
  }
  std::ranges::sort(out, earlier, &MailHost::mx);
  return out;
}
}  // namespace

std::string MxSet::line(const dns::Mx& record) const {
  return fmt::format("{}. MX {} {}", owner.to_string(), record.preference,
                     record.exchange.is_root() ? "." : record.exchange.to_string() + ".");
}

std::optional<MxSet> mx_set(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* answer = look.dns(subject.name, dns::Type::mx);
  if (answer == nullptr) return std::nullopt;
  MxSet out;
  if (answer->unknown() && !answer->loop) {
    report.unknown(subject.name, dns::Type::mx, *answer);
    return out;
  }
  if (!answer->present()) {
    report.skip(no_mx(subject, *answer));
    return out;
  }
  out.answer = answer;
  out.owner = owner_of(subject, *answer);
  for (const dns::Mx& record : mx_of(*answer))
    (record.exchange.is_root() ? out.nulls : out.all).push_back(record);
  std::ranges::sort(out.all, earlier);
  std::set<dns::Name> seen;
  for (const dns::Mx& record : out.all) {
    if (seen.insert(record.exchange).second) out.targets.push_back(record);
  }
  return out;
}

std::optional<MxSet> mx_targets(const Subject& subject, Look& look, Report& report) {
  auto out = mx_set(subject, look, report);
  if (out && out->answer != nullptr && out->targets.empty())
    report.skip(fmt::format("{} takes no mail (null MX)", subject.name.to_string()));
  return out;
}

bool MailHost::report_unknown(Report& report) const {
  if (!addresses) return false;
  bool any = false;
  for (const auto& [type, answer] :
       {std::pair{dns::Type::a, addresses->v4}, std::pair{dns::Type::aaaa, addresses->v6}}) {
    if (!answer->unknown() || answer->loop) continue;
    report.unknown(mx.exchange, type, *answer);
    any = true;
  }
  return any;
}

std::optional<MailHosts> mail_hosts(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* answer = look.dns(subject.name, dns::Type::mx);
  if (answer == nullptr) return std::nullopt;
  MailHosts out;
  if (answer->unknown() && !answer->loop) {
    report.unknown(subject.name, dns::Type::mx, *answer);
    return out;
  }
  const route::Plan* plan = look.plan(subject.domain);
  if (plan == nullptr) return std::nullopt;
  out.source = plan->source;
  out.owner = owner_of(subject, *answer);
  if (plan->tiers.empty()) {
    out.why_none = plan->source == route::HostSource::null
                       ? fmt::format("{} takes no mail (null MX)", subject.name.to_string())
                       : no_mx(subject, *answer);
    return out;
  }
  auto hosts = hosts_of(*plan, look, report);
  if (!hosts) return std::nullopt;
  out.hosts = std::move(*hosts);
  return out;
}

std::optional<MailHosts> mx_hosts(const Subject& subject, Look& look, Report& report) {
  const auto set = mx_targets(subject, look, report);
  if (!set) return std::nullopt;
  if (set->targets.empty()) return MailHosts{};
  return mail_hosts(subject, look, report);
}

}  // namespace waybill::check
