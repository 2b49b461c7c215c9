// The tests of a client, each alone, and what a policy makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/early_talker.h"
#include "policy/greylist.h"
#include "policy/iprev.h"
#include "policy/wrong_mx.h"

namespace waybill::policy {
namespace {
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const Time kNow{Millis{1'795'000'000'000}};

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
dns::Name name(std::string_view text) { return *dns::Name::parse(text); }

dns::Answer answer(std::vector<dns::Record> records) {
  return {.kind = dns::Kind::present, .records = std::move(records)};
}
template <class Data>
dns::Record record(std::string_view owner, dns::Type type, Data data) {
  dns::Record out;
  out.owner = name(owner);
  out.type = type;
  out.data = std::move(data);
  return out;
}

// ---- iprev -----------------------------------------------------------------------------------------------

struct Reverse : testing::Test {
  dns::Facts facts;
  std::string address = "192.0.2.1";

  void ptr(std::vector<std::string> names) {
    std::vector<dns::Record> records;
    for (const std::string& one : names) records.push_back(record("x.example", dns::Type::ptr, name(one)));
    facts.put({dns::Name::reverse(ip(address)), dns::Type::ptr}, answer(std::move(records)));
  }
  void forward(std::string_view host, std::string_view to) {
    facts.put({name(host), dns::Type::a}, answer({record(host, dns::Type::a, ip(to))}));
  }
  dns::Ptr result() {
    Questions<dns::Question> open;
    const dns::Ptr out = dns::assess_reverse(ip(address), facts, open);
    EXPECT_TRUE(open.empty());
    return out;
  }
};

TEST_F(Reverse, rfc_113_iprev_agreement_passes) {
  ptr({"mail.example"});
  forward("mail.example", "192.0.2.1");
  EXPECT_EQ(judge_iprev(result()).found, Found::pass);
  EXPECT_EQ(iprev_result(result().status), "pass");
}

TEST_F(Reverse, rfc_113_iprev_mismatch_fails) {
  ptr({"mail.example"});
  forward("mail.example", "192.0.2.99");
  EXPECT_EQ(judge_iprev(result()).found, Found::fail);
  EXPECT_EQ(iprev_result(result().status), "fail");
}

TEST_F(Reverse, rfc_113_iprev_no_name_is_permerror) {
  facts.put({dns::Name::reverse(ip(address)), dns::Type::ptr}, {.kind = dns::Kind::nxdomain});
  EXPECT_EQ(judge_iprev(result()).found, Found::fail);
  EXPECT_EQ(iprev_result(result().status), "permerror");
}

TEST_F(Reverse, rfc_113_iprev_servfail_is_temperror_and_nobodys_fault) {
  facts.put({dns::Name::reverse(ip(address)), dns::Type::ptr}, dns::Answer::failure("SERVFAIL"));
  EXPECT_EQ(judge_iprev(result()).found, Found::unknown);
  EXPECT_EQ(iprev_result(result().status), "temperror");
  ptr({"mail.example"});
  facts.put({name("mail.example"), dns::Type::a}, {.kind = dns::Kind::bogus});
  EXPECT_EQ(iprev_result(result().status), "temperror");
}

TEST_F(Reverse, rfc_142_ptr_names_beyond_the_tenth_are_not_followed) {
  std::vector<std::string> names;
  for (int i = 1; i <= 10; ++i) {
    names.push_back(fmt::format("n{}.example", i));
    forward(names.back(), "192.0.2.99");
  }
  names.push_back("mail.example");  // it would agree, and is never asked for
  ptr(names);
  EXPECT_EQ(judge_iprev(result()).found, Found::fail);
}

TEST(Iprev, the_header_field_holds_nothing_that_the_dns_made_up) {
  EXPECT_EQ(iprev_field("mx.example", ip("192.0.2.1"), {dns::PtrStatus::agrees, "mail.example"}),
            "Authentication-Results: mx.example;\r\n\tiprev=pass policy.iprev=192.0.2.1 (mail.example)\r\n");
  EXPECT_EQ(iprev_field("mx.example", ip("2001:db8::1"), {dns::PtrStatus::none, ""}),
            "Authentication-Results: mx.example;\r\n\tiprev=permerror policy.iprev=\"2001:db8::1\"\r\n");
  EXPECT_THAT(iprev_field("mx.example", ip("192.0.2.1"), {dns::PtrStatus::agrees, "a) x=y\r\nEvil: 1"}),
              HasSubstr("(a??x?y??Evil:?1)"));
}

// ---- early talkers ---------------------------------------------------------------------------------------

TEST(EarlyTalker, who_misbehaved_before_is_suspicious) {
  EXPECT_EQ(judge_early_talker(Talked::in_turn).found, Found::pass);
  EXPECT_EQ(judge_early_talker(Talked::early).found, Found::fail);
  EXPECT_FALSE(is_suspicious({}));
  EXPECT_TRUE(is_suspicious({.early = true}));
  EXPECT_TRUE(is_suspicious({.wrong_mx = true}));
  EXPECT_TRUE(is_suspicious({.ptr = dns::PtrStatus::disagrees}));
  EXPECT_FALSE(is_suspicious({.ptr = dns::PtrStatus::unknown})) << "a failed lookup is not the client's";
}

// ---- MX order --------------------------------------------------------------------------------------------

struct WrongMx : testing::Test {
  MxHosts mx{MxHosts::Status::known,
             {{10, "mx1.example", {"mx1.example", "192.0.2.11"}},
              {20, "mx2.example", {"mx2.example", "192.0.2.12"}},
              {30, "mx3.example", {"mx3.example", "192.0.2.13", "2001:db8::13"}}}};
  std::vector<Door> doors{{"192.0.2.11", kNow - 48h}, {"192.0.2.12", kNow - 48h}, {"192.0.2.13", kNow - 48h}};
  std::vector<Visit> visits;
  ClientPolicy policy;

  Finding at(const Place& place) {
    Arrival arrival;
    arrival.at = {place};
    arrival.visits = visits;
    arrival.doors = doors;
    arrival.now = kNow;
    return judge_wrong_mx(mx, arrival, policy);
  }
};

TEST_F(WrongMx, who_comes_to_the_worst_alone_fails) {
  const Finding finding = at("192.0.2.13");
  EXPECT_EQ(finding.found, Found::fail);
  EXPECT_EQ(finding.why, "came to mx3.example (30) and left out mx1.example (10), which is up");
  EXPECT_EQ(at("192.0.2.12").found, Found::fail);
}

TEST_F(WrongMx, who_comes_to_the_best_passes) { EXPECT_EQ(at("192.0.2.11").found, Found::pass); }

TEST_F(WrongMx, who_tried_any_better_one_in_time_passes) {
  visits = {{"192.0.2.12", kNow - policy.mx_memory}};
  EXPECT_EQ(at("192.0.2.13").found, Found::pass);
  visits = {{"192.0.2.12", kNow - policy.mx_memory - 1ms}};
  EXPECT_EQ(at("192.0.2.13").found, Found::fail);
  visits = {{"192.0.2.13", kNow}};
  EXPECT_EQ(at("192.0.2.13").found, Found::fail) << "a worse one is no excuse";
}

TEST_F(WrongMx, a_better_one_that_came_up_not_long_ago_excuses) {
  doors[0].up_since = kNow - policy.mx_grace + 1ms;
  EXPECT_EQ(at("192.0.2.13").found, Found::unknown);
  doors[0].up_since = kNow - policy.mx_grace;
  EXPECT_EQ(at("192.0.2.13").found, Found::fail);
}

TEST_F(WrongMx, a_better_one_that_turned_clients_away_excuses) {
  doors[0].refused_last = kNow - policy.mx_grace + 1ms;
  EXPECT_EQ(at("192.0.2.13").found, Found::unknown);
  doors[0].refused_last = kNow - policy.mx_grace;
  EXPECT_EQ(at("192.0.2.13").found, Found::fail);
}

TEST_F(WrongMx, another_hosts_better_mx_tells_nothing) {
  doors = {{"192.0.2.12", kNow - 48h}};
  const Finding finding = at("192.0.2.12");
  EXPECT_EQ(finding.found, Found::unknown);
  EXPECT_THAT(finding.why, HasSubstr("mx1.example"));
}

TEST_F(WrongMx, equals_are_no_better_ones) {
  mx.hosts[0].preference = 30;
  mx.hosts[1].preference = 30;
  EXPECT_EQ(at("192.0.2.13").found, Found::pass);
}

TEST_F(WrongMx, a_listener_with_a_name_stands_for_its_host) {
  doors = {{"mx1.example", kNow - 48h}, {"mx3.example", kNow - 48h}};
  EXPECT_EQ(at("mx3.example").found, Found::fail);
  visits = {{"mx1.example", kNow - 1min}};
  EXPECT_EQ(at("mx3.example").found, Found::pass);
}

TEST_F(WrongMx, what_the_dns_could_not_tell_is_unknown) {
  EXPECT_EQ(at("192.0.2.99").found, Found::unknown);
  mx = {};
  EXPECT_EQ(at("192.0.2.13").found, Found::unknown);
}

TEST_F(WrongMx, hosts_are_read_from_the_dns) {
  dns::Facts facts;
  Questions<dns::Question> open;
  EXPECT_EQ(read_mx_hosts(name("example"), facts, open).status, MxHosts::Status::unknown);
  ASSERT_EQ(open.size(), 1U);
  facts.put({name("example"), dns::Type::mx},
            answer({record("example", dns::Type::mx, dns::Mx{20, name("b.example")}),
                    record("example", dns::Type::mx, dns::Mx{10, name("a.example")})}));
  open.clear();
  (void)read_mx_hosts(name("example"), facts, open);
  EXPECT_EQ(open.size(), 4U);
  facts.put({name("a.example"), dns::Type::a}, answer({record("a.example", dns::Type::a, ip("192.0.2.1"))}));
  facts.put({name("a.example"), dns::Type::aaaa}, {.kind = dns::Kind::nodata});
  facts.put({name("b.example"), dns::Type::a}, dns::Answer::failure("timeout"));
  facts.put({name("b.example"), dns::Type::aaaa}, dns::Answer::failure("timeout"));
  open.clear();
  const MxHosts hosts = read_mx_hosts(name("example"), facts, open);
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(hosts,
            (MxHosts{MxHosts::Status::known,
                     {{10, "a.example", {"a.example", "192.0.2.1"}}, {20, "b.example", {"b.example"}}}}));
  facts.put({name("example"), dns::Type::mx}, dns::Answer::failure("timeout"));
  EXPECT_EQ(read_mx_hosts(name("example"), facts, open).status, MxHosts::Status::unknown);
  facts.put({name("example"), dns::Type::mx}, {.kind = dns::Kind::nodata});
  facts.put({name("example"), dns::Type::a}, {.kind = dns::Kind::nodata});
  facts.put({name("example"), dns::Type::aaaa}, {.kind = dns::Kind::nodata});
  EXPECT_EQ(read_mx_hosts(name("example"), facts, open).hosts.size(), 1U) << "RFC 5321 5.1: its own host";
}

// ---- greylisting -----------------------------------------------------------------------------------------

mail::ReversePath from(std::string_view text) { return *mail::Address::parse(text); }
mail::Address to(std::string_view text) { return *mail::Address::parse(text); }

TEST(Greylist, the_key_leaves_out_what_changes_with_every_message) {
  const auto key = [](std::string_view sender) {
    return greylist_key("192.0.2.0/24", from(sender), to("John@home.example"));
  };
  EXPECT_EQ(key("list-1234-bounce@a.example"), key("list-99-bounce@a.example"));
  EXPECT_EQ(key("bounce+4711@a.example"), key("bounce+foo@a.example"));
  EXPECT_EQ(key("prvs=0123abc=joe@a.example"), key("prvs=9876def=Joe@a.example"));
  EXPECT_NE(key("joe@a.example"), key("jim@a.example"));
  EXPECT_EQ(key("joe@a.example"),
            greylist_key("192.0.2.0/24", from("JOE@a.example"), to("john@home.example")));
  EXPECT_NE(key("joe@a.example"),
            greylist_key("192.0.3.0/24", from("joe@a.example"), to("john@home.example")));
  mail::Address endless = to("x@a.example");
  endless.local.assign(2000, 'x');
  EXPECT_LE(greylist_key("192.0.2.0/24", endless, endless).size(), 900U);
}

TEST(Greylist, servers_of_one_network_stand_together) {
  EXPECT_EQ(greylist_network(ip("192.0.2.77")), "192.0.2.0/24");
  EXPECT_EQ(greylist_network(ip("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
}

TEST(Greylist, bounces_postmaster_and_abuse_never_wait) {
  EXPECT_TRUE(is_greylist_exempt({}, to("john@home.example")));
  EXPECT_TRUE(is_greylist_exempt(from("a@a.example"), to("PostMaster@home.example")));
  EXPECT_TRUE(is_greylist_exempt(from("a@a.example"), to("abuse@home.example")));
  EXPECT_FALSE(is_greylist_exempt(from("a@a.example"), to("john@home.example")));
}

TEST(Greylist, the_first_waits_and_the_retry_passes) {
  const GreylistTimes times;
  const GreylistStep first = greylist(std::nullopt, 0, kNow, times);
  EXPECT_EQ(first.finding.found, Found::fail);
  EXPECT_EQ(first.finding.wait, times.delay);
  const GreylistStep soon = greylist(first.entry, 0, kNow + 4min, times);
  EXPECT_EQ(soon.finding.wait, Millis{1min}) << "an impatient retry does not begin anew";
  const GreylistStep retry = greylist(soon.entry, 0, kNow + 5min, times);
  EXPECT_EQ(retry.finding.found, Found::pass);
  EXPECT_TRUE(retry.came_back);
  const GreylistStep later = greylist(retry.entry, 0, kNow + 20 * 24h, times);
  EXPECT_EQ(later.finding.found, Found::pass);
  EXPECT_FALSE(later.came_back) << "one wait counts once";
  EXPECT_EQ(later.expires, kNow + 20 * 24h + times.keep);
}

TEST(Greylist, a_known_client_does_not_wait) {
  const GreylistTimes times;
  EXPECT_EQ(greylist(std::nullopt, 4, kNow, times).finding.found, Found::fail);
  EXPECT_EQ(greylist(std::nullopt, 5, kNow, times).finding.found, Found::pass);
  EXPECT_EQ(greylist(std::nullopt, 5, kNow, {.known_after = 0}).finding.found, Found::fail);
}

TEST(Greylist, what_is_kept_reads_back) {
  const GreylistEntry entry{kNow, true};
  EXPECT_EQ(GreylistEntry::decode(entry.encode()), entry);
  for (const char* bad : {"", "p", "x12", "p12x", "w 1"}) EXPECT_FALSE(GreylistEntry::decode(bad)) << bad;
}

// ---- the whole -------------------------------------------------------------------------------------------

TEST(ClientDecision, the_hardest_rule_that_fails_speaks) {
  ClientPolicy policy;
  for (const ClientTest test : kClientTests) policy.actions[test] = ClientAction::observe;
  Findings findings;
  for (const ClientTest test : kClientTests) findings[test] = {Found::fail, "why"};
  findings[ClientTest::greylist].wait = Millis{299'001};
  EXPECT_FALSE(decide_client(policy, findings, ForPostmaster::no).refusal);
  policy.actions[ClientTest::greylist] = ClientAction::defer;
  EXPECT_EQ(decide_client(policy, findings, ForPostmaster::no).refusal->to_string(),
            "450 4.7.1 greylisted: come back in 300 seconds");
  policy.actions[ClientTest::wrong_mx] = ClientAction::refuse;
  EXPECT_EQ(decide_client(policy, findings, ForPostmaster::no).refusal->code, 550);
  EXPECT_EQ(decide_client(policy, findings, ForPostmaster::no).refused_by, ClientTest::wrong_mx);
  EXPECT_FALSE(decide_client(policy, findings, ForPostmaster::yes).refusal);
  policy.actions[ClientTest::wrong_mx] = ClientAction::off;
  policy.actions[ClientTest::iprev] = ClientAction::refuse;
  EXPECT_EQ(decide_client(policy, findings, ForPostmaster::no).refusal->enhanced.to_string(), "5.7.25");
}

TEST(ClientDecision, what_is_unknown_turns_nobody_away) {
  ClientPolicy policy;
  for (const ClientTest test : kClientTests) policy.actions[test] = ClientAction::refuse;
  const ClientDecision decision = decide_client(policy, {}, ForPostmaster::no);
  EXPECT_FALSE(decision.refusal);
}

TEST(ClientDecision, tags_tell_what_was_found) {
  ClientPolicy policy;
  policy.actions[ClientTest::wrong_mx] = ClientAction::tag;
  policy.actions[ClientTest::early_talker] = ClientAction::tag;
  policy.actions[ClientTest::iprev] = ClientAction::tag;  // has a field of its own
  Findings findings;
  findings[ClientTest::wrong_mx] = {Found::fail, "left out mx1.example"};
  findings[ClientTest::early_talker] = {Found::pass, {}};
  EXPECT_EQ(decide_client(policy, findings, ForPostmaster::yes).tag,
            "X-Waybill-Client:\r\n\tearly_talker=pass;\r\n\twrong_mx=fail (left out mx1.example)\r\n");
}

TEST(ClientDecision, only_rules_that_need_a_lookup_have_an_answer_wait) {
  ClientPolicy policy;
  EXPECT_TRUE(policy.idle());
  policy.actions[ClientTest::early_talker] = ClientAction::refuse;
  policy.actions[ClientTest::iprev] = ClientAction::observe;
  EXPECT_FALSE(policy.waits());
  policy.actions[ClientTest::iprev] = ClientAction::tag;
  EXPECT_TRUE(policy.waits());
}

// ---- what is kept ----------------------------------------------------------------------------------------

TEST(ClientRecord, reads_back_and_remembers_the_latest_places) {
  ClientRecord record;
  for (int i = 0; i < 12; ++i) record.visited(fmt::format("192.0.2.{}", i), kNow + i * 1s);
  record.visited("192.0.2.8", kNow + 20s);
  EXPECT_EQ(record.visits.size(), ClientRecord::kVisitsMax);
  EXPECT_EQ(record.visits.back(), (Visit{"192.0.2.8", kNow + 20s}));
  EXPECT_EQ(record.first, kNow);
  record.early = true;
  record.ptr = dns::PtrStatus::none;
  EXPECT_EQ(ClientRecord::decode(record.encode()), record);
}

TEST(ClientRecord, a_tally_reads_back_whatever_clients_say) {
  ClientTally tally;
  tally.first = kNow;
  tally.last = kNow + 1s;
  tally.messages = 3;
  tally.failed[ClientTest::wrong_mx] = 2;
  tally.failed_last[ClientTest::wrong_mx] = kNow;
  tally.why[ClientTest::wrong_mx] = "left out mx1";
  tally.helo = "client.example";
  EXPECT_EQ(ClientTally::decode(tally.encode()), tally);
  tally.helo = "tab\tand\nline";
  tally.from = std::string(5000, 'x');
  const auto read = ClientTally::decode(tally.encode());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->helo, "tab?and?line");
  EXPECT_EQ(read->from.size(), 250U);
}

TEST(ClientRecord, what_is_cut_or_of_another_kind_is_nothing) {
  ClientRecord record;
  record.visited("192.0.2.1", kNow);
  const std::string text = record.encode();
  for (size_t n = 0; n < text.size(); ++n) {
    const auto read = ClientRecord::decode(text.substr(0, n));
    EXPECT_LE(read ? read->visits.size() : 0, 1U);
  }
  for (const char* bad : {"", "c1", "c2\t1\t1\t1\t0\t0\t4", "c1\t1\t1\t1\t0\t0\t9", "t1"})
    EXPECT_FALSE(ClientRecord::decode(bad)) << bad;
  EXPECT_FALSE(ClientTally::decode(text));
}

TEST(ClientKey, an_ipv6_client_is_its_64) {
  EXPECT_EQ(client_key(ip("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(client_key(ip("2001:db8::1:2:3:4")), client_key(ip("2001:db8::9:9:9:9")));
}
}  // namespace
}  // namespace waybill::policy
