// The DNS holds names of any octets; a host's name has letters, digits and hyphens. Senders refuse the
// others.
#include <algorithm>

#include "base/bytes.h"
#include "check/mail_hosts.h"
#include "check/mx/meant_address.h"
#include "check/mx/mx.h"
#include "route/hosts.h"

namespace waybill::check::mx {
namespace {
struct Verdict {
  Level level = Level::error;
  std::string_view what;  ///< empty: a sound name
};

Verdict judge(const dns::Name& name) {
  const std::string text = name.to_string();
  if (!route::is_host_name(name)) return {Level::error, "it has characters that no host name has"};
  const auto labels = split(text, '.');
  const auto misplaced = [](std::string_view label) {
    return label.starts_with('-') || label.ends_with('-');
  };
  if (std::ranges::any_of(labels, misplaced))
    return {Level::error, "one of its labels begins or ends with a hyphen"};
  // RFC 1123 2.1: a top-level name is alphabetic, or it could not be told from an address.
  if (labels.back().find_first_not_of("0123456789") == std::string_view::npos)
    return {Level::error, "its last label is a number"};
  if (text.contains('_')) return {Level::warning, "it has an underscore, which some senders refuse"};
  return {};
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_targets(subject, look, report);
  if (!mx) return;
  for (const dns::Mx& target : mx->targets) {
    const auto meant = meant_address(target.exchange);
    if (meant && !(meant->completed && route::is_host_name(target.exchange)))
      continue;  // mx.target-is-address
    const Verdict verdict = judge(target.exchange);
    if (verdict.what.empty()) continue;
    report.add(verdict.level,
               {.subject = target.exchange.to_string(),
                .got = fmt::format("MX {} names no proper host: {}", target.preference, verdict.what),
                .want = "letters, digits and hyphens, with a hyphen neither first nor last in a label",
                .fix = fmt::format("give the host a proper name and put it into  {}", mx->line(target)),
                .about = mx->about(target)});
  }
}
}  // namespace

const Check bad_hostname{.id = "mx.bad-hostname",
                         .number = 9,
                         .title = "Every MX names a host by a proper host name",
                         .ref = "RFC 1123 2.1",
                         .run = run};

}  // namespace waybill::check::mx
