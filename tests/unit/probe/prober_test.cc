#include "probe/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "policy/dane.h"
#include "probe/server_query.h"
#include "support/certificate.h"
#include "support/dns_lab.h"
#include "support/issued_certificate.h"
#include "support/smtp_peer.h"

namespace waybill {
namespace {
using check::ProbeSaid;
using test::IssuedCertificate;
using test::name;
using test::SmtpPeer;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const IpAddress kHere = IpAddress::v4(0x7F000001);

/// A prober, and one blocking question to it.
class Asking {
 public:
  explicit Asking(probe::Options options = {})
      : prober_(probe::Prober::open(dns, std::move(options)).value()) {}
  template <class Said>
  Said ask(check::Question question) {
    auto promise = std::make_shared<std::promise<check::Answer>>();
    auto future = promise->get_future();
    const check::Ask ask = prober_->ask([](std::function<void()> job) { job(); });
    ask(question, [promise](check::Answer answer) { promise->set_value(std::move(answer)); });
    return std::get<Said>(future.get());
  }
  ProbeSaid probe(const SmtpPeer& peer, std::string_view host = "mx.example.org") {
    return ask<ProbeSaid>(check::AskProbe{name(host), kHere, peer.port(), name("example.org")});
  }
  dns::FixedResolver dns;

 private:
  std::unique_ptr<probe::Prober> prober_;
};

test::PeerPlace place_of(const IssuedCertificate& certificate) {
  return {.certificate_file = certificate.chain_file(), .key_file = certificate.key_file()};
}
/// Refuses every recipient.
std::optional<std::string> nobody_here(const std::string& command, int) {
  if (command.starts_with("RCPT")) return "550 5.1.1 no such user";
  return std::nullopt;
}
std::vector<std::string> verbs(const SmtpPeer& peer) {
  std::vector<std::string> out;
  for (const std::string& line : peer.commands()) out.push_back(line.substr(0, 4));
  return out;
}

TEST(ProbeSmtp, a_server_without_tls_is_greeted_asked_for_nobody_and_left) {
  const SmtpPeer peer({"8BITMIME", "Size 1000"}, nobody_here);
  Asking asking;
  const ProbeSaid said = asking.probe(peer);
  EXPECT_EQ(said.reach, ProbeSaid::Reach::answered);
  EXPECT_EQ(said.banner_code, 220);
  EXPECT_EQ(said.banner, "peer.test ESMTP");
  EXPECT_EQ(said.banner_host, "peer.test");
  EXPECT_THAT(said.keywords, ElementsAre("8BITMIME", "SIZE 1000"));
  EXPECT_EQ(said.tls, ProbeSaid::Tls::not_offered);
  EXPECT_EQ(said.unknown_recipient, ProbeSaid::Unknown::refused);
  EXPECT_EQ(said.unknown_reply, "550 5.1.1 no such user");
  EXPECT_EQ(said.why, "");
  // Its whole part of the dialogue; the greeting is our address, the recipient somebody that nobody is.
  const auto commands = peer.commands();
  EXPECT_THAT(commands, ElementsAre("EHLO [127.0.0.1]", "MAIL FROM:<>",
                                    AllOf(StartsWith("RCPT TO:<waybill-check-"), HasSubstr("@example.org>")),
                                    "RSET", "QUIT"));
  EXPECT_TRUE(peer.messages().empty());
}
TEST(ProbeSmtp, over_tls_it_tells_the_chain_its_worth_and_the_name) {
  const IssuedCertificate certificate({"other.example.net", "mx.example.org"});
  const SmtpPeer peer({"STARTTLS"}, nobody_here, place_of(certificate));
  Asking asking({.hello = "probe.test", .roots_file = certificate.roots_file()});
  const ProbeSaid said = asking.probe(peer);
  EXPECT_EQ(said.tls, ProbeSaid::Tls::done);
  EXPECT_EQ(said.protocol, "TLSv1.3");
  EXPECT_TRUE(said.chain_trusted) << said.certificate_why;
  EXPECT_TRUE(said.name_matches) << said.certificate_why;
  EXPECT_EQ(said.certificate_why, "");
  ASSERT_EQ(said.chain.size(), 2U);
  EXPECT_THAT(said.chain[0].names, ElementsAre("other.example.net", "mx.example.org"));
  EXPECT_FALSE(said.chain[0].anchors);
  EXPECT_TRUE(said.chain[1].anchors);
  for (const auto& each : said.chain) {
    EXPECT_EQ(each.der_sha256.size(), 32U);
    EXPECT_EQ(each.spki_sha512.size(), 64U);
    EXPECT_NE(each.der.find(each.spki), std::string::npos) << "the key stands in the certificate as it is";
  }
  EXPECT_EQ(said.unknown_recipient, ProbeSaid::Unknown::refused);
  EXPECT_THAT(verbs(peer), ElementsAre("EHLO", "STAR", "EHLO", "MAIL", "RCPT", "RSET", "QUIT"));
}
TEST(ProbeSmtp, what_a_certificate_lacks_is_named) {
  const IssuedCertificate other({"mx.example.net", "*.example.net"});
  {
    const SmtpPeer peer({"STARTTLS"}, {}, place_of(other));
    const ProbeSaid said = Asking({.roots_file = other.roots_file()}).probe(peer);
    EXPECT_TRUE(said.chain_trusted);
    EXPECT_FALSE(said.name_matches);
    EXPECT_EQ(said.certificate_why, "it names mx.example.net, *.example.net");
    // A wildcard is one whole label.
    EXPECT_TRUE(Asking({.roots_file = other.roots_file()}).probe(peer, "a.example.net").name_matches);
    EXPECT_FALSE(Asking({.roots_file = other.roots_file()}).probe(peer, "a.b.example.net").name_matches);
    const ProbeSaid by_system = Asking().probe(peer, "mx.example.net");
    EXPECT_FALSE(by_system.chain_trusted);
    EXPECT_TRUE(by_system.name_matches);
    EXPECT_THAT(by_system.certificate_why, HasSubstr("self-signed certificate in certificate chain"));
  }
  const IssuedCertificate old({"mx.example.org"}, test::Validity::expired);
  const SmtpPeer peer({"STARTTLS"}, {}, place_of(old));
  const ProbeSaid said = Asking({.roots_file = old.roots_file()}).probe(peer);
  EXPECT_EQ(said.tls, ProbeSaid::Tls::done) << "the handshake goes on whatever the certificate";
  EXPECT_FALSE(said.chain_trusted);
  EXPECT_EQ(said.certificate_why, "certificate has expired");
  EXPECT_FALSE(said.chain[1].anchors) << "nor does an expired one verify with its own issuer as the anchor";
}
TEST(ProbeSmtp, a_common_name_alone_is_no_name) {
  const test::Certificate certificate("mx.example.org");
  const SmtpPeer peer(
      {"STARTTLS"}, {},
      {.certificate_file = certificate.certificate_file(), .key_file = certificate.key_file()});
  const ProbeSaid said = Asking({.roots_file = certificate.certificate_file()}).probe(peer);
  EXPECT_TRUE(said.chain_trusted) << said.certificate_why;
  EXPECT_FALSE(said.name_matches);
  EXPECT_EQ(said.certificate_why, "it names no host");
}
TEST(ProbeSmtp, what_dane_needs_matches_the_real_thing) {
  const IssuedCertificate certificate({"mx.example.org"}, test::Validity::expired);
  const SmtpPeer peer({"STARTTLS"}, {}, place_of(certificate));
  const ProbeSaid said = Asking().probe(peer);
  ASSERT_EQ(said.chain.size(), 2U);
  std::vector<policy::DaneCertificate> chain;
  for (const auto& each : said.chain)
    chain.push_back({each.der, each.spki, each.der_sha256, each.der_sha512, each.spki_sha256,
                     each.spki_sha512, each.anchors});
  EXPECT_TRUE(policy::dane_matches({{3, 1, 1, said.chain[0].spki_sha256}}, chain, false));
  EXPECT_TRUE(policy::dane_matches({{3, 0, 2, said.chain[0].der_sha512}}, chain, false));
  EXPECT_FALSE(policy::dane_matches({{3, 1, 1, said.chain[1].spki_sha256}}, chain, true));
  EXPECT_FALSE(policy::dane_matches({{2, 0, 1, said.chain[1].der_sha256}}, chain, true)) << "expired";
}
TEST(ProbeSmtp, broken_tls_is_told_and_nothing_more_is_asked) {
  const SmtpPeer refuses({"STARTTLS"}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command == "STARTTLS") return "454 4.7.0 no TLS today";
    return std::nullopt;
  });
  ProbeSaid said = Asking().probe(refuses);
  EXPECT_EQ(said.tls, ProbeSaid::Tls::refused);
  EXPECT_EQ(said.why, "STARTTLS was refused: 454 4.7.0 no TLS today");
  EXPECT_EQ(said.unknown_recipient, ProbeSaid::Unknown::accepted) << "the session goes on in clear";

  const SmtpPeer garbles({"STARTTLS"}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command == "STARTTLS") return "220 go\r\n250 before the handshake";  // RFC 3207 4
    return std::nullopt;
  });
  said = Asking().probe(garbles);
  EXPECT_EQ(said.tls, ProbeSaid::Tls::failed);
  EXPECT_EQ(said.unknown_recipient, ProbeSaid::Unknown::not_asked);
  EXPECT_NE(said.why, "");
}
TEST(ProbeSmtp, hosts_that_give_no_session) {
  const SmtpPeer busy({}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command == "BANNER") return "554 5.7.1 go away";
    return std::nullopt;
  });
  ProbeSaid said = Asking().probe(busy);
  EXPECT_EQ(said.reach, ProbeSaid::Reach::answered);
  EXPECT_EQ(said.banner_code, 554);
  EXPECT_THAT(verbs(busy), ElementsAre("QUIT"));

  const SmtpPeer hangs_up({}, [](const std::string&, int) -> std::optional<std::string> { return ""; });
  said = Asking().probe(hangs_up);
  EXPECT_EQ(said.reach, ProbeSaid::Reach::broken);

  const SmtpPeer web(
      {}, [](const std::string&, int) -> std::optional<std::string> { return "HTTP/1.1 400 Bad"; });
  said = Asking().probe(web);
  EXPECT_EQ(said.reach, ProbeSaid::Reach::broken);
  EXPECT_THAT(said.why, HasSubstr("speaks no SMTP"));

  uint16_t nobody = 0;
  {
    const SmtpPeer gone;
    nobody = gone.port();
  }
  Asking asking;
  said = asking.ask<ProbeSaid>(check::AskProbe{name("mx.example.org"), kHere, nobody, name("example.org")});
  EXPECT_EQ(said.reach, ProbeSaid::Reach::refused);
}
TEST(ProbeSmtp, one_that_says_nothing_is_left_at_the_deadline) {
  std::promise<void> over;
  auto until = over.get_future().share();
  {
    const SmtpPeer silent({}, [until](const std::string&, int) -> std::optional<std::string> {
      until.wait();
      return "";
    });
    const ProbeSaid said = Asking({.patience = Millis{200}}).probe(silent);
    EXPECT_EQ(said.reach, ProbeSaid::Reach::timed_out);
    over.set_value();
  }
}
TEST(ProbeSmtp, a_server_without_extensions_is_greeted_by_helo) {
  const SmtpPeer old({}, [](const std::string& command, int) -> std::optional<std::string> {
    if (command.starts_with("EHLO")) return "500 what?";
    return std::nullopt;
  });
  const ProbeSaid said = Asking().probe(old);
  EXPECT_EQ(said.tls, ProbeSaid::Tls::not_offered);
  EXPECT_EQ(said.unknown_recipient, ProbeSaid::Unknown::accepted);
  EXPECT_THAT(verbs(old), ElementsAre("EHLO", "HELO", "MAIL", "RCPT", "RSET", "QUIT"));
}
TEST(ProbeSmtp, at_most_two_connections_to_one_address) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  const SmtpPeer peer({}, [&](const std::string& command, int) -> std::optional<std::string> {
    if (command == "BANNER") most = std::max(most.load(), ++now);
    if (command == "QUIT") --now;
    return std::nullopt;
  });
  Asking asking;
  const auto prober = probe::Prober::open(asking.dns, {}).value();
  std::promise<void> done;
  std::atomic<int> left = 20;
  const check::Ask ask = prober->ask([](std::function<void()> job) { job(); });
  for (int n = 0; n < 20; ++n) {
    ask(check::AskProbe{name(fmt::format("mx{}.example.org", n)), kHere, peer.port(), name("example.org")},
        [&](check::Answer answer) {
          EXPECT_EQ(std::get<ProbeSaid>(answer).banner_code, 220);
          if (--left == 0) done.set_value();
        });
  }
  done.get_future().wait();
  EXPECT_EQ(peer.connections(), 20);
  EXPECT_LE(most, 2);
}

TEST(ProbeServer, an_authoritative_answer_and_an_absence_with_its_serial) {
  const test::DnsLab lab(
      "$ORIGIN example.org.\n$TTL 60\n@ SOA ns hostmaster 77 1 1 1 60\n@ NS ns\nns A 127.0.0.1\n@ MX 10 a\n");
  Asking asking({.dns_port = lab.at().port});
  const auto mx =
      asking.ask<check::ServerSaid>(check::AskServer{{name("example.org"), dns::Type::mx}, kHere});
  EXPECT_TRUE(mx.authoritative);
  EXPECT_EQ(mx.answer.kind, dns::Kind::present) << mx.answer.why;
  const auto none =
      asking.ask<check::ServerSaid>(check::AskServer{{name("example.org"), dns::Type::txt}, kHere});
  EXPECT_EQ(none.answer.kind, dns::Kind::nodata);
  EXPECT_EQ(none.serial, 77U);
  const auto foreign =
      asking.ask<check::ServerSaid>(check::AskServer{{name("example.net"), dns::Type::mx}, kHere});
  EXPECT_EQ(foreign.answer.kind, dns::Kind::failed);
  EXPECT_EQ(foreign.failure, check::ServerSaid::Failure::refused);
  EXPECT_EQ(foreign.answer.why, "127.0.0.1 said REFUSED");
}
TEST(ProbeServer, an_answer_cut_short_comes_by_tcp) {
  std::string zone =
      "$ORIGIN example.org.\n$TTL 60\n@ SOA ns hostmaster 1 1 1 1 60\n@ NS ns\nns A 127.0.0.1\n";
  for (int n = 0; n < 100; ++n) zone += fmt::format("@ MX {} a-rather-long-host-name-{}\n", n, n);
  const test::DnsLab lab(zone);
  Asking asking({.dns_port = lab.at().port});
  const auto said =
      asking.ask<check::ServerSaid>(check::AskServer{{name("example.org"), dns::Type::mx}, kHere});
  EXPECT_EQ(said.answer.records.size(), 100U) << said.answer.why;
}
TEST(ProbeServer, silence_and_answers_to_somebody_else_are_a_failure_after_two_tries) {
  for (const std::string fault : {"silent", "wrong-id", "wrong-question", "wrong-port"}) {
    const test::DnsLab lab(
        "$ORIGIN example.org.\n$TTL 60\n@ SOA ns hostmaster 1 1 1 1 60\n@ NS ns\nns A 127.0.0.1\n@ MX 10 "
        "ns\n",
        {"example.org=" + fault});
    Asking asking({.server_patience = Millis{100}, .dns_port = lab.at().port});
    const auto said =
        asking.ask<check::ServerSaid>(check::AskServer{{name("example.org"), dns::Type::mx}, kHere});
    EXPECT_EQ(said.answer.kind, dns::Kind::failed) << fault;
    EXPECT_EQ(said.failure, check::ServerSaid::Failure::silent) << fault;
    EXPECT_EQ(said.answer.why, "127.0.0.1: no answer within 100ms") << fault;
    EXPECT_EQ(lab.seen().size(), 2U) << fault;
  }
}
TEST(ProbeServer, an_answer_without_authority_is_no_answer) {
  dns::Message message;
  message.response = true;
  message.questions.push_back({.name = name("example.org"), .type = dns::Type::mx});
  const auto said = probe::read_server_answer({name("example.org"), dns::Type::mx}, kHere, message);
  EXPECT_EQ(said.answer.kind, dns::Kind::failed);
  EXPECT_EQ(said.failure, check::ServerSaid::Failure::not_authoritative);
}
}  // namespace
}  // namespace waybill
