// What an MX names: a host, by its own name, with public addresses, once.
#include "check/mail_hosts.h"
#include "check/mx/mx.h"
#include "support/check_kit.h"

namespace waybill {
namespace {
using check::Level;
using test::CheckWorld;
using test::lines_of;
using test::verdict;
using testing::ElementsAre;
using testing::HasSubstr;

std::string run(const check::Check& check, const std::string& zone) {
  return verdict(CheckWorld(zone).run(check));
}
dns::Name name(const std::string& text) { return dns::Name::parse(text).value(); }
const dns::Answer kLoop{.kind = dns::Kind::failed, .loop = true, .why = "a CNAME loop"};

/// The checks of this file, which all pass over a domain without MX hosts in the same way.
const std::vector<const check::Check*>& all() {
  static const std::vector<const check::Check*> checks{
      &check::mx::target_is_cname,   &check::mx::target_is_address, &check::mx::bad_hostname,
      &check::mx::target_no_address, &check::mx::target_twice,      &check::mx::one_address};
  return checks;
}
TEST(MxTargets, without_any_the_checks_are_left_out_and_say_why) {
  for (const check::Check* check : all()) {
    EXPECT_EQ(run(*check, "@ MX 0 ."), "skipped: example.org takes no mail (null MX)") << check->id;
    EXPECT_EQ(run(*check, "@ A 192.0.2.1"), "skipped: example.org has no MX record") << check->id;
    CheckWorld gone("a.example.net. A 192.0.2.1");
    EXPECT_EQ(verdict(gone.answers("example.org", dns::Type::mx, {.kind = dns::Kind::nxdomain}).run(*check)),
              "skipped: example.org does not exist")
        << check->id;
    EXPECT_EQ(verdict(CheckWorld("@ TXT x").answers("example.org", dns::Type::mx, kLoop).run(*check)),
              "skipped: the aliases (CNAME) of example.org lead nowhere")
        << check->id;
    EXPECT_EQ(verdict(CheckWorld("@ TXT x").fails("example.org", dns::Type::mx).run(*check)),
              "unknown MX of example.org: no answer: SERVFAIL from 192.0.2.53")
        << check->id;
    EXPECT_EQ(verdict(CheckWorld("@ TXT x")
                          .fails("example.org", dns::Type::mx, dns::Kind::failed,
                                 std::string(check::kOutsideTheZone))
                          .run(*check)),
              "skipped: outside the zone")
        << check->id;
  }
}
TEST(MxTargets, a_hundred_of_them_are_judged_and_thousands_are_cut_off_and_said_so) {
  std::string zone;
  for (int i = 0; i < 100; ++i) zone += fmt::format("@ MX {} h{:03}\n", i % 7, i);
  EXPECT_EQ(CheckWorld(zone).run(check::mx::target_no_address).findings.size(), 100U);
  for (int i = 100; i < 700; ++i) zone += fmt::format("@ MX {} h{:03}\n", i % 7, i);
  const auto ran = CheckWorld(zone).run(check::mx::target_no_address);
  ASSERT_EQ(ran.findings.size(), 501U);
  EXPECT_THAT(lines_of(ran),
              testing::Contains("unknown 200 more MX targets: only the first 500 are looked at"));
}

TEST(MxTargetIsCname, the_alias_is_named_with_its_record) {
  const auto ran =
      CheckWorld("@ MX 10 a\n@ MX 20 b\na CNAME b\nb A 192.0.2.1").run(check::mx::target_is_cname);
  EXPECT_EQ(verdict(ran), "error a.example.org: MX 10 names an alias (CNAME) of b.example.org");
  EXPECT_EQ(ran.findings.at(0).about,
            (check::About{name("example.org"), dns::Type::mx, dns::Mx{10, name("a.example.org")}}));
  EXPECT_EQ(ran.findings.at(0).fix, "example.org. MX 10 b.example.org.");
}
TEST(MxTargetIsCname, also_where_only_an_aaaa_or_nothing_stands_at_its_end) {
  EXPECT_EQ(run(check::mx::target_is_cname, "@ MX 10 a\na CNAME b\nb AAAA 2001:db8::1"),
            "error a.example.org: MX 10 names an alias (CNAME) of b.example.org");
  const auto dead = CheckWorld("@ MX 10 a\na CNAME b\nb TXT x").run(check::mx::target_is_cname);
  EXPECT_EQ(verdict(dead), "error a.example.org: MX 10 names an alias (CNAME) of b.example.org");
  EXPECT_THAT(dead.findings.at(0).fix, HasSubstr("name a host that has an address"));
  EXPECT_EQ(run(check::mx::target_is_cname, "@ MX 10 a\na CNAME gone.example.net."),
            "error a.example.org: MX 10 names an alias (CNAME) of gone.example.net");
}
TEST(MxTargetIsCname, the_end_of_a_chain_is_the_name_to_use) {
  EXPECT_EQ(CheckWorld("@ MX 10 a\na CNAME b\nb CNAME c\nc A 192.0.2.1")
                .run(check::mx::target_is_cname)
                .findings.at(0)
                .fix,
            "example.org. MX 10 c.example.org.");
}
TEST(MxTargetIsCname, one_good_answer_settles_it_and_a_loop_is_no_unknown) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na AAAA 2001:db8::1")
                        .fails("a.example.org", dns::Type::a)
                        .run(check::mx::target_is_cname)),
            "fine");
  EXPECT_EQ(lines_of(CheckWorld("@ MX 10 a")
                         .fails("a.example.org", dns::Type::a)
                         .fails("a.example.org", dns::Type::aaaa)
                         .run(check::mx::target_is_cname))
                .at(0),
            "unknown A of a.example.org: no answer: SERVFAIL from 192.0.2.53");
  EXPECT_EQ(run(check::mx::target_is_cname, "@ MX 10 a\na CNAME b\nb CNAME a"),
            "error a.example.org: MX 10 names an alias (CNAME) that leads nowhere: a CNAME loop");
}

TEST(MxTargetIsAddress, of_either_family_in_brackets_or_not) {
  for (const std::string target : {"192.0.2.1.", "[192.0.2.1].", "2001:db8::1.", "[IPv6:2001:db8::1]."}) {
    const auto ran = CheckWorld("@ MX 10 " + target).run(check::mx::target_is_address);
    ASSERT_EQ(ran.findings.size(), 1U) << target;
    EXPECT_THAT(verdict(ran), HasSubstr("MX 10 holds the address ")) << target;
    // Told once: not as a bad name and a host without address as well.
    EXPECT_EQ(run(check::mx::bad_hostname, "@ MX 10 " + target), "fine") << target;
    EXPECT_EQ(run(check::mx::target_no_address, "@ MX 10 " + target), "fine") << target;
  }
  EXPECT_EQ(CheckWorld("@ MX 10 192.0.2.1.").run(check::mx::target_is_address).findings.at(0).fix,
            "example.org. MX 10 mail.example.org.   and   mail.example.org. A 192.0.2.1");
}
TEST(MxTargetIsAddress, also_without_its_final_dot) {
  EXPECT_EQ(
      run(check::mx::target_is_address, "@ MX 10 192.0.2.1"),
      "error 192.0.2.1.example.org: MX 10 begins with the address 192.0.2.1, completed to a name that has no "
      "address");
  EXPECT_EQ(run(check::mx::target_no_address, "@ MX 10 192.0.2.1"), "fine");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 192.0.2.1")
                        .fails("192.0.2.1.example.org", dns::Type::a)
                        .run(check::mx::target_is_address)),
            "unknown A of 192.0.2.1.example.org: no answer: SERVFAIL from 192.0.2.53");
}
TEST(MxTargetIsAddress, a_host_that_is_called_by_its_address_and_has_one_is_a_host) {
  EXPECT_EQ(run(check::mx::target_is_address, "@ MX 10 192.0.2.1\n192.0.2.1 A 192.0.2.1"), "fine");
  EXPECT_EQ(run(check::mx::target_is_address, "@ MX 10 mx1\n@ MX 20 1.2.mx\n@ MX 30 192.0.2.999."), "fine");
}

TEST(MxBadHostname, what_no_host_name_has) {
  for (const auto& [target, what] : {
           std::pair{"mail\\032host", "it has characters that no host name has"},
           std::pair{"mail@host", "it has characters that no host name has"},
           std::pair{"*", "it has characters that no host name has"},
           std::pair{"-mail", "one of its labels begins or ends with a hyphen"},
           std::pair{"mail-.x", "one of its labels begins or ends with a hyphen"},
           std::pair{"mail.123.", "its last label is a number"},
       }) {
    const auto ran = CheckWorld(std::string("@ MX 10 ") + target).run(check::mx::bad_hostname);
    ASSERT_EQ(ran.findings.size(), 1U) << target;
    EXPECT_EQ(ran.findings.at(0).level, Level::error) << target;
    EXPECT_EQ(ran.findings.at(0).got, std::string("MX 10 names no proper host: ") + what);
  }
}
TEST(MxBadHostname, an_underscore_is_refused_by_some) {
  EXPECT_EQ(
      run(check::mx::bad_hostname, "@ MX 10 mail_host"),
      "warning mail_host.example.org: MX 10 names no proper host: it has an underscore, which some senders "
      "refuse");
}
TEST(MxBadHostname, sound_names_are_fine) {
  EXPECT_EQ(run(check::mx::bad_hostname, "@ MX 10 a\n@ MX 20 mx-1.2b\n@ MX 30 xn--bcher-kva\n@ MX 40 3com"),
            "fine");
}

TEST(MxTargetNoAddress, the_record_and_the_reason_are_told) {
  const auto ran =
      CheckWorld("@ MX 10 a\n@ MX 20 b\n@ MX 30 c\na A 192.0.2.1\nb TXT x").run(check::mx::target_no_address);
  EXPECT_THAT(lines_of(ran),
              ElementsAre("error b.example.org: MX 20 can't be reached: it has no address",
                          "error c.example.org: MX 30 can't be reached: the name does not exist"));
  EXPECT_THAT(ran.findings.at(1).fix, HasSubstr("delete  example.org. MX 30 c.example.org."));
}
TEST(MxTargetNoAddress, an_alias_is_followed_and_one_family_is_enough) {
  EXPECT_EQ(
      run(check::mx::target_no_address, "@ MX 10 a\n@ MX 20 c\na CNAME b\nb AAAA 2001:db8::1\nc A 192.0.2.1"),
      "fine");
  EXPECT_EQ(run(check::mx::target_no_address, "@ MX 10 a\na CNAME b\nb CNAME a"),
            "error a.example.org: MX 10 can't be reached: its aliases (CNAME) lead nowhere");
}
TEST(MxTargetNoAddress, a_failure_is_no_absence) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na TXT x")
                        .fails("a.example.org", dns::Type::aaaa, dns::Kind::bogus, "bad signature")
                        .run(check::mx::target_no_address)),
            "unknown AAAA of a.example.org: forged or broken (DNSSEC): bad signature");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na A 192.0.2.1")
                        .fails("a.example.org", dns::Type::aaaa)
                        .run(check::mx::target_no_address)),
            "fine");
  CheckWorld lint("@ MX 10 a.example.net.");
  for (const dns::Type type : {dns::Type::a, dns::Type::aaaa})
    lint.fails("a.example.net", type, dns::Kind::failed, std::string(check::kOutsideTheZone));
  for (const check::Check* check : {&check::mx::target_no_address, &check::mx::target_is_cname,
                                    &check::mx::one_address, &check::mx::reserved_address})
    EXPECT_EQ(verdict(lint.run(*check)), "skipped: outside the zone") << check->id;
}

TEST(MxTargetTwice, told_once_with_all_its_preferences) {
  const auto ran = CheckWorld("@ MX 10 a\n@ MX 20 b\n@ MX 30 A").run(check::mx::target_twice);
  EXPECT_EQ(verdict(ran), "warning a.example.org: it is listed 2 times, with preference 10, 30");
  EXPECT_EQ(ran.findings.at(0).fix, "keep only  example.org. MX 10 a.example.org.");
  EXPECT_EQ(ran.findings.at(0).about->data, dns::Data(dns::Mx{30, name("a.example.org")}));
  EXPECT_EQ(run(check::mx::target_twice, "@ MX 10 a\n@ MX 10 b"), "fine");
}

TEST(MxOneAddress, several_names_of_one_machine) {
  const auto ran =
      CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.1").run(check::mx::one_address);
  EXPECT_EQ(verdict(ran), "warning example.org: all 2 MX hosts have the same address, 192.0.2.1");
  EXPECT_EQ(run(check::mx::one_address,
                "@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\na AAAA 2001:db8::1\nb A 192.0.2.1\nb AAAA 2001:db8::1"),
            "warning example.org: all 2 MX hosts have the same address, 192.0.2.1");
  EXPECT_EQ(run(check::mx::one_address, "@ MX 10 a\n@ MX 20 b\na CNAME b\nb A 192.0.2.1"),
            "warning example.org: all 2 MX hosts have the same address, 192.0.2.1");
}
TEST(MxOneAddress, any_second_machine_makes_it_fine) {
  EXPECT_EQ(run(check::mx::one_address, "@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2"), "fine");
  EXPECT_EQ(run(check::mx::one_address,
                "@ MX 10 a\n@ MX 20 b\n@ MX 30 c\na A 192.0.2.1\nb A 192.0.2.1\nc AAAA 2001:db8::3"),
            "fine");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\n@ MX 20 b\n@ MX 30 c\na A 192.0.2.1\nb A 192.0.2.2")
                        .fails("c.example.org", dns::Type::a)
                        .run(check::mx::one_address)),
            "fine");
}
TEST(MxOneAddress, unknown_and_left_out) {
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.1")
                        .fails("b.example.org", dns::Type::aaaa)
                        .run(check::mx::one_address)),
            "unknown AAAA of b.example.org: no answer: SERVFAIL from 192.0.2.53");
  EXPECT_EQ(run(check::mx::one_address, "@ MX 10 a\n@ MX 20 b\na A 192.0.2.1"),
            "skipped: example.org has fewer than two MX hosts with an address");
  EXPECT_EQ(run(check::mx::one_address, "@ MX 10 a\n@ MX 20 b"),
            "skipped: example.org has fewer than two MX hosts with an address");
}

TEST(MxReservedAddress, named_with_its_block_and_clause) {
  const auto ran =
      CheckWorld("@ MX 10 a\na A 10.1.2.3\na A 9.9.9.9\na AAAA ::1").run(check::mx::reserved_address);
  EXPECT_THAT(
      lines_of(ran),
      ElementsAre("error a.example.org (10.1.2.3): it is a private address (10.0.0.0/8), which can't be "
                  "reached from everywhere",
                  "error a.example.org (::1): it is loopback (::1/128), where no sender delivers"));
  EXPECT_EQ(ran.findings.at(0).ref, "RFC 1918 3");
  EXPECT_EQ(ran.findings.at(0).about,
            (check::About{name("a.example.org"), dns::Type::a, IpAddress::parse("10.1.2.3").value()}));
}
TEST(MxReservedAddress, the_domains_own_address_counts_without_mx) {
  EXPECT_THAT(run(check::mx::reserved_address, "@ A 192.0.2.1"), HasSubstr("error example.org (192.0.2.1)"));
  EXPECT_EQ(run(check::mx::reserved_address, "@ A 9.9.9.9"), "fine");
}
TEST(MxReservedAddress, an_aaaa_may_hold_no_ipv4_mapped_address) {
  const auto ran = CheckWorld("@ MX 10 a\na AAAA ::ffff:9.9.9.9").run(check::mx::reserved_address);
  EXPECT_EQ(verdict(ran),
            "error a.example.org (::ffff:9.9.9.9): its AAAA record holds an IPv4-mapped address, which no "
            "sender can "
            "use");
  EXPECT_EQ(ran.findings.at(0).about->type, dns::Type::aaaa);
}
TEST(MxReservedAddress, the_record_of_an_alias_stands_at_its_end) {
  EXPECT_EQ(CheckWorld("@ MX 10 a\na CNAME b\nb A 192.168.1.1")
                .run(check::mx::reserved_address)
                .findings.at(0)
                .about->owner,
            name("b.example.org"));
}
TEST(MxReservedAddress, public_addresses_are_fine_labs_left_out_and_failures_unknown) {
  EXPECT_EQ(run(check::mx::reserved_address, "@ MX 10 a\na A 9.9.9.9\na AAAA 2620:fe::9"), "fine");
  CheckWorld lab("@ MX 10 a\na A 127.0.0.1");
  lab.subject().lab = true;
  EXPECT_EQ(verdict(lab.run(check::mx::reserved_address)),
            "skipped: this is a lab (--allow-loopback), where such addresses are meant");
  EXPECT_EQ(run(check::mx::reserved_address, "@ MX 10 a"),
            "skipped: no mail host of example.org has an address");
  EXPECT_EQ(run(check::mx::reserved_address, "@ MX 0 ."), "skipped: example.org takes no mail (null MX)");
  EXPECT_EQ(verdict(CheckWorld("@ MX 10 a\na A 9.9.9.9")
                        .fails("a.example.org", dns::Type::aaaa)
                        .run(check::mx::reserved_address)),
            "unknown AAAA of a.example.org: no answer: SERVFAIL from 192.0.2.53");
}
}  // namespace
}  // namespace waybill
