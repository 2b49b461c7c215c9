// `waybill route`: how a plan is shown, and the verb itself over a zone file and a configuration.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "cli/route_print.h"
#include "cli/verbs.h"
#include "cli/what_if.h"
#include "support/mail_world.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using namespace test;
using testing::HasSubstr;
using testing::Not;

MailWorld& fill(MailWorld& world) {
  return world
      .mx("example.org",
          {{10, "a.example.org"}, {10, "b.example.org"}, {20, "c.example.org"}, {30, "gone.example.org"}})
      .host("a.example.org", {"192.0.2.1", "2001:db8::1"})
      .host("b.example.org", {"192.0.2.2"})
      .host("c.example.org", {"192.0.2.3"});
}

TEST(RoutePrint, tree_tells_order_shares_and_reasons) {
  MailWorld world;
  const route::Plan plan = fill(world).plan({.domain = domain("example.org"), .seed = 4});
  const std::string out = plan_text("john@example.org", plan, Paint::off);
  EXPECT_THAT(out, testing::StartsWith("john@example.org  deliver  4 addresses to try, first "));
  EXPECT_THAT(out, HasSubstr("a.example.org  first in 50% of sends"));
  EXPECT_THAT(out, testing::ContainsRegex("2001:db8::1 +port 25  50% first"));
  EXPECT_THAT(out, HasSubstr("gone.example.org  left out: the name does not exist"));
  EXPECT_THAT(out, HasSubstr("[RFC 5321 5.1]"));
  EXPECT_THAT(out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(plan_text("john@example.org", plan, Paint::on), HasSubstr("\x1b["));
}

TEST(RoutePrint, a_recipient_in_utf8_stays_itself) {
  MailWorld world;
  const route::Plan plan = fill(world).plan("example.org");
  const auto name_in_json = [&](std::string_view recipient) {
    return std::string(boost::json::parse(plan_json(recipient, plan)).at("recipient").as_string());
  };
  EXPECT_EQ(name_in_json("j\xc3\xbcrgen@example.org"), "j\xc3\xbcrgen@example.org");
  EXPECT_EQ(name_in_json("j\xfcrgen@example.org"), "j\xef\xbf\xbdrgen@example.org");
  EXPECT_EQ(name_in_json("\x1b[2J@example.org"), "\x1b[2J@example.org") << "JSON escapes it";
  EXPECT_THAT(plan_text("j\xc3\xbcrgen@example.org", plan, Paint::off),
              testing::StartsWith("j\xc3\xbcrgen@example.org  deliver"));
  EXPECT_THAT(plan_text("\x1b[2J@example.org", plan, Paint::off),
              testing::StartsWith("\\x1b[2J@example.org"));
}

TEST(RouteWhatIf, takes_host_names_and_addresses_and_nothing_else) {
  route::Request request;
  EXPECT_TRUE(
      add_down({"a.example.org", "a.example.org.", "192.0.2.1", "[192.0.2.2]", "2001:db8::1"}, request));
  EXPECT_EQ(request.down_hosts.size(), 2U);
  EXPECT_EQ(request.down_networks.size(), 3U);
  EXPECT_TRUE(add_down({"192.0.2.0/24", "2001:db8::/32"}, request));
  EXPECT_EQ(request.down_networks.size(), 5U);
  EXPECT_FALSE(add_self({"192.0.2.0/24"}, request.self)) << "a network is nobody";
  EXPECT_TRUE(add_self({"192.0.2.1", "2001:db8::1"}, request.self));
  EXPECT_EQ(request.self.addresses.size(), 2U);
  for (const char* text :
       {"", ".", "no host!", "192.0.2.1/24", "192.0.2.0/33", "256.0.0.1", "a..b", "a@example.org"}) {
    const Status down = add_down({text}, request);
    ASSERT_FALSE(down) << text;
    EXPECT_THAT(down.error().what, HasSubstr("--down"));
    EXPECT_FALSE(add_self({text}, request.self)) << text;
  }
}

TEST(RouteWhatIf, what_names_no_host_of_the_plan_is_told) {
  MailWorld world;
  const route::Plan plan = fill(world).plan("example.org");
  EXPECT_THAT(what_if_notes({"a.example.org", "192.0.2.2", "gone.example.org."}, {"c.example.org"}, plan),
              testing::IsEmpty());
  const auto notes = what_if_notes({"a.exmaple.org", "192.0.2.99"}, {"relay.example.org"}, plan);
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_THAT(notes[0], HasSubstr("--down a.exmaple.org names no host of this plan"));
  EXPECT_THAT(notes[2], HasSubstr("--self relay.example.org names no host of this plan"));
  EXPECT_THAT(plan_text("john@example.org", plan, Paint::off, {.notes = notes}),
              HasSubstr(" note: --down 192.0.2.99"));
  const auto json = boost::json::parse(plan_json("john@example.org", plan, {.notes = notes}));
  EXPECT_EQ(json.at("notes").as_array().size(), 3U);
  EXPECT_TRUE(boost::json::parse(plan_json("john@example.org", plan)).at("notes").as_array().empty());
}

TEST(RouteWhatIf, a_sender_that_is_known_by_its_looked_up_address_is_no_stranger) {
  MailWorld world;
  fill(world).host("nat.example.net", {"192.0.2.2"});
  const route::Plan plan = world.plan(
      {.domain = domain("example.org"), .self = {.names = {*dns::Name::parse("nat.example.net")}}});
  EXPECT_THAT(what_if_notes({}, {"nat.example.net"}, plan), testing::IsEmpty());
}

TEST(RoutePrint, json_has_the_shape_of_the_contract) {
  MailWorld world;
  const route::Plan plan = fill(world).plan("example.org");
  const auto out = boost::json::parse(plan_json("john@example.org", plan)).as_object();
  EXPECT_EQ(out.at("v"), 1);
  EXPECT_EQ(out.at("recipient"), "john@example.org");
  EXPECT_EQ(out.at("decision"), "deliver");
  EXPECT_TRUE(out.at("enhanced_status").is_null());
  EXPECT_TRUE(out.at("reason").is_string());
  const auto& attempts = out.at("attempts").as_array();
  ASSERT_EQ(attempts.size(), 4U);
  double shares = 0;
  for (const auto& attempt : attempts) {
    for (const char* key : {"preference", "host", "ip", "port", "first_share"}) {
      EXPECT_TRUE(attempt.as_object().contains(key)) << key;
    }
    shares += attempt.at("first_share").to_number<double>();
  }
  EXPECT_DOUBLE_EQ(shares, 1.0);
  for (const auto& step : out.at("steps").as_array()) {
    for (const char* key : {"rule", "ref", "text"}) EXPECT_TRUE(step.as_object().contains(key)) << key;
  }
}

TEST(RoutePrint, verdicts_have_their_exit_codes) {
  MailWorld world;
  world.mx("null.example", {{0, "."}}).fails("broken.example", dns::Type::mx);
  EXPECT_EQ(exit_of(fill(world).plan("example.org")), exit_ok);
  EXPECT_EQ(exit_of(world.plan("broken.example")), exit_unknown);
  const route::Plan null = world.plan("null.example");
  EXPECT_EQ(exit_of(null), exit_findings);
  EXPECT_THAT(plan_text("u@null.example", null, Paint::off),
              testing::StartsWith("u@null.example  bounce 556 5.1.10  "));
  EXPECT_EQ(boost::json::parse(plan_json("u@null.example", null)).at("enhanced_status"), "5.1.10");
}

class RouteVerb : public testing::Test {
 protected:
  RouteVerb() : folder_(std::filesystem::path(testing::TempDir()) / fmt::format("route-{}", getpid())) {
    std::filesystem::create_directories(folder_);
    write("lab.zone",
          "$ORIGIN example.test.\n$TTL 600\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A "
          "192.0.2.53\n"
          "@ MX 10 mx1\n@ MX 20 mx2\n@ MX 30 mx3\nmx1 A 192.0.2.1\nmx2 A 192.0.2.2\nmx3 A 192.0.2.3\n"
          "null MX 0 .\nlab A 127.0.0.9\nrelay A 192.0.2.77\n");
    write("waybill.toml",
          "hostname = \"mx2.example.test\"\ndata_dir = \"/tmp/nowhere\"\n[dns]\nmode = \"forward\"\n"
          "servers = [\"192.0.2.53:53\"]\n[[listener]]\naddress = \"192.0.2.2:25\"\n"
          "[domain.\"home.test\"]\nrole = \"primary\"\nmailboxes = "
          "\"maildir:/var/mail/{domain}/{user}\"\nusers = [\"john\"]\n"
          "aliases = { a = \"b\", b = \"a\", half = [\"john\", \"gone\"] }\n"
          "[domain.\"example.test\"]\nrole = \"backup\"\n"
          "[route.\"*.far.test\"]\nvia = \"[relay.example.test]:587\"\n");
  }
  ~RouteVerb() override { std::filesystem::remove_all(folder_); }
  void write(const char* name, const char* text) { std::ofstream(folder_ / name) << text; }
  int run(std::vector<std::string> args) {
    args.insert(args.begin(), "route");
    args.insert(args.end(), {"--zone", (folder_ / "lab.zone").string(), "--server", "127.0.0.1:1",
                             "--dns-timeout", "1s"});
    test::Ran ran = test::run_verb({add_route}, args);
    out_ = std::move(ran.out);
    err_ = std::move(ran.err);
    return ran.code;
  }
  std::vector<std::string> ips() {
    std::vector<std::string> out;
    const boost::json::value line = boost::json::parse(out_);
    for (const auto& attempt : line.at("attempts").as_array()) {
      out.emplace_back(attempt.at("ip").as_string());
    }
    return out;
  }
  std::filesystem::path folder_;
  std::string out_, err_;
};

TEST_F(RouteVerb, what_if_hosts_are_down_or_are_ourselves) {
  EXPECT_EQ(run({"john@example.test", "--json"}), exit_ok) << err_;
  EXPECT_THAT(ips(), testing::ElementsAre("192.0.2.1", "192.0.2.2", "192.0.2.3"));
  run({"john@example.test", "--json", "--down", "mx1.example.test"});
  EXPECT_THAT(ips(), testing::ElementsAre("192.0.2.2", "192.0.2.3"));
  run({"john@example.test", "--json", "--down", "192.0.2.1", "--down", "mx2.example.test"});
  EXPECT_THAT(ips(), testing::ElementsAre("192.0.2.3"));
  run({"john@example.test", "--json", "--self", "mx2.example.test"});
  EXPECT_THAT(ips(), testing::ElementsAre("192.0.2.1"));
  EXPECT_EQ(run({"john@example.test", "--self", "192.0.2.1"}), exit_findings);
  EXPECT_THAT(out_, HasSubstr("bounce 554 5.4.6"));
  EXPECT_EQ(run({"john@example.test", "--down", "no host!"}), exit_usage);
  EXPECT_EQ(run({"john@example.test", "--self", "192.0.2.0/24"}), exit_usage);
  EXPECT_EQ(run({"john@example.test", "--down", "mx9.example.test"}), exit_ok);
  EXPECT_THAT(out_, HasSubstr("note: --down mx9.example.test names no host of this plan"));
}

TEST_F(RouteVerb, every_answer_stands_in_the_tree_with_its_source) {
  EXPECT_EQ(run({"john@example.test"}), exit_ok);
  EXPECT_THAT(
      out_,
      HasSubstr(
          "├─ MX example.test: 10 mx1.example.test, 20 mx2.example.test, 30 mx3.example.test  (from a zone "
          "file, 10m left, not proved by DNSSEC)\n"));
  EXPECT_THAT(out_, HasSubstr("│     ├─ A mx1.example.test: 192.0.2.1  (from a zone file, 10m left"));
  EXPECT_THAT(out_, HasSubstr("AAAA mx1.example.test: none  ("));
  EXPECT_EQ(run({"john@example.test", "--json"}), exit_ok);
  const boost::json::value line = boost::json::parse(out_);
  const auto& answers = line.at("answers").as_array();
  EXPECT_EQ(answers.size(), 7U);
  for (const auto& answer : answers) EXPECT_EQ(answer.at("source"), "overlay");
}

TEST_F(RouteVerb, a_network_may_be_down_and_diff_tells_only_what_changes) {
  EXPECT_EQ(run({"john@example.test", "--diff", "--down", "192.0.2.0/31"}), exit_ok);
  EXPECT_EQ(out_,
            "john@example.test  deliver as before\n"
            "  ~  preference 20  mx2.example.test  192.0.2.2  port 25  1. (100% first) was 2.\n"
            "  -  preference 10  mx1.example.test  192.0.2.1  port 25  was 1. (100% first)\n");
  EXPECT_EQ(run({"john@example.test", "--diff", "--down", "198.51.100.0/24"}), exit_ok);
  EXPECT_EQ(out_, "john@example.test  nothing changes\n");
  EXPECT_EQ(run({"john@example.test", "--diff", "--self", "mx1.example.test", "--json"}), exit_findings);
  const boost::json::value line = boost::json::parse(out_);
  EXPECT_EQ(line.at("decision").at("before"), "deliver");
  EXPECT_EQ(line.at("decision").at("after"), "bounce");
  EXPECT_EQ(line.at("attempts").as_array().size(), 3U);
  for (const auto& attempt : line.at("attempts").as_array()) EXPECT_TRUE(attempt.at("after").is_null());
}

TEST_F(RouteVerb, a_route_of_the_command_line_is_not_called_the_tables) {
  (void)run({"john@example.test", "--via", "[192.0.2.9]:587"});
  EXPECT_THAT(out_, testing::AllOf(HasSubstr("--via sends this domain to [192.0.2.9]:587"),
                                   Not(HasSubstr("route table"))));
}

TEST_F(RouteVerb, exit_codes_tell_bounce_unknown_and_bad_input_apart) {
  EXPECT_EQ(run({"john@null.example.test"}), exit_findings);
  EXPECT_EQ(run({"john@example.invalid", "--no-dnssec"}), exit_unknown) << out_;
  EXPECT_EQ(run({"john@"}), exit_usage);
  EXPECT_EQ(run({"john@example.test", "--via", "[x"}), exit_usage);
  EXPECT_EQ(run({"example.test"}), exit_ok) << "a bare domain is fine";
  EXPECT_EQ(run({"john@[192.0.2.1]", "[192.0.2.2]"}), exit_ok) << "so are literals";
  EXPECT_THAT(out_, testing::AllOf(HasSubstr("1.  192.0.2.1 "), HasSubstr("1.  192.0.2.2 ")));
}

TEST_F(RouteVerb, a_lab_may_point_at_loopback) {
  // Every run here is a lab's by its --zone and --server; who else is none: tests/unit/daemon/lab_test.cc.
  EXPECT_EQ(run({"u@lab.example.test"}), exit_ok);
  EXPECT_THAT(out_, HasSubstr("127.0.0.9"));
  EXPECT_EQ(run({"u@lab.example.test", "--allow-loopback", "--port", "2525"}), exit_ok);
  EXPECT_THAT(out_, HasSubstr("127.0.0.9  port 2525"));
}

TEST_F(RouteVerb, faults_of_the_aliases_are_called_what_they_are) {
  const std::string config = (folder_ / "waybill.toml").string();
  (void)run({"a@home.test", "--config", config});
  EXPECT_THAT(out_, testing::AllOf(HasSubstr("defer 451 4.3.5"), HasSubstr("a fault of the aliases"),
                                   Not(HasSubstr("knows nobody"))));
  EXPECT_EQ(run({"half@home.test", "--config", config}), exit_ok);
  EXPECT_THAT(out_, testing::AllOf(HasSubstr("another receives it: john@home.test"),
                                   HasSubstr("Nobody has the name gone@home.test")));
}

TEST_F(RouteVerb, as_the_daemon_of_a_configuration_would) {
  const std::string config = (folder_ / "waybill.toml").string();
  EXPECT_EQ(run({"john@home.test", "--config", config}), exit_ok) << err_;
  EXPECT_THAT(out_, HasSubstr("final destination: maildir:"));
  EXPECT_EQ(run({"nobody@home.test", "--config", config}), exit_findings);
  EXPECT_THAT(out_, HasSubstr("5.1.1"));
  EXPECT_EQ(run({"john@example.test", "--config", config, "--json"}), exit_ok);
  EXPECT_THAT(ips(), testing::ElementsAre("192.0.2.1")) << "a backup: the better ones only";
  EXPECT_EQ(run({"john@a.far.test", "--config", config, "--json"}), exit_ok);
  EXPECT_THAT(ips(), testing::ElementsAre("192.0.2.77"));
}
}  // namespace
}  // namespace waybill::cli
