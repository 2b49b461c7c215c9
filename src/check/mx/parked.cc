// A domain that publishes all that keeps a parked one from being abused, and still has MX hosts: mail to it
// is taken by somebody, and read by nobody.
#include "base/bytes.h"
#include "check/mail_hosts.h"
#include "check/mx/mx.h"
#include "check/mx/spf_says.h"

namespace waybill::check::mx {
namespace {
/// A selector that nobody uses: what answers here is a wildcard.
constexpr std::string_view kNoSelector = "waybill-no-such-selector";

/// The value of `tag` in "v=...; tag=value; ..."; empty: not there.
std::string_view tag_of(std::string_view text, std::string_view tag) {
  for (const std::string_view part : split(text, ';')) {
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos && iequals(trim(part.substr(0, equals)), tag))
      return trim(part.substr(equals + 1));
  }
  return "";
}

enum class Sign : uint8_t { open, unknown, yes, no };

/// DMARC says that nothing from the domain is to be taken unless it is proved.
Sign rejects(const Subject& subject, Look& look, Report& report) {
  const auto name = subject.name.child("_dmarc");
  if (!name) return Sign::no;
  const dns::Answer* answer = look.dns(*name, dns::Type::txt);
  if (answer == nullptr) return Sign::open;
  if (answer->unknown()) return report.unknown(*name, dns::Type::txt, *answer), Sign::unknown;
  const auto found = texts_with(*answer, "v=DMARC1");
  return found.texts.size() == 1 && iequals(tag_of(found.texts.front(), "p"), "reject") ? Sign::yes
                                                                                        : Sign::no;
}

/// A wildcard revokes whatever DKIM key (RFC 6376 3.6.1: an empty p=).
Sign revokes(const Subject& subject, Look& look, Report& report) {
  const auto folder = subject.name.child("_domainkey");
  const auto name = folder ? folder->child(kNoSelector) : folder;
  if (!name) return Sign::no;
  const dns::Answer* answer = look.dns(*name, dns::Type::txt);
  if (answer == nullptr) return Sign::open;
  if (answer->unknown()) return report.unknown(*name, dns::Type::txt, *answer), Sign::unknown;
  const auto found = texts_with(*answer, "v=DKIM1");
  return found.texts.size() == 1 && found.texts.front().contains("p=") &&
                 tag_of(found.texts.front(), "p").empty()
             ? Sign::yes
             : Sign::no;
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto mx = mx_targets(subject, look, report);
  if (!mx || mx->targets.empty()) return;
  const SpfSays spf = spf_says(subject.name, look, report);
  if (spf.who != SpfSays::Who::nobody) return;
  // Their failures count only while the other sign is missing.
  Report aside(parked);
  const Sign reject = rejects(subject, look, aside);
  const Sign revoke = revokes(subject, look, aside);
  if (reject == Sign::open || revoke == Sign::open) return;
  if (reject != Sign::yes && revoke != Sign::yes) {
    if (reject == Sign::unknown) rejects(subject, look, report);
    if (revoke == Sign::unknown) revokes(subject, look, report);
    return;
  }
  const std::string name = subject.name.to_string();
  report.warning(
      {.subject = name,
       .got = fmt::format("nobody may send for it (SPF -all, {}), as for a parked domain, yet {} takes its "
                          "mail",
                          reject == Sign::yes ? "DMARC p=reject" : "all DKIM keys revoked",
                          mx->targets.front().exchange.to_string()),
       .want = "a null MX, so that senders are told at once",
       .fix = fmt::format("{}. MX 0 .   instead of its MX; or allow this, if it only receives", name),
       .about = mx->about(mx->targets.front())});
}
}  // namespace

const Check parked{
    .id = "mx.parked", .number = 19, .title = "A parked domain takes no mail", .ref = "RFC 7505", .run = run};

}  // namespace waybill::check::mx
