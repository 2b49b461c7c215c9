// `waybill lookup`: every format over one made-up DNS, and the verb itself over a zone file.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "cli/lookup_print.h"
#include "cli/verbs.h"
#include "support/mail_world.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using namespace test;
using route::AskPtr;
using testing::HasSubstr;
using testing::Not;

class LookupTest : public testing::Test {
 protected:
  LookupTest() {
    world_.mx("example.org", {{20, "b.example.org"}, {10, "a.example.org"}})
        .host("a.example.org", {"192.0.2.1", "2001:db8::1"})
        .host("b.example.org", {"192.0.2.2"})
        .ptr("192.0.2.1", "a.example.org")
        .ptr("192.0.2.2", "other.example.net")
        .host("other.example.net", {"198.51.100.1"});
    world_.answer(dns::Name::reverse(ip("2001:db8::1")).to_string(), dns::Type::ptr,
                  dns::Answer::failure("timeout"));
  }
  std::string text(std::string_view of, LookupFormat format, Length length = Length::full) {
    const bool ptr = format == LookupFormat::table || format == LookupFormat::json;
    survey_ = route::survey_blocking({domain(of)}, ptr ? AskPtr::yes : AskPtr::no, world_).front();
    return to_text(survey_, format, length, Paint::off);
  }
  boost::json::object json(std::string_view of) {
    const std::string line = text(of, LookupFormat::json);
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
    return boost::json::parse(line).as_object();
  }
  MailWorld world_;
  route::Survey survey_;
};

TEST_F(LookupTest, table_shows_hosts_addresses_ttl_and_reverse_dns) {
  const std::string out = text("example.org", LookupFormat::table);
  EXPECT_EQ(out,
            "example.org  MX  no DNSSEC, TTL 5m\n"
            "  10  a.example.org  192.0.2.1    5m  a.example.org (agrees)\n"
            "                     2001:db8::1  5m  unknown\n"
            "  20  b.example.org  192.0.2.2    5m  other.example.net (does not resolve back)\n");
  EXPECT_EQ(exit_of(survey_), exit_ok);
}

TEST_F(LookupTest, json_has_the_shape_of_the_contract) {
  const auto out = json("example.org");
  EXPECT_EQ(out.at("v"), 1);
  EXPECT_EQ(out.at("domain"), "example.org");
  EXPECT_EQ(out.at("status"), "ok");
  EXPECT_EQ(out.at("source"), "mx");
  EXPECT_EQ(out.at("secure"), false);
  EXPECT_EQ(out.at("ttl"), 300);
  const auto& mx = out.at("mx").as_array();
  ASSERT_EQ(mx.size(), 2U);
  EXPECT_EQ(mx[0].at("preference"), 10);
  EXPECT_EQ(mx[0].at("host"), "a.example.org");
  EXPECT_EQ(mx[0].at("status"), "ok");
  const auto& addresses = mx[0].at("addresses").as_array();
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(addresses[0].at("ip"), "192.0.2.1");
  EXPECT_EQ(addresses[0].at("ptr"), "a.example.org");
  EXPECT_EQ(addresses[0].at("ptr_ok"), true);
  EXPECT_TRUE(addresses[1].at("ptr_ok").is_null()) << "unknown is neither yes nor no";
  EXPECT_EQ(mx[1].at("addresses").at(0).at("ptr_ok"), false);
}

TEST_F(LookupTest, every_status_has_its_word_and_its_exit_code) {
  world_.mx("null.example", {{0, "."}})
      .exists("empty.example")
      .fails("broken.example", dns::Type::mx)
      .forged("forged.example", dns::Type::mx)
      .host("implicit.example", {"192.0.2.9"})
      .mx("lost.example", {{10, "gone.example"}})
      .mx("shaky.example", {{10, "s.example"}})
      .fails("s.example", dns::Type::a);
  const std::vector<std::tuple<std::string, std::string, std::string, int>> cases{
      {"null.example", "null_mx", "null", exit_findings},
      {"empty.example", "no_mail", "implicit", exit_findings},
      {"nowhere.example", "no_domain", "mx", exit_findings},
      {"broken.example", "temp_failure", "mx", exit_unknown},
      {"forged.example", "bogus", "mx", exit_unknown},
      {"implicit.example", "ok", "implicit", exit_ok},
      {"lost.example", "no_mail", "mx", exit_findings},
      {"shaky.example", "temp_failure", "mx", exit_unknown},
  };
  for (const auto& [of, status, source, code] : cases) {
    const auto out = json(of);
    EXPECT_EQ(out.at("status").as_string(), status) << of;
    EXPECT_EQ(out.at("source").as_string(), source) << of;
    EXPECT_EQ(exit_of(survey_), code) << of;
  }
}

TEST_F(LookupTest, unknown_is_never_shown_as_missing) {
  world_.fails("broken.example", dns::Type::mx)
      .mx("half.example", {{10, "s.example"}, {20, "b.example.org"}})
      .fails("s.example", dns::Type::a);
  for (const auto format : {LookupFormat::table, LookupFormat::host, LookupFormat::dig}) {
    for (const auto length : {Length::full, Length::brief}) {
      const std::string out = text("broken.example", format, length);
      EXPECT_FALSE(out.empty());
      EXPECT_THAT(out, Not(HasSubstr("no MX record")));
      EXPECT_THAT(out, Not(HasSubstr("NXDOMAIN")));
    }
  }
  EXPECT_THAT(text("broken.example", LookupFormat::table), HasSubstr("unknown (temp_failure)"));
  EXPECT_THAT(text("half.example", LookupFormat::table), HasSubstr("10  s.example      unknown: SERVFAIL"));
}

TEST_F(LookupTest, host_format_is_that_tools) {
  world_.mx("null.example", {{0, "."}}).alias("www.example.org", "example.org").exists("empty.example");
  EXPECT_EQ(
      text("example.org", LookupFormat::host),
      "example.org mail is handled by 10 a.example.org.\nexample.org mail is handled by 20 b.example.org.\n");
  EXPECT_EQ(text("null.example", LookupFormat::host), "null.example mail is handled by 0 .\n");
  EXPECT_EQ(text("empty.example", LookupFormat::host), "empty.example has no MX record\n");
  EXPECT_EQ(text("nowhere.example", LookupFormat::host), "Host nowhere.example not found: 3(NXDOMAIN)\n");
  EXPECT_THAT(
      text("www.example.org", LookupFormat::host),
      testing::StartsWith("www.example.org is an alias for example.org.\nexample.org mail is handled by"));
}

TEST_F(LookupTest, dig_format_is_that_tools) {
  world_.secure();
  const std::string out = text("example.org", LookupFormat::dig);
  EXPECT_THAT(out, HasSubstr("status: NOERROR"));
  EXPECT_THAT(out, HasSubstr(";; flags: qr rd ra ad; QUERY: 1, ANSWER: 2,"));
  EXPECT_THAT(out, HasSubstr("\n;example.org.\t\t\tIN\tMX\n"));
  EXPECT_THAT(out, HasSubstr("\nexample.org.\t\t300\tIN\tMX\t10 a.example.org.\n"));
  EXPECT_EQ(text("example.org", LookupFormat::dig, Length::brief), "10 a.example.org.\n20 b.example.org.\n");
  EXPECT_THAT(text("nowhere.example", LookupFormat::dig), HasSubstr("status: NXDOMAIN"));
}

TEST_F(LookupTest, short_is_preference_and_host) {
  world_.host("implicit.example", {"192.0.2.9"}).exists("empty.example");
  EXPECT_EQ(text("example.org", LookupFormat::table, Length::brief), "10 a.example.org\n20 b.example.org\n");
  EXPECT_EQ(text("implicit.example", LookupFormat::table, Length::brief), "0 implicit.example\n");
  EXPECT_EQ(text("empty.example", LookupFormat::table, Length::brief), "");
}

TEST_F(LookupTest, words_from_the_dns_cannot_move_the_cursor) {
  world_.answer("evil.example", dns::Type::mx, dns::Answer::failure("\x1b[2J oops \n fake line"));
  for (const auto format : {LookupFormat::table, LookupFormat::dig, LookupFormat::json}) {
    const std::string out = text("evil.example", format);
    EXPECT_EQ(out.find('\x1b'), std::string::npos);
    EXPECT_EQ(out.find("\n fake"), std::string::npos);
  }
}

/// The whole verb, as main() runs it.
class LookupVerb : public testing::Test {
 protected:
  LookupVerb() : zone_(std::filesystem::path(testing::TempDir()) / fmt::format("lookup-{}.zone", getpid())) {
    std::ofstream(zone_) << "$ORIGIN example.test.\n$TTL 600\n"
                            "@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n"
                            "@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 192.0.2.1\nmx2 AAAA 2001:db8::2\nnull MX 0 .\n";
  }
  ~LookupVerb() override { std::filesystem::remove(zone_); }
  int run(std::vector<std::string> args) {
    args.insert(args.begin(), "lookup");
    args.insert(args.end(), {"--zone", zone_.string(), "--server", "127.0.0.1:1", "--dns-timeout", "1s"});
    test::Ran ran = test::run_verb({add_lookup}, args);
    out_ = std::move(ran.out);
    err_ = std::move(ran.err);
    return ran.code;
  }
  std::filesystem::path zone_;
  std::string out_, err_;
};

TEST_F(LookupVerb, answers_from_a_zone_file) {
  EXPECT_EQ(run({"example.test", "--short"}), exit_ok) << err_;
  EXPECT_EQ(out_, "10 mx1.example.test\n20 mx2.example.test\n");
  EXPECT_EQ(run({"null.example.test", "--format", "host"}), exit_findings);
  EXPECT_EQ(out_, "null.example.test mail is handled by 0 .\n");
  EXPECT_EQ(run({"gone.example.test", "example.test.", "--short"}), exit_findings);
}

TEST_F(LookupVerb, tells_bad_input_and_the_unknown_apart_by_exit_code) {
  EXPECT_EQ(run({"bad..name"}), exit_usage);
  EXPECT_THAT(err_, HasSubstr("bad..name"));
  EXPECT_EQ(out_, "");
  EXPECT_EQ(run({"[192.0.2.1]"}), exit_usage);
  EXPECT_EQ(run({"example.invalid", "--json", "--no-dnssec"}), exit_unknown) << out_;
  EXPECT_THAT(out_, HasSubstr("\"status\":\"temp_failure\""));
  EXPECT_EQ(run({"example.test", "bad..name", "--json", "--no-ptr"}), exit_usage);
  EXPECT_THAT(out_, HasSubstr("\"status\":\"ok\"")) << "the good ones are answered all the same";
  EXPECT_EQ(run({"example.test", "--format", "xml"}), exit_usage);
}
}  // namespace
}  // namespace waybill::cli
