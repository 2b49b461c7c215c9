// A long record makes the answer too long for one small UDP packet.
#include "check/spf/own_record.h"
#include "check/spf/spf.h"

namespace waybill::check::spf {
namespace {
constexpr size_t kOctetsMax = 450;  // RFC 7208 3.4

void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own || own->text.size() <= kOctetsMax) return;
  report.notice(
      {.subject = subject.name.to_string(),
       .got = fmt::format("the SPF record has {} octets", own->text.size()),
       .want = "at most 450, so that the answer fits into 512 octets for every resolver",
       .fix = fmt::format(
           "move networks into a record of their own, such as _spf.{}, and include that (one lookup)",
           subject.name.to_string()),
       .about = own->about});
}
}  // namespace

const Check too_long{.id = "spf.too-long",
                     .number = 41,
                     .title = "The SPF record has at most 450 octets",
                     .ref = "RFC 7208 3.4",
                     .run = run};

}  // namespace waybill::check::spf
