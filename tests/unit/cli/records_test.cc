// `waybill records`: what a configuration wants published, against what a made-up DNS has.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "cli/records_print.h"
#include "cli/verbs.h"
#include "dns/zone_file.h"
#include "support/mail_world.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
namespace fs = std::filesystem;

constexpr std::string_view kPrimary =
    "hostname = \"mx1.example.org\"\n[[listener]]\naddress = \"192.0.2.1:25\"\nrole = \"mx\"\n"
    "[[listener]]\naddress = \"[2001:db8::1]:25\"\nrole = \"mx\"\n[domain.\"example.org\"]\nrole = "
    "\"primary\"\nusers = [\"*\"]\n";
constexpr std::string_view kBackup =
    "hostname = \"backup.example.net\"\n[[listener]]\naddress = \"198.51.100.2:25\"\nrole = \"mx\"\n"
    "[domain.\"example.org\"]\nrole = \"backup\"\n";

class Records : public testing::Test {
 protected:
  RecordsPlan plan(std::string_view text, const RecordsOptions& options = {}) {
    const auto config = config::parse(text, "waybill.toml");
    EXPECT_TRUE(config) << (config ? "" : config.error().front().to_string());
    if (!config) return {};
    dns::Facts facts;
    for (const dns::Question& question : questions_before(*config))
      facts.put(question, world_.look_up(question));
    auto out = plan_records(*config, options, facts);
    EXPECT_TRUE(out) << (out ? "" : out.error().what);
    return out ? std::move(*out) : RecordsPlan{};
  }
  void publish_spf(const std::vector<std::string>& texts) {
    dns::Answer out{.kind = dns::Kind::present, .canonical = name("example.org"), .ttl_s = 300};
    for (const std::string& text : texts)
      out.records.push_back({name("example.org"), dns::Type::txt, 300, dns::Txt{{text}}});
    world_.answer("example.org", dns::Type::txt, out);
  }
  void compare(RecordsPlan& plan) {
    dns::Facts facts;
    for (const dns::Question& question : questions_of(plan)) facts.put(question, world_.look_up(question));
    compare_with(facts, plan);
  }
  static std::vector<std::string> lines(const RecordsPlan& plan) {
    std::vector<std::string> out;
    for (const WantedRecord& one : plan.records) out.push_back(dns::to_string(one.record));
    return out;
  }
  static const WantedRecord& find(const RecordsPlan& plan, dns::Type type, std::string_view owner) {
    for (const WantedRecord& one : plan.records) {
      if (one.record.type == type && one.record.owner == name(owner) && !one.others) return one;
    }
    throw std::runtime_error("no such record");
  }
  MailWorld world_;
};

TEST_F(Records, a_primary_wants_addresses_names_mx_and_spf) {
  const RecordsPlan out = plan(kPrimary);
  EXPECT_TRUE(out.complete);
  std::string all;
  for (const std::string& line : lines(out)) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("192.0.2.1"));
  EXPECT_EQ(std::get<IpAddress>(find(out, dns::Type::a, "mx1.example.org").record.data), ip("192.0.2.1"));
  EXPECT_EQ(std::get<IpAddress>(find(out, dns::Type::aaaa, "mx1.example.org").record.data),
            ip("2001:db8::1"));
  EXPECT_EQ(std::get<dns::Name>(find(out, dns::Type::ptr, "1.2.0.192.in-addr.arpa").record.data),
            name("mx1.example.org"));
  const auto& mx = std::get<dns::Mx>(find(out, dns::Type::mx, "example.org").record.data);
  EXPECT_EQ(mx, (dns::Mx{kPrimaryPreference, name("mx1.example.org")}));
  EXPECT_EQ(std::get<dns::Txt>(find(out, dns::Type::txt, "example.org").record.data).joined(),
            "v=spf1 a:mx1.example.org ~all");
  EXPECT_EQ(std::get<dns::Txt>(find(out, dns::Type::txt, "mx1.example.org").record.data).joined(),
            "v=spf1 a -all");
  for (const WantedRecord& one : out.records) EXPECT_FALSE(one.why.empty());
}

TEST_F(Records, only_what_the_daemon_uses_is_printed) {
  const std::string text = to_text(plan(kPrimary), RecordsFormat::zone, Paint::off);
  for (const char* unused : {"_dmarc", "_domainkey", "_mta-sts", "_tlsa", "TLSA", "_smtp", "SRV", "CAA"})
    EXPECT_THAT(text, Not(HasSubstr(unused)));
}

TEST_F(Records, a_backup_stands_behind_what_the_dns_shows) {
  world_.mx("example.org", {{10, "mx1.example.org"}, {30, "mx2.example.org"}});
  const RecordsPlan out = plan(kBackup);
  EXPECT_EQ(std::get<dns::Mx>(find(out, dns::Type::mx, "example.org").record.data).preference, 40);
  EXPECT_EQ(std::ranges::count_if(out.records, &WantedRecord::others), 2);
  EXPECT_THAT(to_text(out, RecordsFormat::nsupdate, Paint::off), Not(HasSubstr("10 mx1.example.org")))
      << "others' records are never touched";
  EXPECT_EQ(
      std::get<dns::Mx>(find(plan(kBackup, {.preference = 50}), dns::Type::mx, "example.org").record.data)
          .preference,
      50);
  EXPECT_FALSE(plan(kBackup, {.preference = 10}).complete) << "no higher than the primary's";
  world_.mx("example.org", {{25, "backup.example.net"}});
  EXPECT_EQ(std::get<dns::Mx>(find(plan(kBackup), dns::Type::mx, "example.org").record.data).preference, 25);
}

TEST_F(Records, a_primary_that_nobody_could_look_up_is_not_a_missing_one) {
  world_.fails("example.org", dns::Type::mx);
  const RecordsPlan out = plan(kBackup);
  EXPECT_TRUE(out.complete);
  EXPECT_THAT(out.notes, ElementsAre(HasSubstr("could not say")));
  EXPECT_EQ(std::get<dns::Mx>(find(out, dns::Type::mx, "example.org").record.data).preference,
            kBackupPreference);
  world_.answer("example.org", dns::Type::mx, dns::Answer{.kind = dns::Kind::nodata});
  EXPECT_FALSE(plan(kBackup).complete) << "the DNS says that there is no primary";
}

TEST_F(Records, a_wildcard_listener_needs_an_address) {
  const std::string wildcard = "hostname = \"mx1.example.org\"\n[domain.\"example.org\"]\nusers = [\"*\"]\n";
  const RecordsPlan out = plan(wildcard);
  EXPECT_FALSE(out.complete);
  EXPECT_THAT(out.notes, ElementsAre(AllOf(HasSubstr("--address"), HasSubstr("0.0.0.0:25"))));
  EXPECT_EQ(exit_of(out), exit_findings);
  const RecordsPlan given = plan(wildcard, {.addresses = {ip("192.0.2.7")}});
  EXPECT_TRUE(given.complete);
  EXPECT_EQ(std::get<IpAddress>(find(given, dns::Type::a, "mx1.example.org").record.data), ip("192.0.2.7"));
}

TEST_F(Records, loopback_is_never_published_by_accident) {
  const std::string text =
      "hostname = \"mx1.example.org\"\nself_addresses = [\"10.1.2.3\"]\n[[listener]]\naddress = "
      "\"127.0.0.1:2525\"\nrole = \"mx\"\n[domain.\"example.org\"]\nusers = [\"*\"]\n";
  const RecordsPlan out = plan(text);
  EXPECT_FALSE(out.complete);
  for (const WantedRecord& one : out.records) EXPECT_NE(one.record.type, dns::Type::a);
  EXPECT_THAT(out.notes, testing::Contains(HasSubstr("10.1.2.3")));
  EXPECT_TRUE(plan(text, {.allow_loopback = true}).complete);
  const auto config = config::parse(kPrimary, "x");
  EXPECT_FALSE(plan_records(*config, {.addresses = {ip("::1")}}, {}));
}

TEST_F(Records, behind_nat_the_public_address_counts) {
  const RecordsPlan out = plan(
      "hostname = \"mx1.example.org\"\nself_addresses = [\"203.0.113.5\"]\n[[listener]]\naddress = "
      "\"10.0.0.5:25\"\nrole = \"mx\"\n[domain.\"example.org\"]\nusers = [\"*\"]\n");
  EXPECT_TRUE(out.complete);
  EXPECT_EQ(std::get<IpAddress>(find(out, dns::Type::a, "mx1.example.org").record.data), ip("203.0.113.5"));
}

TEST_F(Records, a_smart_host_sends_too) {
  const RecordsPlan out = plan(std::string(kPrimary) + "[route.\"*\"]\nvia = \"[relay.isp.example]:587\"\n");
  EXPECT_EQ(std::get<dns::Txt>(find(out, dns::Type::txt, "example.org").record.data).joined(),
            "v=spf1 a:relay.isp.example ~all");
}

TEST_F(Records, source_addresses_are_what_sends) {
  const RecordsPlan out = plan(std::string(kPrimary) + "[deliver]\nsource_ipv4 = \"192.0.2.9\"\n");
  EXPECT_EQ(std::get<dns::Txt>(find(out, dns::Type::txt, "example.org").record.data).joined(),
            "v=spf1 ip4:192.0.2.9 ~all");
}

TEST_F(Records, live_tells_present_differing_missing_and_unknown_apart) {
  world_.host("mx1.example.org", {"192.0.2.1"})
      .mx("example.org", {{5, "mx1.example.org"}})
      .ptr("192.0.2.1", "other.example.org")
      .fails("example.org", dns::Type::txt);
  RecordsPlan out = plan(kPrimary);
  compare(out);
  EXPECT_EQ(find(out, dns::Type::a, "mx1.example.org").presence, Presence::present);
  EXPECT_EQ(find(out, dns::Type::aaaa, "mx1.example.org").presence, Presence::missing);
  EXPECT_EQ(find(out, dns::Type::mx, "example.org").presence, Presence::differing);
  EXPECT_THAT(find(out, dns::Type::mx, "example.org").remark, HasSubstr("preference 5"));
  EXPECT_EQ(find(out, dns::Type::ptr, "1.2.0.192.in-addr.arpa").presence, Presence::differing);
  EXPECT_EQ(find(out, dns::Type::txt, "example.org").presence, Presence::unknown);
  EXPECT_EQ(exit_of(out), exit_unknown);
  const std::string update = to_text(out, RecordsFormat::nsupdate, Paint::off);
  EXPECT_THAT(
      update,
      HasSubstr("update delete example.org. MX 5 mx1.example.org.\nupdate add example.org. 3600 MX 10 "
                "mx1.example.org.\nsend\n"));
  EXPECT_THAT(update, Not(HasSubstr("update add example.org. 3600 TXT"))) << "nobody knows what stands there";
  EXPECT_THAT(update, Not(HasSubstr("update add mx1.example.org. 3600 A 192.0.2.1")));
}

TEST_F(Records, an_spf_record_that_is_there_is_kept_and_completed) {
  publish_spf({"v=spf1 include:news.example -all"});
  RecordsPlan out = plan(kPrimary);
  compare(out);
  const WantedRecord& spf = find(out, dns::Type::txt, "example.org");
  EXPECT_EQ(spf.presence, Presence::differing);
  EXPECT_EQ(std::get<dns::Txt>(spf.record.data).joined(),
            "v=spf1 a:mx1.example.org include:news.example -all");
  publish_spf({"v=spf1 include:news.example -all", "v=spf1 mx -all"});
  RecordsPlan two = plan(kPrimary);
  compare(two);
  EXPECT_THAT(find(two, dns::Type::txt, "example.org").remark, HasSubstr("more than one"));
}

TEST_F(Records, an_alias_is_no_host) {
  world_.alias("mx1.example.org", "web.example.org").host("web.example.org", {"192.0.2.1", "2001:db8::1"});
  RecordsPlan out = plan(kPrimary);
  compare(out);
  EXPECT_EQ(find(out, dns::Type::a, "mx1.example.org").presence, Presence::differing);
}

TEST_F(Records, a_web_form_gets_plain_values) {
  const std::string out = to_text(plan(kPrimary), RecordsFormat::webui, Paint::off);
  EXPECT_THAT(out, testing::ContainsRegex("example\\.org +MX +10 +mx1\\.example\\.org +3600"));
  EXPECT_THAT(out, testing::ContainsRegex("example\\.org +TXT +v=spf1 a:mx1\\.example\\.org ~all +3600"));
}

TEST_F(Records, a_long_text_is_split) {
  std::string routes;
  for (int n = 0; n < 12; ++n)
    routes +=
        fmt::format("[route.\"d{}.example\"]\nvia = \"[relay-number-{}.of-a-long-name.example]\"\n", n, n);
  const RecordsPlan out = plan(std::string(kPrimary) + routes);
  const auto& txt = std::get<dns::Txt>(find(out, dns::Type::txt, "example.org").record.data);
  EXPECT_GT(txt.strings.size(), 1u);
  for (const std::string& one : txt.strings) EXPECT_LE(one.size(), 255u);
  EXPECT_THAT(to_text(out, RecordsFormat::webui, Paint::off), HasSubstr("\" \""));
}

TEST_F(Records, the_zone_form_is_a_zone) {
  RecordsPlan out = plan(kPrimary);
  const std::string path = fs::temp_directory_path() / fmt::format("waybill-records-{}.zone", getpid());
  std::ofstream(path) << to_text(out, RecordsFormat::zone, Paint::off);
  const dns::ZoneFile file = dns::read_zone_file(path, {.origin = dns::Name{}, .default_ttl_s = 60});
  fs::remove(path);
  EXPECT_THAT(file.errors, IsEmpty());
  ASSERT_THAT(file.records, SizeIs(out.records.size()));
  for (size_t n = 0; n < out.records.size(); ++n) EXPECT_EQ(file.records[n].record, out.records[n].record);
}

TEST_F(Records, json_has_a_line_a_record) {
  const RecordsPlan out = plan(kPrimary);
  const std::string text = to_text(out, RecordsFormat::json, Paint::off);
  EXPECT_EQ(static_cast<size_t>(std::ranges::count(text, '\n')), out.records.size());
  const auto first = boost::json::parse(text.substr(0, text.find('\n'))).as_object();
  EXPECT_EQ(first.at("v"), 1);
  EXPECT_EQ(first.at("name"), "mx1.example.org");
  EXPECT_EQ(first.at("state"), "not_asked");
}

TEST_F(Records, a_host_without_a_full_name_can_not_be_published) {
  const auto config = config::parse("hostname = \"localhost\"\n", "x");
  ASSERT_TRUE(config);
  EXPECT_FALSE(plan_records(*config, {}, {}));
}

TEST(RecordsVerb, live_against_a_zone_file) {
  std::string folder = fs::temp_directory_path() / "waybill-records-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const fs::path at(folder);
  std::ofstream(at / "waybill.toml")
      << "hostname = \"mx1.example.org\"\n[[listener]]\naddress = \"192.0.2.1:25\"\nrole = "
         "\"mx\"\n[domain.\"example.org\"]\nusers = [\"*\"]\n";
  std::ofstream(at / "a.zone")
      << "$ORIGIN example.org.\n$TTL 300\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 192.0.2.53\n"
         "@ MX 10 mx1\nmx1 A 192.0.2.1\nmx1 TXT \"v=spf1 a -all\"\n"
         "@ TXT \"v=spf1 a:mx1.example.org ~all\"\n";
  std::ofstream(at / "r.zone")
      << "$ORIGIN 2.0.192.in-addr.arpa.\n$TTL 300\n@ SOA ns.example.org. h 1 60 60 60 60\n@ NS "
         "ns.example.org.\n1 PTR mx1.example.org.\n";
  const std::vector<std::string> words{"records",     "--config", at / "waybill.toml", "--live", "--zone",
                                       at / "a.zone", "--zone",   at / "r.zone"};
  const Ran fine = run_verb({add_records}, words);
  EXPECT_EQ(fine.code, exit_ok) << fine.out << fine.err;
  EXPECT_THAT(fine.out, Not(HasSubstr("[missing]")));
  std::ofstream(at / "r.zone", std::ios::app) << "1 PTR mx9.example.org.\n";
  EXPECT_EQ(run_verb({add_records}, words).code, exit_ok) << "a further name does no harm";
  auto other = words;
  other.insert(other.end(), {"--preference", "30"});
  const Ran differs = run_verb({add_records}, other);
  EXPECT_EQ(differs.code, exit_findings);
  EXPECT_THAT(differs.out, HasSubstr("[differing] it stands there with preference 10"));
  EXPECT_EQ(
      run_verb({add_records}, {"records", "--config", at / "waybill.toml", "--address", "nowhere"}).code,
      exit_usage);
  fs::remove_all(at);
}

}  // namespace
}  // namespace waybill::cli
