// The parser against whole files: what is read, what is refused, and where the fault is said to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "config/config.h"

namespace waybill::config {
namespace {
using ::testing::HasSubstr;

// design.md's own example: the contract of the file format, word for word.
constexpr std::string_view kContract =
    R"(hostname = "mx1.example.org"          # banner, EHLO, Received, and how it knows itself among MXs
data_dir = "/var/lib/waybill"

[dns]
mode = "recursive"                     # "recursive" | "forward"
servers = ["127.0.0.53:53"]            # for forward; default: /etc/resolv.conf
dnssec = true
zones = ["lab.zone"]                   # overlay: answered from these files instead of the network

[[listener]]
address = "0.0.0.0:25"
role = "mx"                            # "mx" | "submission" | "submissions" | "lmtp"

[relay]
trusted_networks = ["127.0.0.0/8", "::1/128"]

[domain."example.org"]
role = "primary"                       # final destination
mailboxes = "maildir:/var/mail/{domain}/{user}"   # or "lmtp:unix:/run/dovecot/lmtp", "lmtp:127.0.0.1:24"
users = ["john", "postmaster"]

[domain."example.net"]
role = "backup"                        # hold, and forward only to better MXs

[route."*"]                            # most specific pattern wins
via = "mx"                             # or "[relay.isp.example]:587" (no MX lookup), "relay.isp.example" (MX lookup)

[deliver]
port = 25                              # the port of every MX; a lab without root sets another

[http]
listen = "127.0.0.1:8025"              # dashboard, metrics, API
)";

mail::Domain domain(std::string_view text) { return mail::Domain::parse(text).value(); }

Config good(std::string_view text) {
  auto config = parse(text, "/etc/waybill/waybill.toml");
  if (!config) {
    for (const Located& error : config.error()) ADD_FAILURE() << error.to_string();
    return {};
  }
  return *config;
}

Errors bad(std::string_view text) {
  auto config = parse(text, "waybill.toml");
  if (!config) return config.error();
  ADD_FAILURE() << "should have been refused: " << text;
  return {};
}

// The one fault of a text, as a person sees it.
std::string fault(std::string_view text) {
  const Errors errors = bad(text);
  EXPECT_EQ(errors.size(), 1u) << text;
  return errors.empty() ? "" : errors.front().to_string();
}

TEST(Parse, the_designs_example_is_read) {
  const Config config = good(kContract);
  EXPECT_EQ(config.hostname, domain("mx1.example.org"));
  EXPECT_EQ(config.data_dir, "/var/lib/waybill");
  EXPECT_EQ(config.dns.mode, DnsMode::recursive);
  EXPECT_EQ(config.dns.servers, std::vector{Endpoint::parse("127.0.0.53:53").value()});
  EXPECT_TRUE(config.dns.dnssec);
  EXPECT_EQ(config.dns.zones, std::vector<std::string>{"/etc/waybill/lab.zone"});
  ASSERT_EQ(config.listeners.size(), 1u);
  EXPECT_EQ(config.listeners[0].address.to_string(), "0.0.0.0:25");
  EXPECT_EQ(config.relay.trusted_networks, Relay::default_networks());
  ASSERT_EQ(config.domains.size(), 2u);
  const Domain* primary = config.find_domain(domain("EXAMPLE.org"));
  ASSERT_NE(primary, nullptr);
  EXPECT_EQ(primary->role, DomainRole::primary);
  EXPECT_EQ(primary->mailboxes, Mailboxes{});
  EXPECT_TRUE(primary->accepts("John"));
  EXPECT_TRUE(primary->accepts("john+lists"));
  EXPECT_TRUE(primary->accepts("POSTMASTER"));
  EXPECT_FALSE(primary->accepts("jane"));
  EXPECT_EQ(config.find_domain(domain("example.net"))->role, DomainRole::backup);
  EXPECT_TRUE(config.find_domain(domain("example.net"))->accepts("anyone"));
  EXPECT_EQ(config.find_domain(domain("example.com")), nullptr);
  EXPECT_EQ(config.deliver.port, 25);
  EXPECT_EQ(config.http.listen->to_string(), "127.0.0.1:8025");
  EXPECT_EQ(config.control.socket, "/var/lib/waybill/control.sock");
  EXPECT_EQ(config.postmaster_address().to_string(), "postmaster@example.org");
}

TEST(Parse, an_empty_file_is_a_small_server) {
  const Config config = good("");
  EXPECT_EQ(config, defaults());
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[0].address.to_string(), "0.0.0.0:25");
  EXPECT_EQ(config.listeners[1].address.to_string(), "[::]:25");
  EXPECT_FALSE(config.hostname.empty());
  EXPECT_TRUE(config.relay.trusts(IpAddress::parse("127.3.2.1").value()));
  EXPECT_TRUE(config.relay.trusts(IpAddress::parse("::ffff:127.0.0.1").value()));
  EXPECT_FALSE(config.relay.trusts(IpAddress::parse("192.0.2.1").value()));
  ASSERT_EQ(config.routes.size(), 1u);
  EXPECT_EQ(config.find_route(domain("any.example"))->via.hosts.front().kind, Via::Kind::mx);
  EXPECT_GE(config.limits.recipients, 100u);
}

TEST(Parse, unknown_keys_are_located_and_guessed) {
  EXPECT_EQ(fault("hostname = \"a.example\"\n\n[limits]\nsesions = 5\n"),
            "waybill.toml:4:1: error: unknown key 'sesions' in [limits]; did you mean 'sessions'?");
  EXPECT_EQ(fault("host_name = \"a.example\"\n"),
            "waybill.toml:1:1: error: unknown key 'host_name'; did you mean 'hostname'?");
  EXPECT_THAT(fault("[[listeners]]\naddress = \"0.0.0.0:25\"\n"), HasSubstr("did you mean 'listener'?"));
  EXPECT_THAT(fault("[relay]\nmessage_size = 5\n"), HasSubstr("it belongs in [limits]"));
  EXPECT_THAT(fault("[log]\nhostname = \"a.example\"\n"), HasSubstr("it belongs at the top"));
  EXPECT_EQ(fault("[queue]\nzyzzyva = 1\n"), "waybill.toml:2:1: error: unknown key 'zyzzyva' in [queue]");
}

TEST(Parse, all_faults_come_at_once_in_order) {
  const Errors errors = bad(
      "hostname = 5\n[limits]\nsessions = \"many\"\nrecipients = 99\n[dns]\nmode = \"forwards\"\nx = 1\n");
  ASSERT_EQ(errors.size(), 5u);
  EXPECT_EQ(errors[0].line, 1u);
  EXPECT_EQ(errors[0].column, 12u);
  EXPECT_THAT(errors[0].message, HasSubstr("hostname must be text in quotes"));
  EXPECT_THAT(errors[1].message,
              HasSubstr("limits.sessions must be a whole number, without quotes, not text"));
  EXPECT_THAT(errors[2].message, HasSubstr("99 is not between 100 and"));
  EXPECT_THAT(errors[3].message, HasSubstr("did you mean \"forward\"?"));
  EXPECT_EQ(errors[4].line, 7u);
}

TEST(Parse, broken_toml_is_located) {
  const std::string text = fault("hostname = \"a.example\"\n[limits\nsessions = 5\n");
  EXPECT_THAT(text, HasSubstr("waybill.toml:2:"));
  EXPECT_THAT(fault("a = 1\na = 2\n"), HasSubstr("waybill.toml:2:"));
}

TEST(Parse, an_open_relay_is_refused) {
  for (const std::string_view network :
       {"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/7", "2000::/3", "2000::/15", "::/8"}) {
    EXPECT_THAT(fault(fmt::format("[relay]\ntrusted_networks = [\"{}\"]\n", network)),
                HasSubstr("open relay"))
        << network;
  }
  for (const std::string_view network :
       {"10.0.0.0/8", "192.168.0.0/16", "fc00::/7", "fd00::/8", "2001:db8::/32", "192.0.2.1"}) {
    EXPECT_EQ(
        good(fmt::format("[relay]\ntrusted_networks = [\"{}\"]\n", network)).relay.trusted_networks.size(),
        1u)
        << network;
  }
  // Trusting IPv4 through its mapped form is the same network, however it is written.
  EXPECT_THAT(fault("[relay]\ntrusted_networks = [\"::ffff:0:0/96\"]\n"), HasSubstr("prefix length"));
  EXPECT_THAT(fault("[relay]\ntrusted_networks = [\"192.0.2.1/24\"]\n"), HasSubstr("bits set beyond"));
  EXPECT_TRUE(good("[relay]\ntrusted_networks = []\n").relay.trusted_networks.empty());
}

TEST(Parse, listeners) {
  const Config config = good(
      "[[listener]]\naddress = \"127.0.0.1:0\"\n[[listener]]\naddress = \"127.0.0.1:0\"\nrole = "
      "\"submission\"\n");
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[0].role, Role::mx);
  EXPECT_EQ(config.listeners[1].role, Role::submission);
  EXPECT_THAT(fault("[[listener]]\nrole = \"mx\"\n"), HasSubstr("needs an address"));
  EXPECT_THAT(fault("[listener]\naddress = \"0.0.0.0:25\"\n"), HasSubstr("[[listener]]"));
  EXPECT_THAT(fault("[[listener]]\naddress = \"0.0.0.0\"\n"),
              HasSubstr("waybill.toml:2:11: error: listener[0].address"));
  EXPECT_EQ(good("[[listener]]\naddress = \"127.0.0.1:24\"\nrole = \"lmtp\"\n").listeners[0].role,
            Role::lmtp);
  EXPECT_THAT(fault("[[listener]]\naddress = \"0.0.0.0:25\"\nrole = \"lmtp\"\n"), HasSubstr("RFC 2033 5"));
  EXPECT_THAT(fault("[[listener]]\naddress = \"0.0.0.0:465\"\nrole = \"submissions\"\n"),
              HasSubstr("speaks TLS from the first octet"));
  EXPECT_THAT(fault("[[listener]]\naddress = \"0.0.0.0:25\"\n[[listener]]\naddress = \"0.0.0.0:25\"\n"),
              HasSubstr("waybill.toml:4:11"));
}

TEST(Parse, tls_files_come_in_pairs_and_are_inherited) {
  const Config config = good(
      "[tls]\ncertificate = \"cert.pem\"\nkey = \"/k.pem\"\n[[listener]]\naddress = \"[::1]:465\"\nrole = "
      "\"submissions\"\n"
      "[[listener]]\naddress = \"[::1]:25\"\ntls_certificate = \"a.pem\"\ntls_key = \"b.pem\"\n");
  EXPECT_EQ(config.listeners[0].tls, (TlsFiles{"/etc/waybill/cert.pem", "/k.pem"}));
  EXPECT_EQ(config.listeners[1].tls, (TlsFiles{"/etc/waybill/a.pem", "/etc/waybill/b.pem"}));
  EXPECT_EQ(good("[tls]\ncertificate = \"/c\"\nkey = \"/k\"\n").listeners[1].tls, (TlsFiles{"/c", "/k"}));
  EXPECT_THAT(fault("[tls]\ncertificate = \"/c\"\n"), HasSubstr("has a certificate but no key"));
  EXPECT_THAT(fault("[[listener]]\naddress = \"[::1]:25\"\ntls_key = \"b\"\n"),
              HasSubstr("has a tls_key but no tls_certificate"));
}

TEST(Parse, domains_fit_their_roles) {
  EXPECT_THAT(fault("[domain.\"example.org\"]\nrole = \"backup\"\nmailboxes = \"maildir:/m\"\n"),
              HasSubstr("has no mailboxes here"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\n"), HasSubstr("needs users"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nusers = []\n"), HasSubstr("accepts nobody"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nusers = [\"a/b\"]\n"), HasSubstr("no '/'"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nusers = [\"..\"]\n"), HasSubstr("begin with '.'"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nusers = [\"a@example.org\"]\n"), HasSubstr("without @domain"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nusers = [\"Ann\", \"ann\"]\n"), HasSubstr("twice"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nusers = [\"*\", \"ann\"]\n"), HasSubstr("nothing else"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nmailboxes = \"maildir:/m/{usr}\"\nusers = [\"*\"]\n"),
              HasSubstr("placeholders"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nmailboxes = \"mbox:/m\"\nusers = [\"*\"]\n"),
              HasSubstr("is none of"));
  EXPECT_THAT(fault("[domain.\"example.org\"]\nmailboxes = \"lmtp:127.0.0.1\"\n"), HasSubstr("lmtp:IP:PORT"));
  // A name would have to be looked up: taken, it deferred all mail for ever.
  EXPECT_THAT(fault("[domain.\"example.org\"]\nmailboxes = \"lmtp:localhost:24\"\n"),
              testing::AllOf(HasSubstr("waybill.toml:2:"), HasSubstr("'localhost' is not an IP address")));
  EXPECT_THAT(fault("[domain.example.org]\nrole = \"backup\"\n"), HasSubstr("[domain.\"example.org\"]"));
  EXPECT_THAT(fault("[domain]\nrole = \"backup\"\n"), HasSubstr("waybill.toml:2:1"));
  EXPECT_THAT(
      fault("[domain.\"example.org\"]\nrole = \"relay\"\n[domain.\"EXAMPLE.ORG\"]\nrole = \"relay\"\n"),
      HasSubstr("twice"));
  EXPECT_THAT(fault("[domain.\"*\"]\nrole = \"relay\"\n"), HasSubstr("not a domain name"));
  EXPECT_THAT(fault("[domain.\"[192.0.2.1]\"]\nrole = \"relay\"\n"), HasSubstr("not a domain"));
}

TEST(Parse, mailboxes_of_each_kind) {
  const auto mailboxes = [](std::string_view text) {
    return good(fmt::format("[domain.\"example.org\"]\nmailboxes = \"{}\"\nusers = [\"*\"]\n", text))
        .domains.at(0)
        .mailboxes.value();
  };
  EXPECT_EQ(mailboxes("maildir:mail/{user}").path, "/etc/waybill/mail/{user}");
  const Mailboxes local = mailboxes("lmtp:unix:/run/dovecot/lmtp");
  EXPECT_EQ(local.kind, Mailboxes::Kind::lmtp_unix);
  EXPECT_EQ(local.path, "/run/dovecot/lmtp");
  const Mailboxes v6 = mailboxes("lmtp:[2001:db8::1]:24");
  EXPECT_EQ(v6.kind, Mailboxes::Kind::lmtp_tcp);
  EXPECT_EQ(v6.server, Endpoint::parse("[2001:db8::1]:24"));
  for (const std::string_view text :
       {"maildir:/m/{domain}/{user}", "lmtp:unix:/run/l", "lmtp:[2001:db8::1]:24", "lmtp:127.0.0.1:24"}) {
    EXPECT_EQ(mailboxes(text).to_string(), text);
  }
}

TEST(Parse, an_lmtp_server_knows_its_users) {
  const Config config = good("[domain.\"example.org\"]\nmailboxes = \"lmtp:unix:/run/lmtp\"\n");
  EXPECT_FALSE(config.domains.at(0).users.has_value());
}

TEST(Parse, the_most_specific_route_wins) {
  const Config config = good(
      "[route.\"*.example.org\"]\nvia = \"a.example\"\n[route.\"*\"]\nvia = "
      "\"[192.0.2.7]:26\"\n[route.\"b.c.example.org\"]\nvia = \"mx\"\n"
      "[route.\"*.c.example.org\"]\nvia = \"[relay.isp.example]:587\"\n");
  const auto via = [&](std::string_view name) { return config.find_route(domain(name))->via.to_string(); };
  EXPECT_EQ(via("b.c.example.org"), "mx");
  EXPECT_EQ(via("x.c.example.org"), "[relay.isp.example]:587");
  EXPECT_EQ(via("c.example.org"), "a.example");
  EXPECT_EQ(via("example.org"), "[192.0.2.7]:26");
  EXPECT_EQ(via("notexample.org"), "[192.0.2.7]:26");
  EXPECT_EQ(config.find_route(domain("x.c.example.org"))->via.hosts.front().kind, Via::Kind::relay);
  EXPECT_EQ(config.find_route(domain("c.example.org"))->via.hosts.front().kind, Via::Kind::relay_mx);
  EXPECT_TRUE(config.routes.back().via.hosts.front().host.is_literal());
}

TEST(Parse, routes_that_make_no_sense) {
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"[relay.example\"\n"), HasSubstr("closing bracket"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"[relay.example]:0\"\n"), HasSubstr("port must be"));
  EXPECT_THAT(fault("[route.\"*\"]\nvia = \"2001:db8::1\"\n"), HasSubstr("in brackets"));
  EXPECT_THAT(fault("[route.\"a*b\"]\nvia = \"mx\"\n"), HasSubstr("no pattern"));
  EXPECT_THAT(fault("hostname = \"me.example\"\n[route.\"*\"]\nvia = \"me.example\"\n"),
              HasSubstr("waybill.toml:3:7: error: me.example is this host"));
}

TEST(Parse, values_have_units_and_bounds) {
  EXPECT_EQ(good("[limits]\nmessage_size = \"10 MB\"\n").limits.message_octets, 10'000'000u);
  EXPECT_EQ(good("[limits]\nmessage_size = 1048576\n").limits.message_octets, kMiB);
  EXPECT_EQ(good("[queue]\nretry_first = \"1h30m\"\n").queue.retry_first, std::chrono::minutes{90});
  EXPECT_EQ(good("[queue]\nretry_factor = 3\n").queue.retry_factor, 3.0);
  EXPECT_EQ(good("[control]\nmode = \"0660\"\n").control.mode, 0660u);
  EXPECT_THAT(fault("[queue]\nretry_first = 30\n"), HasSubstr("needs a unit"));
  EXPECT_THAT(fault("[queue]\nretry_factor = nan\n"), HasSubstr("not between"));
  EXPECT_THAT(fault("[queue]\nretry_first = \"5h\"\n"), HasSubstr("shorter than"));
  EXPECT_THAT(fault("[limits]\nmessage_size = -1\n"), HasSubstr("negative"));
  EXPECT_THAT(fault("[limits]\nmessage_size = \"50 MiBs\"\n"), HasSubstr("units are"));
  EXPECT_THAT(fault("[limits]\ncommand_timeout = \"0s\"\n"), HasSubstr("not between"));
  EXPECT_THAT(fault("[deliver]\nport = 65536\n"), HasSubstr("not between 1 and 65535"));
  EXPECT_THAT(fault("[deliver]\nsource_ipv4 = \"::1\"\n"), HasSubstr("not an IPv4 address"));
  EXPECT_THAT(fault("[control]\nmode = \"0666\"\n"), HasSubstr("every user"));
  EXPECT_THAT(fault("hostname = \"[192.0.2.1]\"\n"), HasSubstr("is an address"));
  EXPECT_THAT(fault("hostname = \"192.0.2.1\"\n"), HasSubstr("is an address"));
  EXPECT_THAT(fault("hostname = \"bad host\"\n"), HasSubstr("not a domain name"));
  EXPECT_THAT(fault("user = \"a\\nb\"\n"), HasSubstr("control character"));
  EXPECT_THAT(fault("limits = 5\n"), HasSubstr("limits must be a section"));
}

TEST(Parse, positions_are_kept_for_later_checks) {
  const Config config = good("hostname = \"a.example\"\n[dns]\nzones = [\"a.zone\",\n         \"b.zone\"]\n");
  EXPECT_EQ(config.positions.find("dns.zones[1]").line, 4u);
  EXPECT_EQ(config.positions.find("dns.zones[1]").column, 10u);
  EXPECT_EQ(config.positions.find("limits.sessions").line, 0u);
  const Config folded = good("[domain.\"exämple.org\"]\nrole = \"backup\"\n");
  EXPECT_EQ(folded.positions.find("domain.\"xn--exmple-cua.org\".role").line, 2u);
}

TEST(Parse, faults_are_bounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += fmt::format("zzz{} = 1\n", i);
  EXPECT_EQ(bad(text).size(), kErrorsMax);
  EXPECT_THAT(fault(std::string(kFileOctetsMax + 1, ' ')), HasSubstr("larger than"));
}

TEST(Parse, a_large_hostile_file_costs_little) {
  std::string text = "[domain]\n";
  for (int i = 0; i < 20'000; ++i) text += fmt::format("\"d{}.example\" = {{ role = \"backup\" }}\n", i);
  EXPECT_EQ(good(text).domains.size(), 20'000u);
  text.clear();
  for (int i = 0; i < 100'000; ++i) text += fmt::format("sesions{} = 1\n", i);
  EXPECT_EQ(bad(text).size(), kErrorsMax);
}

TEST(Load, says_why_a_file_cannot_be_read) {
  const auto missing = load("/nonexistent/waybill.toml");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().at(0).to_string(), HasSubstr("/nonexistent/waybill.toml: error: "));
  EXPECT_THAT(missing.error().at(0).message, HasSubstr("No such file"));
  const auto folder = load("/tmp");
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().at(0).message, HasSubstr("folder"));
}

TEST(Size, round_trips) {
  for (const uint64_t octets : {0ull, 1ull, 1023ull, 1024ull, 1500ull, 50ull << 20, 3ull << 40}) {
    EXPECT_EQ(parse_size(format_size(octets)).value(), octets);
  }
  EXPECT_EQ(format_size(50 * kMiB), "50 MiB");
  EXPECT_FALSE(parse_size("20000000000 GiB"));
  EXPECT_FALSE(parse_size("-1"));
  EXPECT_FALSE(parse_size(""));
  EXPECT_FALSE(parse_size("MiB"));
}
}  // namespace
}  // namespace waybill::config
