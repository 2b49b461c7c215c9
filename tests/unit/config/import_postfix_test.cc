// Whole Postfix configurations, as they stand on small hosts: what becomes of them, and what is told.
#include <gmock/gmock.h>

#include "config/import/draft.h"
#include "config/import/import.h"

namespace waybill::config::moving {
namespace {
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Files = std::map<std::string, std::string>;

struct Outcome {
  std::string toml;
  Config config;
  std::vector<std::string> decides, others;  ///< "file:line: setting | why"
  bool complete = false;
};

Outcome outcome(const Result<Imported>& imported) {
  Outcome out;
  if (!imported) {
    ADD_FAILURE() << imported.error().what;
    return out;
  }
  out.toml = imported->toml;
  out.complete = imported->complete();
  for (const NotCarried& one : imported->not_carried)
    (one.weight == Weight::decides ? out.decides : out.others)
        .push_back(one.origin.to_string() + " | " + one.why);
  const auto config = parse(imported->toml, "waybill.toml");
  if (config) {
    out.config = *config;
  } else {
    ADD_FAILURE() << config.error().front().to_string() << "\n" << imported->toml;
  }
  return out;
}

Outcome postfix(const Files& files) {
  const auto read = [&](const std::string& path) -> Result<std::string> {
    const auto at = files.find(path);
    if (at == files.end()) return fail(Errc::not_found, "{}: no such file", path);
    return at->second;
  };
  return outcome(import_postfix("/etc/postfix", read, "host.example.net"));
}
Outcome main_cf(const std::string& text) { return postfix({{"/etc/postfix/main.cf", text}}); }

const Domain* domain(const Outcome& outcome, const char* name) {
  return outcome.config.find_domain(mail::Domain::parse(name).value());
}
std::string via(const Outcome& outcome, const char* name) {
  return outcome.config.find_route(mail::Domain::parse(name).value())->via.to_string();
}
std::vector<std::string> networks(const Outcome& outcome) {
  std::vector<std::string> out;
  for (const IpNetwork& network : outcome.config.relay.trusted_networks) out.push_back(network.to_string());
  return out;
}
std::vector<std::string> listeners(const Outcome& outcome) {
  std::vector<std::string> out;
  for (const Listener& listener : outcome.config.listeners)
    out.push_back(listener.address.to_string() + " " + std::string(to_string(listener.role)));
  return out;
}

TEST(ImportPostfix, a_null_client_sends_everything_to_its_smart_host) {
  const Outcome got = main_cf(R"(# sends only
compatibility_level = 3.6
myhostname = web1.example.org
myorigin = $mydomain
relayhost = [mail.$mydomain]:587
inet_interfaces = loopback-only
inet_protocols = ipv4
mydestination =
)");
  EXPECT_TRUE(got.complete) << got.toml;
  EXPECT_EQ(got.config.hostname.text(), "web1.example.org");
  EXPECT_EQ(via(got, "anything.example"), "[mail.example.org]:587");
  EXPECT_THAT(listeners(got), ElementsAre("127.0.0.1:25 mx"));
  EXPECT_THAT(got.config.domains, IsEmpty());
  EXPECT_THAT(got.toml,
              HasSubstr("# /etc/postfix/main.cf:5: relayhost = [mail.$mydomain]:587\n[route.\"*\"]"));
}

const Files& small_server() {
  static const Files files{{"/etc/postfix/main.cf", R"(
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
readme_directory = no
smtpd_tls_cert_file=/etc/ssl/certs/mail.pem
smtpd_tls_key_file=/etc/ssl/private/mail.key
smtpd_tls_security_level=may
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = mail.example.org
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
mydestination = $myhostname, example.org,
    localhost.example.org
    # a comment between
    , localhost
relayhost =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 192.0.2.0/28
mailbox_size_limit = 0
message_size_limit = 31457280
maximal_queue_lifetime = 3d
delay_warning_time = 4h
recipient_delimiter = +
home_mailbox = Maildir/
inet_interfaces = all
)"},
                           {"/etc/postfix/master.cf", R"(
# service type  private unpriv  chroot  wakeup  maxproc command + args
smtp      inet  n       -       y       -       -       smtpd
submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
smtps     inet  n       -       y       -       -       smtpd
  -o smtpd_tls_wrappermode=yes
pickup    unix  n       -       y       60      1       pickup
)"},
                           {"/etc/aliases", R"(# See man 5 aliases
postmaster:    root
root: ann, "bob"@example.net
sales: ann,
   carl@example.com
script: "|/usr/local/bin/take in"
)"},
                           {"/etc/passwd",
                            "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\n"
                            "ann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n"
                            "nobody:x:65534:65534::/:/bin/false\nodd line\nx:y:z\n"}};
  return files;
}

TEST(ImportPostfix, a_small_server) {
  const Outcome got = postfix(small_server());
  EXPECT_THAT(listeners(got),
              ElementsAre("0.0.0.0:25 mx", "[::]:25 mx", "0.0.0.0:587 submission", "[::]:587 submission",
                          "0.0.0.0:465 submissions", "[::]:465 submissions"));
  EXPECT_THAT(networks(got), ElementsAre("127.0.0.0/8", "::1/128", "192.0.2.0/28"));
  EXPECT_EQ(got.config.tls.key, "/etc/ssl/private/mail.key");
  EXPECT_EQ(got.config.limits.message_octets, 31457280U);
  EXPECT_EQ(got.config.queue.expire_after, std::chrono::days{3});
  EXPECT_EQ(got.config.queue.delay_notice_after, std::chrono::hours{4});
  ASSERT_NE(domain(got, "example.org"), nullptr) << got.toml;
  EXPECT_NE(domain(got, "mail.example.org"), nullptr);
  EXPECT_NE(domain(got, "localhost"), nullptr);
  const Domain& org = *domain(got, "example.org");
  EXPECT_EQ(org.role, DomainRole::primary);
  EXPECT_EQ(org.mailboxes->to_string(), "maildir:/home/{user}/Maildir");
  EXPECT_THAT(*org.users, ElementsAre("ann", "bob", "root"));
  EXPECT_THAT(got.toml, HasSubstr("# /etc/postfix/main.cf:13: mydestination = "));
  EXPECT_THAT(got.decides, Contains(HasSubstr("/etc/aliases:6: script: \"|/usr/local/bin/take in\" | ")));
  EXPECT_FALSE(got.complete);
  EXPECT_THAT(got.toml, HasSubstr("\n# Not carried over:\n# ! /etc/aliases:"));
  if (domain_has("aliases")) {
    EXPECT_EQ(got.decides.size(), 1U) << testing::PrintToString(got.decides);
    EXPECT_THAT(got.toml, HasSubstr("# /etc/aliases:4: sales: ann, carl@example.com\n"
                                    "\"sales\" = [\"ann\", \"carl@example.com\"]\n"));
  }
}

TEST(ImportPostfix, without_the_passwd_file_nobody_is_guessed) {
  Files files = small_server();
  files.erase("/etc/passwd");
  const Outcome got = postfix(files);
  EXPECT_THAT(*domain(got, "example.org")->users, ElementsAre("postmaster"));
  EXPECT_THAT(got.decides, Contains(HasSubstr("passwd")));
}

TEST(ImportPostfix, a_relay_host_in_front_of_other_servers) {
  const Outcome got =
      postfix({{"/etc/postfix/main.cf", R"(myhostname = gate.example.org
mydestination =
relay_domains = hash:/etc/postfix/relay, direct.example
relay_recipient_maps = hash:/etc/postfix/recipients
transport_maps = hash:/etc/postfix/transport
relayhost = [smart.isp.example]:587
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:/etc/postfix/sasl
smtp_tls_security_level = encrypt
mynetworks = 10.1.0.0/16, 203.0.113.9
)"},
               {"/etc/postfix/relay", "inside.example  OK\nother.example\tOK\n"},
               {"/etc/postfix/recipients", "ann@inside.example x\n@other.example x\nbad name@x y\n"},
               {"/etc/postfix/transport", R"(
inside.example    smtp:[10.1.2.3]:2525
.inside.example   smtp:[10.1.2.4]
other.example     relay:mx.other.example
direct.example    smtp:
bulk.example      slow:
gone.example      error:5.1.2 no such domain
one@inside.example smtp:[10.1.2.9]
)"},
               {"/etc/postfix/sasl", "[smart.isp.example]:587  user1:geheim\n"}});
  EXPECT_EQ(via(got, "inside.example"), "[10.1.2.3]:2525");
  EXPECT_EQ(via(got, "a.inside.example"), "[10.1.2.4]");
  EXPECT_EQ(via(got, "other.example"), "mx.other.example");
  EXPECT_EQ(via(got, "direct.example"), "mx");
  EXPECT_EQ(via(got, "elsewhere.example"), "[smart.isp.example]:587");
  ASSERT_NE(domain(got, "inside.example"), nullptr) << got.toml;
  EXPECT_EQ(domain(got, "inside.example")->role, DomainRole::relay);
  EXPECT_THAT(*domain(got, "inside.example")->users, ElementsAre("ann"));
  EXPECT_FALSE(domain(got, "other.example")->users) << "everyone, as @other.example says";
  EXPECT_THAT(*domain(got, "direct.example")->users, ElementsAre("postmaster")) << "nobody was listed";
  EXPECT_THAT(networks(got), ElementsAre("10.1.0.0/16", "203.0.113.9/32"));
  EXPECT_THAT(got.toml, Not(HasSubstr("geheim"))) << "no password is copied";
  EXPECT_THAT(got.decides,
              Contains(HasSubstr("/etc/postfix/sasl:1: [smart.isp.example]:587 (user and password)")));
  EXPECT_THAT(got.decides, Contains(HasSubstr("bulk.example slow: | the transport slow is not known here")));
  EXPECT_THAT(got.decides, Contains(HasSubstr("a transport for a single address")));
  if (route_has("auth")) {
    EXPECT_THAT(got.toml, HasSubstr("user = \"user1\", password_file = "));
  }
}

TEST(ImportPostfix, a_backup_mx) {
  const Outcome got = main_cf(R"(myhostname = mx2.example.net
relay_domains = example.org example.com
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
mynetworks_style = host
maximal_queue_lifetime = 30d
)");
  ASSERT_NE(domain(got, "example.org"), nullptr) << got.toml;
  EXPECT_EQ(domain(got, "example.org")->role, DomainRole::backup);
  EXPECT_EQ(domain(got, "example.com")->role, DomainRole::backup);
  EXPECT_FALSE(domain(got, "example.org")->users);
  EXPECT_EQ(got.config.queue.expire_after, std::chrono::days{30});
  EXPECT_EQ(networks(got).size(), Relay::default_networks().size());
}

TEST(ImportPostfix, virtual_hosting) {
  const Outcome got = postfix({{"/etc/postfix/main.cf", R"(myhostname = mail.example.net
mydestination = localhost
local_recipient_maps =
virtual_mailbox_domains = example.org, /etc/postfix/vdomains
virtual_mailbox_base = /srv/mail
virtual_mailbox_maps = texthash:/etc/postfix/vmailbox
virtual_alias_domains = alias.example
virtual_alias_maps = hash:/etc/postfix/valias
)"},
                               {"/etc/postfix/vdomains", "example.com\n# not this\n"},
                               {"/etc/postfix/vmailbox", R"(ann@example.org example.org/ann/
Bob@example.org  example.org/bob/
eve@example.org  elsewhere/eve/
old@example.com  example.com/old
carl@example.com example.com/carl/
x@unknown.example unknown/x/
@example.com     example.com/all/
)"},
                               {"/etc/postfix/valias", R"(info@example.org  ann@example.org, carl@example.com
@alias.example    ann@example.org
abuse@alias.example postmaster
far@elsewhere.example ann@example.org
alias.example     anything
)"}});
  ASSERT_NE(domain(got, "example.org"), nullptr) << got.toml;
  EXPECT_EQ(domain(got, "example.org")->mailboxes->to_string(), "maildir:/srv/mail/{domain}/{user}");
  EXPECT_THAT(*domain(got, "example.org")->users, ElementsAre("ann", "bob"));
  EXPECT_THAT(*domain(got, "example.com")->users, ElementsAre("carl"));
  EXPECT_NE(domain(got, "alias.example"), nullptr);
  EXPECT_THAT(got.decides, Contains(HasSubstr("eve@example.org elsewhere/eve/")));
  EXPECT_THAT(got.decides, Contains(HasSubstr("old@example.com example.com/old")));
  EXPECT_THAT(got.decides, Contains(HasSubstr("far@elsewhere.example")));
  EXPECT_FALSE(domain(got, "localhost")->users) << "local_recipient_maps is empty: everyone";
  if (domain_has("catch_all")) {
    EXPECT_THAT(got.toml, HasSubstr("catch_all = [\"ann@example.org\"]"));
  }
  if (domain_has("aliases")) {
    EXPECT_THAT(got.toml, HasSubstr("\"info\" = [\"ann@example.org\", \"carl@example.com\"]"));
  }
}

TEST(ImportPostfix, lmtp_to_dovecot) {
  const Outcome got = main_cf(R"(myhostname = mail.example.net
mydestination = example.net
mailbox_transport = lmtp:unix:private/dovecot-lmtp
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_transport = lmtp:inet:127.0.0.1:2424
alias_maps =
)");
  EXPECT_EQ(domain(got, "example.net")->mailboxes->to_string(),
            "lmtp:unix:/var/spool/postfix/private/dovecot-lmtp");
  EXPECT_FALSE(domain(got, "example.net")->users);
  EXPECT_EQ(domain(got, "example.org")->mailboxes->to_string(), "lmtp:127.0.0.1:2424");
}

struct NetworkCase {
  const char* main;
  std::vector<std::string> want;
};

TEST(ImportPostfix, mynetworks_is_never_wider) {
  const std::vector<NetworkCase> cases{
      {"mynetworks = 192.0.2.0/24", {"192.0.2.0/24"}},
      {"mynetworks = hash:/etc/postfix/nowhere", {}},
      {"mynetworks = cidr:/etc/postfix/x, 192.0.2.1", {"192.0.2.1/32"}},
      {"mynetworks = client.example.org 192.0.2.0/24", {"192.0.2.0/24"}},
      {"mynetworks = !192.0.2.7, 192.0.2.0/24, 198.51.100.0/24", {"198.51.100.0/24"}},
      {"mynetworks = !/etc/postfix/bad 192.0.2.0/24", {}},
      {"mynetworks = 0.0.0.0/0 192.0.2.0/24", {"192.0.2.0/24"}},
      {"mynetworks = [::]/0", {}},
      {"mynetworks = ${x?{192.0.2.0/24}}", {}},
      {"mynetworks = $mynetworks 192.0.2.0/24", {}},
      {"mynetworks = 192.0.2.0/24\nsmtpd_relay_restrictions = reject_unauth_destination, permit_mynetworks",
       {}},
      {"mynetworks = 192.0.2.0/24\nsmtpd_relay_restrictions = permit_sasl_authenticated, reject", {}},
      {"mynetworks = 192.0.2.0/24\nsmtpd_relay_restrictions =\nsmtpd_recipient_restrictions = "
       "permit_mynetworks "
       "reject_unauth_destination",
       {"192.0.2.0/24"}},
      {"mynetworks =", {}},
  };
  for (const NetworkCase& one : cases) {
    const Outcome got = main_cf(std::string("mydestination =\n") + one.main + "\n");
    EXPECT_EQ(networks(got), one.want) << one.main << "\n" << got.toml;
    for (const std::string& text : one.want) EXPECT_THAT(got.toml, HasSubstr(text));
  }
}

TEST(ImportPostfix, what_nobody_knows_is_told_with_its_place) {
  const Outcome got = main_cf(
      "mydestination =\ncontent_filter = smtp-amavis:[127.0.0.1]:10024\nsmtpd_client_restrictions = "
      "reject_rbl_client bl.example\nanvil_rate_time_unit = 60s\nno equals sign\nbiff = no\nalways_bcc =\n");
  EXPECT_THAT(got.decides,
              ElementsAre(HasSubstr("main.cf:2: content_filter = smtp-amavis:[127.0.0.1]:10024 | ")));
  EXPECT_THAT(got.others, Contains(HasSubstr("main.cf:3: smtpd_client_restrictions")));
  EXPECT_THAT(got.others, Contains(HasSubstr("main.cf:4: anvil_rate_time_unit")));
  EXPECT_THAT(got.others, Contains(HasSubstr("main.cf:5: no equals sign")));
  EXPECT_THAT(got.toml, Not(HasSubstr("biff")));
}

TEST(ImportPostfix, restrictions_beyond_our_networks_and_our_domains_are_told) {
  const Outcome got = main_cf(
      "mydestination =\nmynetworks = 192.0.2.0/24\nsmtpd_relay_restrictions = permit_mynetworks,\n"
      "  check_client_access hash:/etc/postfix/friends, reject_unauth_destination\n"
      "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_rbl_client "
      "bl.example\n");
  EXPECT_THAT(networks(got), ElementsAre("192.0.2.0/24"));
  EXPECT_THAT(got.decides,
              Contains(AllOf(HasSubstr("main.cf:3: smtpd_relay_restrictions"),
                             HasSubstr("not asked here: check_client_access hash:/etc/postfix/friends"))));
  EXPECT_THAT(got.others, Contains(AllOf(HasSubstr("main.cf:5: smtpd_recipient_restrictions"),
                                         HasSubstr("not asked here: reject_rbl_client bl.example;"))));
}

TEST(ImportPostfix, hostile_files_end_in_a_configuration_and_a_list) {
  std::string laughs = "mydestination = $a0\n";
  for (int i = 0; i < 40; ++i) laughs += fmt::format("a{} = $a{}$a{}\n", i, i + 1, i + 1);
  EXPECT_THAT(main_cf(laughs).decides, Contains(HasSubstr("expands without end")));
  EXPECT_THAT(main_cf("myhostname = mail.$mydomain\nmydestination = $mydomain\n").decides,
              Contains(HasSubstr("refers to itself")));
  const Outcome control = main_cf(
      std::string("mydestination = a\x1b[31mb\x00z.example, \"\n[x]\nrelayhost = [a\nb=\xff\xfe\n", 57));
  EXPECT_THAT(control.toml, Not(HasSubstr("\x1b")));
  const Outcome inject = main_cf("mydestination =\nrelayhost = [x.example]\"\\nfoo = 1\n");
  EXPECT_THAT(inject.decides, Contains(HasSubstr("relayhost")));
  EXPECT_EQ(via(inject, "y.example"), "mx");
  EXPECT_THAT(main_cf("mydestination =\nmyhostname = x.example\nrelayhost = [x.example]\n").decides,
              Contains(HasSubstr("loop")))
      << "what parse() refuses is taken out and told";
  EXPECT_THAT(main_cf("mydestination =\nmaximal_queue_lifetime = 400d\n").decides,
              Contains(HasSubstr("400d")));
}

TEST(ImportPostfix, without_main_cf_there_is_nothing) {
  const auto read = [](const std::string& path) -> Result<std::string> {
    return fail(Errc::not_found, "{}", path);
  };
  EXPECT_FALSE(import_postfix("/etc/postfix", read, "h"));
}

TEST(ImportPostfix, a_copied_folder_is_asked_before_this_machine) {
  const Files files{
      {"/srv/copy/main.cf", "mydestination =\ntransport_maps = hash:/etc/postfix/maps/transport\n"},
      {"/srv/copy/maps/transport", "a.example smtp:[b.example]\n"},
      {"/etc/postfix/maps/transport", "a.example smtp:[wrong.example]\n"},
      {"/etc/passwd", "ann:x:1000:1000::/:/bin/sh\n"}};
  const auto read = [&](const std::string& path) -> Result<std::string> {
    const auto at = files.find(path);
    if (at == files.end()) return fail(Errc::not_found, "{}", path);
    return at->second;
  };
  EXPECT_EQ(via(outcome(import_postfix("/srv/copy/", read, "h")), "a.example"), "[b.example]");
}
}  // namespace
}  // namespace waybill::config::moving
