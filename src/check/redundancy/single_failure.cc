// What each single host's failure costs, by the router's own plan: who takes the mail then, and whether
// protection that the first host has (DANE, IPv6) is lost on the way.
#include <algorithm>
#include <set>

#include "check/redundancy/redundancy.h"
#include "policy/dane.h"

namespace waybill::check::redundancy {
namespace {
std::vector<const route::Host*> usable(const route::Plan& plan) {
  std::vector<const route::Host*> out;
  for (const route::Tier& tier : plan.tiers) {
    for (const route::Host& host : tier.hosts) {
      if (host.status == route::HostStatus::ok) out.push_back(&host);
    }
  }
  return out;
}

size_t listed(const route::Plan& plan) {
  size_t out = 0;
  for (const route::Tier& tier : plan.tiers) out += tier.hosts.size();
  return out;
}

/// The names that fail with `failed`: a second name of one machine is no second machine.
std::vector<dns::Name> names_of_machine(const route::Plan& plan, const route::Host& failed) {
  std::vector<dns::Name> out{failed.name};
  const auto shares = [&](const route::Address& a) {
    return std::ranges::any_of(failed.addresses, [&](const route::Address& b) { return a.ip == b.ip; });
  };
  for (const route::Tier& tier : plan.tiers) {
    for (const route::Host& host : tier.hosts) {
      if (host.name != failed.name && std::ranges::any_of(host.addresses, shares)) out.push_back(host.name);
    }
  }
  return out;
}

enum class Dane : uint8_t { no, yes, open };

/// Do senders that know DANE hold this host to its TLSA records, and can nobody lead them elsewhere?
Dane dane_of(const Subject& subject, const route::Plan& plan, const route::Host& host, Look& look,
             Report& report) {
  if (!plan.mx_secure) return Dane::no;  // RFC 7672 2.2.1: the MX answer itself may be forged
  auto step = policy::dane_of(host.name, subject.port, look.dns_facts());
  if (auto* open = std::get_if<Questions<dns::Question>>(&step)) {
    look.open(std::move(*open));
    return Dane::open;
  }
  const auto& dane = std::get<policy::DaneHost>(step);
  if (dane.status == policy::DaneHost::Status::failed) {
    // A zone file alone can't tell; that is no fault of the DNS.
    if (dane.why.find(kOutsideTheZone) != std::string::npos)
      report.skip(std::string(kOutsideTheZone));
    else
      report.unknown(fmt::format("TLSA of {}", host.name.to_string()), dane.why);
    return Dane::open;
  }
  return dane.status == policy::DaneHost::Status::usable ? Dane::yes : Dane::no;
}

bool has_ipv6(const route::Plan& plan) {
  return std::ranges::any_of(plan.attempts, [](const route::Attempt& attempt) { return attempt.ip.is_v6(); });
}

class Rehearsal {
 public:
  Rehearsal(const Subject& subject, Look& look, Report& report, const route::Plan& plan)
      : subject_(subject), look_(look), report_(report), plan_(plan) {}

  void run() {
    std::set<dns::Name> failed;  // a machine fails once, whatever its names
    for (const route::Host* host : usable(plan_)) {
      const auto down = names_of_machine(plan_, *host);
      if (std::ranges::any_of(down, [&](const dns::Name& name) { return failed.contains(name); })) continue;
      failed.insert(down.begin(), down.end());
      if (const route::Plan* after = look_.plan(subject_.domain, down)) judge(*host, *after);
    }
  }

 private:
  void judge(const route::Host& host, const route::Plan& after) {
    if (after.decision != route::Verdict::deliver) return nobody(host, after);
    const auto left = usable(after);
    dane_lost(host, left);
    if (has_ipv6(plan_) && !has_ipv6(after)) {
      report_.notice({.subject = host.name.to_string(),
                      .got = fmt::format("if it fails, {} takes the mail, by IPv4 alone", names(left)),
                      .want = "IPv6 with every single host gone, for senders that have nothing else",
                      .fix = fmt::format("give {} an AAAA record", left.front()->name.to_string())});
    }
  }

  void nobody(const route::Host& host, const route::Plan& after) {
    const bool only_one = listed(plan_) == 1;
    Report::Fault fault{
        .subject = host.name.to_string(),
        .got = only_one ? "if it fails, nobody takes the mail: senders keep it and try for days"
                        : fmt::format("if it fails, nobody takes the mail, though {} hosts are "
                                      "listed: {}",
                                      listed(plan_), after.reason),
        .want = "a second host that takes the mail",
        .fix = fmt::format("{}. MX (a higher number) (a host at another site)", subject_.name.to_string())};
    // One host is a choice, and RFC 5321 4.5.4.1 makes senders patient; a backup that is none is a mistake.
    if (only_one)
      report_.notice(std::move(fault));
    else
      report_.warning(std::move(fault));
  }

  void dane_lost(const route::Host& host, const std::vector<const route::Host*>& left) {
    if (dane_of(subject_, plan_, host, look_, report_) != Dane::yes) return;
    std::vector<const route::Host*> bare;
    for (const route::Host* each : left) {
      const Dane dane = dane_of(subject_, plan_, *each, look_, report_);
      if (dane == Dane::open) return;
      if (dane == Dane::no) bare.push_back(each);
    }
    if (bare.empty()) return;
    report_.warning(
        {.subject = host.name.to_string(),
         .got = fmt::format("it is held to its TLSA records, but if it fails mail may go to {}, which has "
                            "none: who blocks the one gets the mail in the clear from the other",
                            names(bare)),
         .want = "TLSA records for every MX host, or for none",
         .fix = fmt::format("_{}._tcp.{}. TLSA 3 1 1 (SHA-256 of its public key)", subject_.port,
                            bare.front()->name.to_string()),
         .ref = "RFC 7672 2.2"});
  }

  static std::string names(const std::vector<const route::Host*>& hosts) {
    std::vector<std::string> out;
    for (const route::Host* host : hosts) out.push_back(host->name.to_string());
    std::ranges::sort(out);
    return fmt::format("{}", fmt::join(out, ", "));
  }

  const Subject& subject_;
  Look& look_;
  Report& report_;
  const route::Plan& plan_;
};

void run(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* mx = known(look, report, subject.name, dns::Type::mx);
  if (mx == nullptr) return;
  const route::Plan* plan = look.plan(subject.domain);
  if (plan == nullptr) return;
  if (plan->why == route::Why::temp_failure || plan->why == route::Why::bogus) {
    return report.unknown(subject.name.to_string(), plan->reason);
  }
  if (plan->decision != route::Verdict::deliver)
    return report.skip(fmt::format("{} takes no mail as it is: {}", subject.name.to_string(), plan->reason));
  Rehearsal(subject, look, report, *plan).run();
}
}  // namespace

const Check single_failure{
    .id = "redundancy.single-failure",
    .number = 112,
    .title = "No single host's failure leaves the mail without a taker or without its protection",
    .ref = "RFC 5321 5.1",
    .run = run};

}  // namespace waybill::check::redundancy
