// Short RSA keys can be broken; below 1024 bits verifiers take none.
#include "check/dkim/dkim.h"
#include "check/dkim/keys.h"

namespace waybill::check::dkim {
namespace {
constexpr int kBitsMin = 1024, kBitsWanted = 2048;  // RFC 8301 3.2

void run(const Subject& subject, Look& look, Report& report) {
  for (const Key& key : keys(subject, look, report)) {
    const policy::DkimRecord record = policy::parse_dkim(key.cleaned);
    if (record.type != policy::DkimKeyType::rsa || record.bits == 0 || record.bits >= kBitsWanted) continue;
    const bool refused = record.bits < kBitsMin;
    report.add(refused ? Level::error : Level::warning,
               {.subject = key.name.to_string(),
                .got = fmt::format("an RSA key of {} bits{}", record.bits,
                                   refused ? ", which verifiers must not accept" : ""),
                .want = "2048 bits",
                .fix = "make a key of 2048 bits, publish it under a new selector, then sign with that",
                .about = key.about});
  }
}
}  // namespace

const Check short_key{.id = "dkim.short-key",
                      .number = 52,
                      .title = "RSA keys have 2048 bits or more",
                      .ref = "RFC 8301 3.2",
                      .needs = Needs::selector,
                      .run = run};

}  // namespace waybill::check::dkim
