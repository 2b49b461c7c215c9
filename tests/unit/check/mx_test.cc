#include "check/mx/mx.h"

#include "support/check_kit.h"

namespace waybill {
namespace {
using check::Level;
using test::CheckWorld;
using test::verdict;
using testing::HasSubstr;

TEST(MxNone, a_domain_with_an_mx_is_fine) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na A 192.0.2.1").run(check::mx::none)), "fine");
}
TEST(MxNone, an_address_alone_is_a_notice_and_nothing_at_all_a_warning) {
  const auto implicit = CheckWorld("@ A 192.0.2.1").run(check::mx::none);
  EXPECT_EQ(verdict(implicit),
            "notice example.org: no MX record: mail goes to the domain's own address 192.0.2.1");
  EXPECT_EQ(CheckWorld("@ TXT x").run(check::mx::none).findings.at(0).level, Level::warning);
}
TEST(MxNone, a_failure_is_never_called_missing) {
  const auto ran = CheckWorld("@ A 192.0.2.1").fails("example.org", dns::Type::mx).run(check::mx::none);
  EXPECT_EQ(ran.state, check::State::unknown);
  EXPECT_THAT(verdict(ran), HasSubstr("unknown MX of example.org: no answer: SERVFAIL from 192.0.2.53"));
}

TEST(MxTargetIsCname, the_alias_is_named_with_its_record) {
  const auto ran =
      CheckWorld("@ MX 10 a\n@ MX 20 b\na CNAME b\nb A 192.0.2.1").run(check::mx::target_is_cname);
  EXPECT_EQ(verdict(ran), "error a.example.org: MX 10 names an alias (CNAME) of b.example.org");
  EXPECT_EQ(ran.findings.at(0).about->owner, dns::Name::parse("example.org").value());
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. MX 10 b.example.org.");
}
}  // namespace
}  // namespace waybill
