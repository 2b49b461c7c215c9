#include "check/change/mail.h"

#include <algorithm>

#include "base/bytes.h"
#include "check/change/change.h"
#include "policy/dmarc_record.h"
#include "policy/spf_record.h"

namespace waybill::check::change {
namespace {
using route::HostStatus;

constexpr std::string_view kNone = "none";

std::string joined(const std::vector<std::string>& parts, std::string_view between = ", ") {
  return parts.empty() ? std::string(kNone) : fmt::format("{}", fmt::join(parts, between));
}

/// "10 mx1.example.org 50%, 10 mx2.example.org 50%, 20 mx3.example.org (no address)"
std::string receivers(const route::Plan& plan) {
  std::vector<std::string> hosts;
  for (const route::Tier& tier : plan.tiers) {
    std::vector<std::string> equals;  // sorted: the plan has shuffled them
    for (const route::Host& host : tier.hosts) {
      std::string note;
      if (host.status != HostStatus::ok)
        note = fmt::format(" ({})", route::to_string(host.status));
      else if (tier.hosts.size() > 1)
        note = fmt::format(" {:.0f}%", host.first_share * 100);
      equals.push_back(fmt::format("{} {}{}", tier.preference, host.name.to_string(), note));
    }
    std::ranges::sort(equals);
    hosts.insert(hosts.end(), equals.begin(), equals.end());
  }
  if (plan.decision != route::Verdict::deliver)
    return hosts.empty() ? fmt::format("nobody: {}", plan.reason)
                         : fmt::format("nobody: {} ({})", plan.reason, joined(hosts));
  return joined(hosts);
}

std::string data_of(const std::vector<dns::Record>& records) {
  std::vector<std::string> out;
  for (const dns::Record& record : records) {
    const auto* txt = std::get_if<dns::Txt>(&record.data);
    out.push_back(txt != nullptr ? txt->joined() : dns::data_to_string(record));
  }
  std::ranges::sort(out);
  return joined(out, " | ");
}

std::string who(const policy::SpfTerm& term) {
  const size_t colon = term.text.find_first_of(":=");
  const std::string target = colon == std::string::npos ? "" : term.text.substr(colon + 1);
  const std::string of = target.empty() ? "the domain itself" : target;
  switch (term.kind) {
    case policy::SpfKind::all:
      return "everybody else";
    case policy::SpfKind::include:
      return fmt::format("whoever the SPF of {} allows", target);
    case policy::SpfKind::redirect:
      return fmt::format("whoever the SPF of {} allows", target);
    case policy::SpfKind::a:
      return fmt::format("the addresses of {}", of);
    case policy::SpfKind::mx:
      return fmt::format("the MX hosts of {}", of);
    case policy::SpfKind::ptr:
      return fmt::format("hosts with names below {}", of);
    case policy::SpfKind::exists:
      return fmt::format("senders for which {} exists", target);
    default:
      return target.empty() ? term.text : target;
  }
}

std::string what(const policy::SpfTerm& term) {
  switch (term.qualifier) {
    case policy::SpfQualifier::pass:
      return "may send";
    case policy::SpfQualifier::neutral:
      return "is neither allowed nor refused";
    case policy::SpfQualifier::softfail:
      return "is suspect, but not refused";
    case policy::SpfQualifier::fail:
      return "is refused";
  }
  return "";
}

/// One sentence a term that comes or goes.
std::vector<std::string> spf_words(const std::string& before, const std::string& after) {
  std::vector<std::string> out;
  const auto tell = [&](const std::string& text, const std::string& other, std::string_view when) {
    if (text.empty()) return;
    const auto only = spf_terms_only_in(text, other);
    for (const policy::SpfTerm& term : policy::parse_spf(text).terms) {
      if (std::ranges::find(only, term.text) == only.end()) continue;
      if (term.is_modifier() && term.kind != policy::SpfKind::redirect) continue;
      out.push_back(fmt::format("{}: {} {}", when, who(term), what(term)));
    }
  };
  tell(before, after, "no longer");
  tell(after, before, "new");
  return out;
}

std::string dmarc_policy(const SetPair& set, const dns::Answer& answer) {
  const auto records = set.records(answer);
  if (records.empty()) return std::string(kNone);
  if (records.size() > 1) return fmt::format("{} records, which count as none", records.size());
  const auto record = policy::parse_dmarc(std::get<dns::Txt>(records.front().data).joined());
  const auto word = [](std::optional<policy::DmarcPolicy> asked) {
    return asked ? policy::to_string(*asked) : kNone;
  };
  std::vector<std::string> reports;
  for (const policy::DmarcUri& uri : record.rua) reports.push_back(uri.text);
  return fmt::format("p={} sp={} rua={}{}", word(record.policy()), word(record.policy_for_subdomains()),
                     joined(reports, ","), record.testing ? " t=y" : "");
}

std::string sts_policy(const StsView& sts) {
  if (sts.record.state != policy::StsRecord::State::valid) return std::string(kNone);
  if (!sts.policy) return fmt::format("id {} (policy unknown: {})", sts.record.id, sts.why);
  return fmt::format("id {}, mode {}, max_age {}, mx {}", sts.record.id, policy::to_string(sts.policy->mode),
                     format_duration(Seconds{sts.policy->max_age_s}), joined(sts.policy->mx));
}

class Teller {
 public:
  Teller(const Move& move, const View& view, Report& report) : move_(move), view_(view), report_(report) {}

  std::vector<Change> tell() {
    for (const SetPair* set : view_.sets()) {
      if (!set->unknown() || untouched(*set)) continue;
      report_.unknown(set->name, set->type, set->live->unknown() ? *set->live : *set->proposed);
    }
    receive();
    send();
    enforce();
    for (const SetPair* set : view_.sets()) lifetime(*set);
    return std::move(out_);
  }

 private:
  /// A host outside the zone that can't be looked up in either world is no part of the change.
  [[nodiscard]] bool untouched(const SetPair& set) const {
    return set.live->unknown() && set.proposed->unknown() && set.name != move_.subject.name;
  }
  void add(Topic topic, std::string subject, std::string before, std::string after,
           std::vector<std::string> words = {}) {
    if (before == after && words.empty()) return;
    out_.push_back({topic, std::move(subject), std::move(before), std::move(after), std::move(words)});
  }
  void add_data(Topic topic, std::string subject, const SetPair& set, std::vector<std::string> words = {}) {
    if (set.changes())
      add(topic, std::move(subject), data_of(set.records(*set.live)), data_of(set.records(*set.proposed)),
          std::move(words));
  }

  void receive() {
    if (!view_.mx.unknown())
      add(Topic::receive, "mail for " + move_.subject.name.to_string(), receivers(*view_.live_plan),
          receivers(*view_.new_plan));
    for (const HostPair& host : view_.hosts) {
      if (!host.stays()) continue;  // of one that comes or goes the line above says all
      add_data(Topic::receive, "IPv4 of " + host.name.to_string(), host.a);
      add_data(Topic::receive, "IPv6 of " + host.name.to_string(), host.aaaa);
    }
  }

  void send() {
    const SetPair& spf = view_.spf;
    if (spf.changes())
      add_data(Topic::send, "SPF", spf, spf_words(spf_text(spf, *spf.live), spf_text(spf, *spf.proposed)));
    for (const SetPair& selector : view_.selectors) {
      if (!selector.unknown())
        add(Topic::send, "DKIM key " + selector.name.to_string(), key_words(selector, *selector.live),
            key_words(selector, *selector.proposed));
    }
  }

  static std::string key_words(const SetPair& selector, const dns::Answer& answer) {
    const std::string key = dkim_key(selector, answer);
    if (key.empty()) return std::string(answer.present() ? "revoked or without a key" : kNone);
    return key.size() <= 24 ? key : fmt::format("{}…{}", key.substr(0, 12), key.substr(key.size() - 12));
  }

  void enforce() {
    if (view_.dmarc.changes()) {
      const std::string before = dmarc_policy(view_.dmarc, *view_.dmarc.live);
      const std::string after = dmarc_policy(view_.dmarc, *view_.dmarc.proposed);
      if (before != after)
        add(Topic::enforce, "DMARC", before, after);
      else
        add_data(Topic::enforce, "DMARC", view_.dmarc);  // another of its tags
    }
    if (!view_.sts.unknown())
      add(Topic::enforce, "MTA-STS", sts_policy(view_.live_sts), sts_policy(view_.new_sts));
    add_data(Topic::enforce, "TLS reports", view_.tlsrpt);
    for (const HostPair& host : view_.hosts) {
      if (host.tlsa.unknown()) continue;
      const std::string before =
          host.live_preference ? data_of(host.tlsa.records(*host.tlsa.live)) : std::string(kNone);
      const std::string after =
          host.new_preference ? data_of(host.tlsa.records(*host.tlsa.proposed)) : std::string(kNone);
      add(Topic::enforce, "DANE of " + host.name.to_string(), before, after);
    }
  }

  void lifetime(const SetPair& set) {
    if (!set.only_ttl_changes()) return;
    add(Topic::lifetime, fmt::format("TTL of {} {}", set.name.to_string(), dns::to_string(set.type)),
        format_duration(set.lifetime()), format_duration(Seconds{set.proposed->ttl_s}));
  }

  const Move& move_;
  const View& view_;
  Report& report_;
  std::vector<Change> out_;
};
}  // namespace

std::string_view to_string(Topic topic) {
  switch (topic) {
    case Topic::receive:
      return "receive";
    case Topic::send:
      return "send";
    case Topic::enforce:
      return "enforce";
    case Topic::lifetime:
      return "lifetime";
  }
  return "";
}

std::vector<Change> mail_changes(const Move& move, const View& view, Report& unknown) {
  return Teller(move, view, unknown).tell();
}

const Check change_mail{
    .id = "change.mail", .number = 113, .title = "What changes for mail is known", .ref = ""};

}  // namespace waybill::check::change
