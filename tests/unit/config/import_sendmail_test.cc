// A whole sendmail configuration, and its odd lines.
#include <gmock/gmock.h>

#include "config/import/draft.h"
#include "config/import/import.h"
#include "config/import/sendmail.h"

namespace waybill::config::moving {
namespace {
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

using Files = std::map<std::string, std::string>;

const Files& mail_folder() {
  static const Files files{
      {"/etc/mail/sendmail.mc", R"(divert(0)dnl
dnl define(`SMART_HOST', `wrong.example')
VERSIONID(`$Id: our own $')
OSTYPE(`debian')dnl
define(`SMART_HOST', `esmtp:[smart.isp.example]')dnl
define(`confMAX_MESSAGE_SIZE', `20971520')dnl
define(`confTO_QUEUERETURN', `4d')dnl
define(`confSERVER_CERT', `/etc/mail/tls/cert.pem')dnl
define(`confSERVER_KEY', `/etc/mail/tls/key.pem')dnl
define(`LUSER_RELAY', `local:ann')dnl
FEATURE(`use_cw_file')dnl
FEATURE(`mailertable', `hash -o /etc/mail/mailertable.db')dnl
FEATURE(`relay_entire_domain')dnl
FEATURE(`dnsbl', `bl.example', `"rejected, see http://bl.example/"')dnl
MASQUERADE_AS(`example.org')dnl
DAEMON_OPTIONS(`Port=smtp,Addr=192.0.2.5, Name=MTA')dnl
DAEMON_OPTIONS(`Family=inet6, Port=587, Name=MSA, M=Ea')dnl
LOCAL_DOMAIN(`second.example')dnl
MAILER(`smtp')dnl
)"},
      {"/etc/mail/local-host-names", "# class w\nexample.org\nwww.example.org\ngate.example.org\n"},
      {"/etc/mail/mailertable", R"(inside.example    esmtp:[10.0.0.7]
.inside.example   smtp:[10.0.0.8]
lists.example     relay:mx.lists.example
gate.example.org  smtp:[10.0.0.9]
uucp.example      uucp-dom:gate
dead.example      error:5.1.2:550 Gone for good
per.example       smtp:%1.example
)"},
      {"/etc/mail/relay-domains", "inside.example\nbackup.example\n192.168.7\n10.0.0.0/24\nbad_host!x\n"},
      {"/etc/mail/access", R"(Connect:127.0.0.1      RELAY
Connect:192.0.2         RELAY
198.51.100.4            RELAY
friend.example          RELAY
To:lists.example        RELAY
From:spam@bad.example   REJECT
Connect:IPv6:2001:db8:1::/48 RELAY
)"},
      {"/etc/mail/aliases",
       "postmaster: ann\nteam: ann, bob@example.net\nprog: |/bin/vacation\nall: :include:/etc/all\n"},
      {"/etc/mail/virtusertable", R"(info@second.example   ann
@second.example       bob@example.net
x@nowhere.example     ann
@www.example.org      %1@example.org
sales@second.example  error:nouser 550 no sales
)"},
      {"/etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n"}};
  return files;
}

struct Outcome {
  std::string toml;
  Config config;
  std::vector<std::string> decides, others;
};
Outcome sendmail(const Files& files, const std::vector<std::string>& places) {
  const auto read = [&](const std::string& path) -> Result<std::string> {
    const auto at = files.find(path);
    if (at == files.end()) return fail(Errc::not_found, "{}: no such file", path);
    return at->second;
  };
  const auto imported = import_sendmail(places, read, "mail.example.org");
  Outcome out;
  if (!imported) {
    ADD_FAILURE() << imported.error().what;
    return out;
  }
  out.toml = imported->toml;
  for (const NotCarried& one : imported->not_carried)
    (one.weight == Weight::decides ? out.decides : out.others)
        .push_back(one.origin.to_string() + " | " + one.why);
  const auto config = parse(imported->toml, "waybill.toml");
  if (config) out.config = *config;
  if (!config) ADD_FAILURE() << config.error().front().to_string() << "\n" << imported->toml;
  return out;
}
const Domain* domain(const Outcome& outcome, const char* name) {
  return outcome.config.find_domain(mail::Domain::parse(name).value());
}
std::string via(const Outcome& outcome, const char* name) {
  return outcome.config.find_route(mail::Domain::parse(name).value())->via.to_string();
}

TEST(ImportSendmail, a_whole_folder) {
  const Outcome got = sendmail(mail_folder(), {"/etc/mail/"});
  EXPECT_EQ(via(got, "anywhere.example"), "[smart.isp.example]");
  EXPECT_EQ(via(got, "inside.example"), "[10.0.0.7]");
  EXPECT_EQ(via(got, "x.inside.example"), "[10.0.0.8]");
  EXPECT_EQ(via(got, "lists.example"), "mx.lists.example");
  EXPECT_EQ(got.config.limits.message_octets, 20971520U);
  EXPECT_EQ(got.config.queue.expire_after, std::chrono::days{4});
  EXPECT_EQ(got.config.tls.certificate, "/etc/mail/tls/cert.pem");
  std::vector<std::string> listeners;
  for (const Listener& l : got.config.listeners) listeners.push_back(l.address.to_string());
  EXPECT_THAT(listeners, ElementsAre("192.0.2.5:25", "[::]:587"));
  std::vector<std::string> networks;
  for (const IpNetwork& n : got.config.relay.trusted_networks) networks.push_back(n.to_string());
  EXPECT_THAT(networks, testing::IsSupersetOf({"192.168.7.0/24", "10.0.0.0/24", "192.0.2.0/24",
                                               "198.51.100.4/32", "2001:db8:1::/48", "127.0.0.1/32"}));
  EXPECT_EQ(networks.size(), 6U + Relay::default_networks().size());
  ASSERT_NE(domain(got, "example.org"), nullptr) << got.toml;
  EXPECT_EQ(domain(got, "example.org")->role, DomainRole::primary);
  EXPECT_THAT(*domain(got, "example.org")->users, ElementsAre("ann", "root"));
  EXPECT_EQ(domain(got, "gate.example.org")->role, DomainRole::relay) << "mailertable is asked first";
  EXPECT_EQ(domain(got, "inside.example")->role, DomainRole::relay);
  EXPECT_EQ(domain(got, "lists.example")->role, DomainRole::relay);
  EXPECT_EQ(domain(got, "friend.example"), nullptr)
      << "a client by name is not a domain that mail is taken for";
  EXPECT_EQ(domain(got, "bad.example"), nullptr);
}

TEST(ImportSendmail, tells_what_was_left_with_its_place) {
  const Outcome got = sendmail(mail_folder(), {"/etc/mail"});
  for (const char* what :
       {"sendmail.mc:10: define(`LUSER_RELAY', `local:ann')",
        "sendmail.mc:13: FEATURE(`relay_entire_domain')", "sendmail.mc:15: MASQUERADE_AS(`example.org')",
        "mailertable:5: uucp.example uucp-dom:gate", "mailertable:7: per.example smtp:%1.example",
        "relay-domains:5: bad_host!x", "access:4: friend.example RELAY", "aliases:3: prog: |/bin/vacation",
        "aliases:4: all: :include:/etc/all", "virtusertable:3: x@nowhere.example ann",
        "virtusertable:4: @www.example.org %1@example.org"})
    EXPECT_THAT(got.decides, Contains(HasSubstr(what)));
  EXPECT_THAT(got.others, Contains(HasSubstr("access:6: From:spam@bad.example REJECT")));
  EXPECT_THAT(got.others, Contains(HasSubstr("sendmail.mc:14: FEATURE(`dnsbl'")));
}

TEST(ImportSendmail, single_files_and_none) {
  const Outcome got = sendmail(mail_folder(), {"/etc/mail/relay-domains"});
  EXPECT_EQ(domain(got, "backup.example")->role, DomainRole::backup);
  EXPECT_EQ(got.config.domains.size(), 2U);
  const auto nothing = [](const std::string& path) -> Result<std::string> {
    return fail(Errc::not_found, "{}", path);
  };
  EXPECT_FALSE(import_sendmail({"/etc/mail"}, nothing, "h"));
}

TEST(McCalls, arguments_comments_and_calls_without_end) {
  const auto calls =
      mc_calls("define(`A', `b, (c)')dnl define(`X', `y')\n# FEATURE(`no')\nFEATURE(\n `f' , `g')\nMAILER(");
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].name, "define");
  EXPECT_THAT(calls[0].arguments, ElementsAre("A", "b, (c)"));
  EXPECT_EQ(calls[1].line, 3U);
  EXPECT_THAT(calls[1].arguments, ElementsAre("f", "g"));
}

TEST(OctetsNetwork, whole_octets) {
  EXPECT_EQ(octets_network("192.168.7")->to_string(), "192.168.7.0/24");
  EXPECT_EQ(octets_network("10.")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(octets_network("192.0.2.1")->to_string(), "192.0.2.1/32");
  for (const char* text : {"", "example.org", "1.2.3.4.5", "300.1", "10.x"})
    EXPECT_FALSE(octets_network(text)) << text;
}
}  // namespace
}  // namespace waybill::config::moving
