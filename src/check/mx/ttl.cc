// Too short, and every hiccup of the name servers is one of the mail; too long, and a change takes days.
#include <algorithm>

#include "check/mail_hosts.h"
#include "check/mx/mx.h"
#include "check/mx/server_answers.h"

namespace waybill::check::mx {
namespace {
constexpr uint32_t kTtlMin_s = 5 * 60;
constexpr uint32_t kTtlMax_s = 2 * 24 * 3600;

uint32_t ttl_of(const dns::Answer& answer) {
  uint32_t out = 0;
  for (const dns::Record& record : answer.records) out = std::max(out, record.ttl_s);
  return out;
}

/// The TTL as the zone's own servers have it, which no cache has worn down; nothing while open or not to be
/// had.
std::optional<uint32_t> published_ttl(const Subject& subject, Look& look, Report& report) {
  const auto asked = server_answers(subject, look, report);
  if (!asked) return std::nullopt;
  std::optional<uint32_t> out;
  for (const ServerAnswer& each : asked->answers) {
    if (each.counts() && each.said->answer.present())
      out = std::max(out.value_or(0), ttl_of(each.said->answer));
  }
  if (!out) report.skip(fmt::format("no name server of {} told the TTL", asked->owner.to_string()));
  return out;
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_set(subject, look, report);
  if (!mx || mx->answer == nullptr) return;
  uint32_t ttl_s = ttl_of(*mx->answer);
  const bool exact = mx->answer->source == dns::Source::overlay;
  if (!exact && subject.authoritative) {
    const auto published_s = published_ttl(subject, look, report);
    if (!published_s) return;
    ttl_s = *published_s;
  } else if (!exact && ttl_s < kTtlMin_s) {
    // What a cache has left of a TTL only tells that it was no shorter.
    return report.skip(
        fmt::format("a resolver holds the MX of {} for {} s more, which need not be its whole TTL: "
                    "--authoritative asks its name servers",
                    subject.name.to_string(), ttl_s));
  }
  if (ttl_s >= kTtlMin_s && ttl_s <= kTtlMax_s) return;
  const dns::Mx& first = mx->targets.empty() ? mx->nulls.front() : mx->targets.front();
  report.notice(
      {.subject = mx->owner.to_string(),
       .got = ttl_s < kTtlMin_s ? fmt::format("a TTL of {} s: its MX is asked for again and again", ttl_s)
                                : fmt::format("a TTL of {} s ({:.1f} days): a change takes as long", ttl_s,
                                              static_cast<double>(ttl_s) / (24 * 3600)),
       .want = "5 minutes (300) to 2 days (172800)",
       .fix = fmt::format("{}. 3600 MX {} {}.   and so for each of its MX records", mx->owner.to_string(),
                          first.preference, first.exchange.is_root() ? "" : first.exchange.to_string()),
       .about = About{mx->owner, dns::Type::mx, std::nullopt}});
}
}  // namespace

const Check ttl{.id = "mx.ttl",
                .number = 21,
                .title = "The MX records' TTL is 5 minutes to 2 days",
                .ref = "",
                .run = run};

}  // namespace waybill::check::mx
