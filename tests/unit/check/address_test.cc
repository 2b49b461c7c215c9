// The addresses that a domain's mail comes to, and their names.
#include "check/address/address.h"
#include "support/check_kit.h"

namespace waybill {
namespace {
using check::Level;
using check::ProbeSaid;
using test::CheckWorld;
using test::lines_of;
using test::verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using Reach = ProbeSaid::Reach;

std::string run(const check::Check& check, const std::string& zone) {
  return verdict(CheckWorld(zone).run(check));
}
dns::Name name(const std::string& text) { return dns::Name::parse(text).value(); }
IpAddress ip(const std::string& text) { return IpAddress::parse(text).value(); }

constexpr const char* kHost = "@ MX 10 a\na A 192.0.2.1\n";
constexpr const char* kPtr = "1.2.0.192.in-addr.arpa. PTR a.example.org.\n";

TEST(Addresses, without_any_the_checks_are_left_out_and_say_why) {
  for (const check::Check* check :
       {&check::address::no_ptr, &check::address::ptr_disagrees, &check::address::ptr_foreign_name,
        &check::address::no_ipv6, &check::address::banner_differs, &check::address::ipv6_silent,
        &check::address::block_listed}) {
    const auto of = [&](CheckWorld world) {
      world.subject().probe = true;
      world.subject().blocklists.push_back(name("bl.example"));
      return verdict(world.run(*check));
    };
    EXPECT_EQ(of(CheckWorld("@ MX 0 .")), "skipped: example.org takes no mail (null MX)") << check->id;
    EXPECT_EQ(of(CheckWorld("@ MX 10 a")), "skipped: no mail host of example.org has an address")
        << check->id;
    EXPECT_EQ(of(CheckWorld("@ TXT x")), "skipped: no mail host of example.org has an address") << check->id;
    CheckWorld gone("a.example.net. A 192.0.2.1");
    gone.answers("example.org", dns::Type::mx, {.kind = dns::Kind::nxdomain});
    EXPECT_EQ(of(std::move(gone)), "skipped: example.org does not exist") << check->id;
    CheckWorld failed(kHost);
    failed.fails("example.org", dns::Type::mx);
    EXPECT_EQ(of(std::move(failed)), "unknown MX of example.org: no answer: SERVFAIL from 192.0.2.53")
        << check->id;
    CheckWorld lint(kHost);
    lint.fails("example.org", dns::Type::mx, dns::Kind::failed, std::string(check::kOutsideTheZone));
    EXPECT_EQ(of(std::move(lint)), "skipped: outside the zone") << check->id;
  }
}

TEST(AddressNoPtr, is_a_warning_and_for_a_sender_an_error) {
  const auto ran = CheckWorld(kHost).run(check::address::no_ptr);
  EXPECT_EQ(verdict(ran), "warning 192.0.2.1 (a.example.org): it has no name in the reverse DNS");
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("1.2.0.192.in-addr.arpa. PTR a.example.org."));
  EXPECT_EQ(ran.findings.at(0).about, (check::About{name("a.example.org"), dns::Type::a, ip("192.0.2.1")}));
  CheckWorld world(kHost);
  world.subject().sends_from = {ip("192.0.2.1"), ip("2001:db8::9")};
  EXPECT_THAT(
      lines_of(world.run(check::address::no_ptr)),
      ElementsAre(
          "error 192.0.2.1 (a.example.org): it has no name in the reverse DNS, though it sends mail: "
          "many receivers refuse it",
          "error 2001:db8::9: it has no name in the reverse DNS, though it sends mail: many receivers "
          "refuse it"));
}
TEST(AddressNoPtr, a_name_is_fine_the_root_is_none) {
  EXPECT_EQ(run(check::address::no_ptr, std::string(kHost) + kPtr), "fine");
  EXPECT_EQ(
      CheckWorld(std::string(kHost) + "1.2.0.192.in-addr.arpa. PTR .\n").run(check::address::no_ptr).state,
      check::State::findings);
}
TEST(AddressNoPtr, an_address_of_many_hosts_is_told_once) {
  EXPECT_EQ(CheckWorld("@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.1\nb AAAA ::ffff:192.0.2.1")
                .run(check::address::no_ptr)
                .findings.size(),
            1U);
}
TEST(AddressNoPtr, senders_count_without_any_mail_host) {
  CheckWorld world("@ MX 0 .\n1.2.0.192.in-addr.arpa. PTR a.example.org.");
  world.subject().sends_from = {ip("192.0.2.1")};
  EXPECT_EQ(verdict(world.run(check::address::no_ptr)), "fine");
  CheckWorld without("@ MX 0 .");
  without.subject().sends_from = {ip("192.0.2.1")};
  const auto ran = without.run(check::address::no_ptr);
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("PTR mail.example.org."));
  EXPECT_FALSE(ran.findings.at(0).about.has_value());
}
TEST(AddressNoPtr, a_failure_is_unknown_and_a_loop_is_none) {
  EXPECT_EQ(
      verdict(CheckWorld(kHost).fails("1.2.0.192.in-addr.arpa", dns::Type::ptr).run(check::address::no_ptr)),
      "unknown PTR of 1.2.0.192.in-addr.arpa: no answer: SERVFAIL from 192.0.2.53");
  CheckWorld loop(kHost);
  loop.answers("1.2.0.192.in-addr.arpa", dns::Type::ptr,
               {.kind = dns::Kind::failed, .loop = true, .why = "a loop"});
  EXPECT_EQ(verdict(loop.run(check::address::no_ptr)),
            "warning 192.0.2.1 (a.example.org): the aliases (CNAME) of 1.2.0.192.in-addr.arpa lead nowhere");
  EXPECT_EQ(loop.run(check::address::ptr_disagrees).state, check::State::skipped);
}
TEST(AddressNoPtr, one_family_that_is_unknown_does_not_hide_the_other) {
  EXPECT_THAT(lines_of(CheckWorld(kHost).fails("a.example.org", dns::Type::aaaa).run(check::address::no_ptr)),
              ElementsAre("unknown AAAA of a.example.org: no answer: SERVFAIL from 192.0.2.53",
                          "warning 192.0.2.1 (a.example.org): it has no name in the reverse DNS"));
}
TEST(AddressNoPtr, delegation_of_the_reverse_by_cname_is_followed) {
  EXPECT_EQ(run(check::address::no_ptr, std::string(kHost) +
                                            "1.2.0.192.in-addr.arpa. CNAME 1.0-127.2.0.192.in-addr.arpa.\n"
                                            "1.0-127.2.0.192.in-addr.arpa. PTR a.example.org.\n"),
            "fine");
}
TEST(AddressNoPtr, addresses_without_number_are_cut_off_and_said_so) {
  std::string zone;
  for (int i = 0; i < 210; ++i) zone += fmt::format("@ MX 10 h{:03}\nh{:03} A 192.0.2.{}\n", i, i, i);
  const auto ran = CheckWorld(zone).run(check::address::no_ptr);
  EXPECT_EQ(ran.findings.size(), 201U);
  EXPECT_THAT(lines_of(ran),
              testing::Contains("unknown 10 more addresses: only the first 200 are looked at"));
}

TEST(AddressPtrDisagrees, the_name_must_lead_back) {
  const auto ran = CheckWorld(std::string(kHost) +
                              "1.2.0.192.in-addr.arpa. PTR h.example.net.\n"
                              "h.example.net. A 198.51.100.7\n")
                       .run(check::address::ptr_disagrees);
  EXPECT_EQ(
      verdict(ran),
      "warning 192.0.2.1 (a.example.org): its name h.example.net leads to 198.51.100.7, not back to it");
  EXPECT_THAT(ran.findings.at(0).fix,
              HasSubstr("h.example.net. A 192.0.2.1   or   1.2.0.192.in-addr.arpa. PTR"));
  EXPECT_EQ(run(check::address::ptr_disagrees,
                std::string(kHost) + "1.2.0.192.in-addr.arpa. PTR gone.example.net.\n"),
            "warning 192.0.2.1 (a.example.org): its name gone.example.net has no A record");
}
TEST(AddressPtrDisagrees, one_name_that_leads_back_is_enough) {
  EXPECT_EQ(run(check::address::ptr_disagrees, std::string(kHost) + kPtr), "fine");
  EXPECT_EQ(run(check::address::ptr_disagrees,
                std::string(kHost) + kPtr + "1.2.0.192.in-addr.arpa. PTR gone.example.net.\n"),
            "fine");
}
TEST(AddressPtrDisagrees, without_names_left_out_and_failures_unknown) {
  EXPECT_EQ(run(check::address::ptr_disagrees, kHost), "skipped: no address of example.org has a name");
  EXPECT_EQ(verdict(CheckWorld(std::string(kHost) + "1.2.0.192.in-addr.arpa. PTR h.example.net.\n")
                        .fails("h.example.net", dns::Type::a)
                        .run(check::address::ptr_disagrees)),
            "unknown A of h.example.net: no answer: SERVFAIL from 192.0.2.53");
  EXPECT_EQ(CheckWorld(kHost)
                .fails("1.2.0.192.in-addr.arpa", dns::Type::ptr)
                .run(check::address::ptr_disagrees)
                .state,
            check::State::unknown);
}
TEST(AddressPtrDisagrees, a_sender_is_judged_as_well) {
  CheckWorld world("@ MX 0 .\n1.2.0.192.in-addr.arpa. PTR a.example.org.\na A 192.0.2.2");
  world.subject().sends_from = {ip("192.0.2.1")};
  EXPECT_EQ(verdict(world.run(check::address::ptr_disagrees)),
            "warning 192.0.2.1: its name a.example.org leads to 192.0.2.2, not back to it");
}

TEST(AddressPtrForeignName, the_providers_name_is_a_notice) {
  const auto ran = CheckWorld(std::string(kHost) + "1.2.0.192.in-addr.arpa. PTR h1.provider.example.\n")
                       .run(check::address::ptr_foreign_name);
  EXPECT_EQ(verdict(ran), "notice 192.0.2.1 (a.example.org): the reverse DNS calls it h1.provider.example");
  EXPECT_EQ(ran.findings.at(0).want, "its own name, a.example.org");
}
TEST(AddressPtrForeignName, the_name_of_any_mx_host_or_of_the_end_of_an_alias_is_its_own) {
  EXPECT_EQ(run(check::address::ptr_foreign_name, std::string(kHost) + kPtr), "fine");
  EXPECT_EQ(run(check::address::ptr_foreign_name,
                std::string("@ MX 10 b\n@ MX 20 a\nb A 192.0.2.1\na A 192.0.2.1\n") + kPtr),
            "fine");
  EXPECT_EQ(
      run(check::address::ptr_foreign_name, std::string("@ MX 10 b\nb CNAME a\na A 192.0.2.1\n") + kPtr),
      "fine");
}
TEST(AddressPtrForeignName, left_out_and_unknown) {
  EXPECT_EQ(run(check::address::ptr_foreign_name, kHost),
            "skipped: no address of example.org's mail hosts has a name");
  EXPECT_EQ(CheckWorld(kHost)
                .fails("1.2.0.192.in-addr.arpa", dns::Type::ptr)
                .run(check::address::ptr_foreign_name)
                .state,
            check::State::unknown);
}

class Probed {
 public:
  explicit Probed(const std::string& zone) : world_(zone) {
    world_.subject().probe = true;
    world_.subject().lab = true;  // its addresses are those of documentation
  }
  Probed& at(const std::string& host, const std::string& address, ProbeSaid said) {
    world_.says(check::AskProbe{name(host), ip(address), 25, name("example.org")}, std::move(said));
    return *this;
  }
  CheckWorld& world() { return world_; }
  check::Ran run(const check::Check& check) { return world_.run(check); }

 private:
  CheckWorld world_;
};
ProbeSaid greets(const std::string& host, uint16_t code = 220) {
  return {.reach = Reach::answered, .banner_code = code, .banner = host + " ESMTP", .banner_host = host};
}
ProbeSaid silent(Reach reach, const std::string& why) { return {.reach = reach, .why = why}; }

TEST(AddressBannerDiffers, only_with_probe) {
  EXPECT_EQ(run(check::address::banner_differs, kHost), "skipped: only with --probe");
  EXPECT_EQ(run(check::address::ipv6_silent, kHost), "skipped: only with --probe");
}
TEST(AddressBannerDiffers, another_name_is_a_notice_its_own_in_any_case_is_fine) {
  Probed probed(kHost);
  probed.at("a.example.org", "192.0.2.1", greets("localhost"));
  const auto ran = probed.run(check::address::banner_differs);
  EXPECT_EQ(verdict(ran), "notice 192.0.2.1 (a.example.org): it greets as localhost");
  EXPECT_EQ(ran.findings.at(0).fix,
            "set the mail server's host name to a.example.org (waybill: hostname = \"a.example.org\")");
  probed.at("a.example.org", "192.0.2.1", greets("A.Example.ORG"));
  EXPECT_EQ(verdict(probed.run(check::address::banner_differs)), "fine");
  probed.at("a.example.org", "192.0.2.1", greets(""));
  EXPECT_THAT(verdict(probed.run(check::address::banner_differs)), HasSubstr("it greets without a name"));
  probed.at("a.example.org", "192.0.2.1", greets("\x1b[31mevil"));
  EXPECT_THAT(verdict(probed.run(check::address::banner_differs)), HasSubstr("it greets as \\x1b[31mevil"));
}
TEST(AddressBannerDiffers, the_name_in_the_reverse_dns_will_do) {
  const std::string zone = std::string(kHost) + "1.2.0.192.in-addr.arpa. PTR mail.provider.example.\n";
  Probed probed(zone);
  probed.at("a.example.org", "192.0.2.1", greets("mail.provider.example"));
  EXPECT_EQ(verdict(probed.run(check::address::banner_differs)), "fine");
  probed.world().fails("1.2.0.192.in-addr.arpa", dns::Type::ptr);
  EXPECT_EQ(verdict(probed.run(check::address::banner_differs)),
            "unknown PTR of 1.2.0.192.in-addr.arpa: no answer: SERVFAIL from 192.0.2.53");
}
TEST(AddressBannerDiffers, silence_and_refusal_are_unknown_and_no_route_is_our_own) {
  Probed probed(kHost);
  probed.at("a.example.org", "192.0.2.1", silent(Reach::timed_out, "no answer in 10 s"));
  EXPECT_EQ(verdict(probed.run(check::address::banner_differs)),
            "unknown 192.0.2.1 (a.example.org): no greeting on port 25: no answer in 10 s");
  probed.at("a.example.org", "192.0.2.1", greets("5.7.1", 554));
  EXPECT_EQ(verdict(probed.run(check::address::banner_differs)),
            "unknown 192.0.2.1 (a.example.org): it turns us away: 554 5.7.1 ESMTP");
  probed.at("a.example.org", "192.0.2.1", silent(Reach::unreachable, "no route"));
  EXPECT_EQ(verdict(probed.run(check::address::banner_differs)),
            "skipped: this machine has no route to 192.0.2.1");
}

TEST(AddressNoIpv6, is_a_notice_once_where_nobody_has_it) {
  EXPECT_EQ(run(check::address::no_ipv6, kHost), "notice a.example.org: it has no IPv6 address (AAAA)");
  EXPECT_EQ(run(check::address::no_ipv6, "@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb A 192.0.2.2"),
            "notice a.example.org: none of the 2 mail hosts of example.org has an IPv6 address (AAAA)");
  EXPECT_EQ(run(check::address::no_ipv6, "@ A 192.0.2.1"),
            "notice example.org: it has no IPv6 address (AAAA)");
}
TEST(AddressNoIpv6, each_host_without_it_is_told_where_another_has_it) {
  EXPECT_EQ(run(check::address::no_ipv6, "@ MX 10 a\n@ MX 20 b\na A 192.0.2.1\nb AAAA 2001:db8::2"),
            "notice a.example.org: it has no IPv6 address (AAAA)");
  EXPECT_EQ(run(check::address::no_ipv6, "@ MX 10 a\na A 192.0.2.1\na AAAA 2001:db8::1"), "fine");
  EXPECT_EQ(run(check::address::no_ipv6, "@ MX 10 a\na AAAA 2001:db8::1"), "fine");
}
TEST(AddressNoIpv6, a_mapped_address_is_no_ipv6_and_a_failure_no_absence) {
  EXPECT_EQ(run(check::address::no_ipv6, "@ MX 10 a\na AAAA ::ffff:192.0.2.1"),
            "notice a.example.org: it has no IPv6 address (AAAA)");
  EXPECT_EQ(verdict(CheckWorld(kHost).fails("a.example.org", dns::Type::aaaa).run(check::address::no_ipv6)),
            "unknown AAAA of a.example.org: no answer: SERVFAIL from 192.0.2.53");
}

constexpr const char* kBoth = "@ MX 10 a\na A 192.0.2.1\na AAAA 2001:db8::1\n";
TEST(AddressIpv6Silent, nothing_behind_the_aaaa_is_an_error) {
  Probed probed(kBoth);
  probed.at("a.example.org", "192.0.2.1", greets("a.example.org"))
      .at("a.example.org", "2001:db8::1", silent(Reach::timed_out, "no answer in 10 s"));
  const auto ran = probed.run(check::address::ipv6_silent);
  EXPECT_EQ(verdict(ran),
            "error 2001:db8::1 (a.example.org): nothing answers there on port 25: no answer in 10 s");
  EXPECT_EQ(ran.findings.at(0).about->type, dns::Type::aaaa);
  probed.at("a.example.org", "2001:db8::1", silent(Reach::refused, "connection refused"))
      .at("a.example.org", "192.0.2.1", silent(Reach::timed_out, "no answer in 10 s"));
  EXPECT_EQ(probed.run(check::address::ipv6_silent).findings.at(0).level, Level::error);
  probed.at("a.example.org", "2001:db8::1", greets("x"));
  EXPECT_EQ(verdict(probed.run(check::address::ipv6_silent)), "fine");
}
TEST(AddressIpv6Silent, what_may_be_this_machine_is_no_fault) {
  Probed probed(kBoth);
  probed.at("a.example.org", "192.0.2.1", greets("a.example.org"))
      .at("a.example.org", "2001:db8::1", silent(Reach::unreachable, "no route"));
  EXPECT_EQ(verdict(probed.run(check::address::ipv6_silent)),
            "skipped: this machine has no route to 2001:db8::1");
  probed.at("a.example.org", "192.0.2.1", silent(Reach::timed_out, "no answer in 10 s"))
      .at("a.example.org", "2001:db8::1", silent(Reach::timed_out, "no answer in 10 s"));
  EXPECT_EQ(
      verdict(probed.run(check::address::ipv6_silent)),
      "unknown 2001:db8::1 (a.example.org): no mail host answers this machine on port 25, over IPv4 or IPv6: "
      "its network may block the port");
}
TEST(AddressIpv6Silent, without_ipv6_left_out) {
  Probed probed(kHost);
  EXPECT_EQ(verdict(probed.run(check::address::ipv6_silent)),
            "skipped: no mail host of example.org has an IPv6 address");
}

TEST(AddressIpv6Silent, nobodys_addresses_are_not_connected_to) {
  Probed probed("@ MX 10 a\na A 127.0.0.1\na AAAA ::1\n");
  probed.world().subject().lab = false;
  EXPECT_EQ(verdict(probed.run(check::address::ipv6_silent)),
            "skipped: no mail host of example.org has a public address");
  EXPECT_EQ(verdict(probed.run(check::address::banner_differs)),
            "skipped: no mail host of example.org has a public address");
}

constexpr const char* kList = "2.0.0.127.bl.example. A 127.0.0.2\n";
constexpr const char* kListV6 =
    "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example. A 127.0.0.2\n";
check::Ran listed(const std::string& zone, std::vector<IpAddress> sends_from = {}) {
  CheckWorld world(zone);
  world.subject().blocklists = {name("bl.example")};
  world.subject().sends_from = std::move(sends_from);
  return world.run(check::address::block_listed);
}
TEST(AddressBlockListed, only_where_a_list_is_given) {
  EXPECT_EQ(run(check::address::block_listed, kHost), "skipped: no --blocklist was given");
}
TEST(AddressBlockListed, a_listing_is_a_warning_with_the_lists_own_words) {
  const auto ran =
      listed(std::string(kHost) + kList +
             "1.2.0.192.bl.example. A 127.0.0.4\n1.2.0.192.bl.example. TXT \"spam seen\\007 today\"\n");
  EXPECT_EQ(verdict(ran),
            "warning 192.0.2.1 (a.example.org): bl.example lists it (127.0.0.4): spam seen\\x07 today");
  EXPECT_THAT(ran.findings.at(0).fix, HasSubstr("ask the operators of bl.example to take 192.0.2.1 off"));
}
TEST(AddressBlockListed, not_listed_is_fine) {
  EXPECT_EQ(verdict(listed(std::string(kHost) + kList)), "fine");
}
TEST(AddressBlockListed, senders_are_looked_for_too) {
  EXPECT_EQ(
      verdict(listed(std::string(kHost) + kList + "9.2.0.192.bl.example. A 127.0.0.2\n", {ip("192.0.2.9")})),
      "warning 192.0.2.9: bl.example lists it (127.0.0.2)");
}
TEST(AddressBlockListed, the_lists_own_errors_are_no_listing) {
  EXPECT_EQ(verdict(listed(std::string(kHost) + kList + "1.2.0.192.bl.example. A 127.255.255.254\n")),
            "unknown 192.0.2.1 (a.example.org) on bl.example: it refuses the question (127.255.255.254)");
  EXPECT_EQ(verdict(listed(std::string(kHost) + kList + "1.2.0.192.bl.example. A 203.0.113.9\n")),
            "unknown 192.0.2.1 (a.example.org) on bl.example: it answers 203.0.113.9, which is no listing");
  EXPECT_EQ(
      verdict(listed(std::string(kHost) + "*.bl.example. A 127.0.0.2\n")),
      "unknown 192.0.2.1 (a.example.org) on bl.example: it lists 127.0.0.1, so it lists everything: it is no "
      "working list");
}
TEST(AddressBlockListed, a_list_without_its_test_entry_clears_nobody_but_its_listing_counts) {
  EXPECT_EQ(verdict(listed(std::string(kHost) + "3.2.0.192.bl.example. A 127.0.0.2\n")),
            "unknown 192.0.2.1 (a.example.org) on bl.example: it does not list its own test entry 127.0.0.2, "
            "so its "
            "\"not listed\" says nothing");
  EXPECT_EQ(listed(std::string(kHost) + "1.2.0.192.bl.example. A 127.0.0.2\n").findings.at(0).level,
            Level::warning);
}
TEST(AddressBlockListed, failures_are_unknown) {
  CheckWorld world(std::string(kHost) + kList);
  world.subject().blocklists = {name("bl.example")};
  world.fails("1.2.0.192.bl.example", dns::Type::a);
  EXPECT_EQ(verdict(world.run(check::address::block_listed)),
            "unknown 192.0.2.1 (a.example.org) on bl.example: SERVFAIL from 192.0.2.53");
}
TEST(AddressBlockListed, ipv6_by_its_nibbles_where_the_list_holds_any) {
  const std::string host = "@ MX 10 a\na AAAA 2001:db8::1\n";
  const std::string entry =
      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example. A 127.0.0.3\n";
  EXPECT_EQ(verdict(listed(host + kListV6 + entry)),
            "warning 2001:db8::1 (a.example.org): bl.example lists it (127.0.0.3)");
  EXPECT_EQ(verdict(listed(host + kListV6)), "fine");
  EXPECT_EQ(verdict(listed(host + kList)),
            "skipped: none of the lists holds IPv6 addresses, and there are no others");
}
TEST(AddressBlockListed, each_list_is_asked) {
  CheckWorld world(std::string(kHost) + kList +
                   "2.0.0.127.two.example. A 127.0.0.2\n1.2.0.192.two.example. A 127.0.0.2\n");
  world.subject().blocklists = {name("bl.example"), name("two.example")};
  EXPECT_EQ(verdict(world.run(check::address::block_listed)),
            "warning 192.0.2.1 (a.example.org): two.example lists it (127.0.0.2)");
}
}  // namespace
}  // namespace waybill
