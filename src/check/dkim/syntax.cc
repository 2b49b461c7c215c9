// A key record that verifiers can't read, or that says something else than its owner means.
#include "check/dkim/dkim.h"
#include "check/dkim/keys.h"

namespace waybill::check::dkim {
namespace {
void judge(const Key& key, Report& report) {
  const std::string name = key.name.to_string();
  if (key.several > 1) {
    report.error({.subject = name,
                  .got = fmt::format("{} TXT records; which of them a verifier takes is chance", key.several),
                  .want = "one",
                  .fix = "delete all but the one with the signer's present key",
                  .about = About{key.about.owner, dns::Type::txt, std::nullopt},
                  .ref = "RFC 6376 3.6.2.2"});
  }
  const policy::DkimRecord record = policy::parse_dkim(key.cleaned);
  for (const policy::TagFault& fault : record.faults) {
    report.error({.subject = name,
                  .got = fault.what,
                  .want = "a record that verifiers can read: \"v=DKIM1; k=rsa; p=…\"",
                  .fix = "publish the record anew, as the signer shows it, in one piece",
                  .about = key.about});
  }
  if (record.revoked) {
    report.warning({.subject = name,
                    .got = "p= is empty: the key is revoked, and every signature of this selector fails",
                    .want = "a key, while anything is signed with this selector",
                    .fix = "publish the signer's key, or sign with another selector",
                    .about = key.about});
  }
  if (record.testing) {
    report.notice({.subject = name,
                   .got = "t=y: verifiers are told that DKIM is only being tested here",
                   .want = "no t=y once signing works",
                   .fix = "take 'y' out of t=",
                   .about = key.about});
  }
}

void run(const Subject& subject, Look& look, Report& report) {
  for (const Key& key : keys(subject, look, report)) judge(key, report);
}
}  // namespace

const Check syntax{.id = "dkim.syntax",
                   .number = 50,
                   .title = "Every key record can be read and is in force",
                   .ref = "RFC 6376 3.6.1",
                   .needs = Needs::selector,
                   .run = run};

}  // namespace waybill::check::dkim
