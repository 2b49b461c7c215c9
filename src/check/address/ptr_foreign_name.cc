// An address that goes by its provider's name for it looks like a home connection to many a spam filter.
#include <algorithm>

#include "check/address/address.h"
#include "check/address/addresses.h"

namespace waybill::check::address {
namespace {
void judge(const Subject& subject, const Judged& judged, const std::vector<dns::Name>& names,
           Report& report) {
  const auto is_own = [&](const dns::Name& name) { return std::ranges::count(judged.names, name) != 0; };
  if (std::ranges::any_of(names, is_own)) return;
  report.notice({.subject = judged.subject(),
                 .got = names.size() == 1
                            ? fmt::format("the reverse DNS calls it {}", names.front().to_string())
                            : fmt::format("the reverse DNS has {} names for it, first {}", names.size(),
                                          names.front().to_string()),
                 .want = fmt::format("its own name, {}", judged.canonical.to_string()),
                 .fix = ptr_fix(subject, judged),
                 .about = judged.about()});
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto addresses = addresses_of(subject, Of::hosts, look, report);
  if (!addresses) return;
  size_t named = 0;
  bool open = false;
  for (const Judged& judged : *addresses) {
    const dns::Answer* ptr = ptr_of(judged, look, report, open);
    if (ptr == nullptr) continue;
    const auto names = names_in(*ptr);
    if (names.empty()) continue;  // address.no-ptr
    ++named;
    judge(subject, judged, names, report);
  }
  if (!open && !addresses->empty() && named == 0)
    report.skip(fmt::format("no address of {}'s mail hosts has a name", subject.name.to_string()));
}
}  // namespace

const Check ptr_foreign_name{.id = "address.ptr-foreign-name",
                             .number = 24,
                             .title = "The reverse DNS calls every mail host by its own name",
                             .ref = "RFC 1912 2.1",
                             .run = run};

}  // namespace waybill::check::address
