// A signature whose key is not in the DNS is no signature.
#include "base/bytes.h"
#include "check/dkim/dkim.h"
#include "check/dkim/keys.h"

namespace waybill::check::dkim {
namespace {
std::string what_is_there(const dns::Answer& answer) {
  if (!answer.chain.empty())
    return fmt::format("it is an alias of {}, which has no TXT record", answer.canonical.to_string());
  return answer.kind == dns::Kind::nxdomain ? "the name does not exist (NXDOMAIN)"
                                            : "the name has no TXT record";
}

void run(const Subject& subject, Look& look, Report& report) {
  for (const std::string& selector : subject.selectors) {
    const auto name = key_name(subject, selector);
    if (!name) {
      report.error({.subject = subject.name.to_string(),
                    .got = fmt::format("'{}' is no selector", printable(selector, 80)),
                    .want = "what stands in s= of the signatures, such as 'mail2026'",
                    .fix = "give the value of s= from the DKIM-Signature field of a message"});
      continue;
    }
    const dns::Answer* answer = known(look, report, *name, dns::Type::txt);
    if (answer == nullptr || answer->present()) continue;
    report.error({.subject = name->to_string(),
                  .got = what_is_there(*answer),
                  .want = "the public key: without it every signature of this selector fails",
                  .fix = fmt::format("{}. TXT \"v=DKIM1; k=rsa; p=…\"   with the key that the signer shows",
                                     name->to_string())});
  }
}
}  // namespace

const Check selector_missing{.id = "dkim.selector-missing",
                             .number = 49,
                             .title = "Every selector in use has its key in the DNS",
                             .ref = "RFC 6376 3.6.2",
                             .needs = Needs::selector,
                             .run = run};

}  // namespace waybill::check::dkim
