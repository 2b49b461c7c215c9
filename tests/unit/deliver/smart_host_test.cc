// A smart host that wants to know who we are: over real sockets and real TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "deliver/manager.h"
#include "smtp/auth.h"
#include "support/delivery_kit.h"
#include "support/issued_certificate.h"
#include "support/smtp_peer.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::IssuedCertificate;
using test::make_delivery;
using test::ManagerKit;
using test::SmtpPeer;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::vector<std::string> kOffers = {"PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN"};

test::PeerPlace with(const IssuedCertificate& certificate) {
  test::PeerPlace place;
  place.certificate_file = certificate.chain_file();
  place.key_file = certificate.key_file();
  return place;
}

std::optional<std::string> knows_joe(const std::string& command, int) {
  if (command == "AUTH PLAIN " + smtp::plain_response("joe", "open sesame")) return "235 2.7.0 welcome";
  if (command.starts_with("AUTH")) return "535 5.7.8 no such account";
  return std::nullopt;
}

TargetsPtr smart_host(const SmtpPeer& peer, const std::string& roots,
                      const std::string& password = "open sesame") {
  auto out = std::make_shared<Targets>(
      *test::smtp_targets("relay as joe", {{0, "relay.test", "127.0.0.1", peer.port()}}));
  out->tls = TlsPolicy::verify;
  out->tls_context = net::TlsContext::verifying_client(roots).value();
  out->credentials = std::make_shared<const Credentials>(
      Credentials{.user = "joe", .password = password, .remedy = "the route \"*\" signs in as joe"});
  return out;
}

TEST(SmartHost, takes_mail_from_a_client_that_it_knows) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer(kOffers, knows_joe, with(certificate));
  ManagerKit kit;
  kit.router.set("dest.test", smart_host(peer, certificate.roots_file()));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_TRUE(outcome.tls);
  EXPECT_EQ(peer.messages().size(), 1U);
}

TEST(SmartHost, a_refused_password_defers_whatever_the_code) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer(kOffers, knows_joe, with(certificate));
  ManagerKit kit;
  kit.router.set("dest.test", smart_host(peer, certificate.roots_file(), "wrong"));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::deferred);
  EXPECT_EQ(outcome.reply.to_string(), "535 5.7.8 no such account");
  EXPECT_TRUE(outcome.remote);
  EXPECT_THAT(peer.commands(), Not(Contains(StartsWith("MAIL"))));
}

TEST(SmartHost, nothing_is_said_to_one_whose_certificate_is_not_trusted) {
  const IssuedCertificate certificate({"relay.test"});
  const IssuedCertificate other({"relay.test"});
  const IssuedCertificate elsewhere({"mx.test"});
  const IssuedCertificate expired({"relay.test"}, test::Validity::expired);
  struct Case {
    const IssuedCertificate* shown;
    const IssuedCertificate* trusted;
    const char* what;
  };
  for (const Case& one :
       {Case{&certificate, &other, "is not trusted"}, Case{&elsewhere, &elsewhere, "hostname mismatch"},
        Case{&expired, &expired, "expired"}}) {
    const SmtpPeer peer(kOffers, knows_joe, with(*one.shown));
    ManagerKit kit;
    kit.router.set("dest.test", smart_host(peer, one.trusted->roots_file()));
    const auto outcome = kit.one(make_delivery({"user@dest.test"}));
    EXPECT_EQ(outcome.fate, Fate::deferred) << one.what;
    EXPECT_THAT(outcome.reply.text, HasSubstr(one.what));
    EXPECT_THAT(peer.commands(), Not(Contains(StartsWith("AUTH")))) << one.what;
    EXPECT_THAT(peer.commands(), Not(Contains(StartsWith("MAIL")))) << "nor does it go in the clear";
  }
}

TEST(SmartHost, without_starttls_nothing_goes) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer({"PIPELINING", "AUTH PLAIN LOGIN"}, knows_joe, with(certificate));
  ManagerKit kit;
  kit.router.set("dest.test", smart_host(peer, certificate.roots_file()));
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  EXPECT_EQ(outcome.fate, Fate::deferred);
  EXPECT_THAT(outcome.reply.text, HasSubstr("STARTTLS"));
  EXPECT_THAT(peer.commands(), Not(Contains(StartsWith("AUTH"))));
}

// Two ways to one host and port: whoever has no account there neither travels with joe's mail, nor waits
// because of joe's password.
TEST(SmartHost, mail_without_credentials_never_shares_a_connection_with_mail_that_has_some) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer(kOffers, knows_joe, with(certificate));
  Settings settings;
  settings.timeouts.idle = Millis{60'000};
  ManagerKit kit(settings);
  kit.router.set("account.test", smart_host(peer, certificate.roots_file()));
  kit.router.set("plain.test", test::smtp_targets("relay", {{0, "relay.test", "127.0.0.1", peer.port()}}));
  for (int n = 0; n < 3; ++n) {
    EXPECT_EQ(kit.one(make_delivery({"user@account.test"})).fate, Fate::delivered);
    EXPECT_EQ(kit.one(make_delivery({"user@plain.test"})).fate, Fate::delivered);
  }
  std::set<int> with_account;
  std::set<int> without;
  for (const test::PeerMessage& one : peer.messages())
    (one.to.front().find("account") != std::string::npos ? with_account : without).insert(one.connection);
  for (const int connection : with_account) EXPECT_FALSE(without.contains(connection));
  EXPECT_EQ(std::ranges::count_if(peer.commands(), [](const auto& one) { return one.starts_with("AUTH"); }),
            static_cast<long>(with_account.size()));
}

Settings patient() {
  Settings out;
  out.memory.probe_first = Millis{3'600'000};  // what comes sooner comes by a reload
  return out;
}

std::shared_ptr<mail::Delivery> waited(const std::string& to) {
  auto out = make_delivery({to});
  out->backlog = out->unreached = true;
  return out;
}

long sign_ins(const SmtpPeer& peer) {
  return std::ranges::count_if(peer.commands(), [](const auto& one) { return one.starts_with("AUTH"); });
}

TEST(SmartHost, one_refusal_answers_for_all_mail_of_the_account) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer(kOffers, knows_joe, with(certificate));
  ManagerKit kit(patient());
  kit.router.set("dest.test", smart_host(peer, certificate.roots_file(), "wrong"));
  kit.router.set("other.test", smart_host(peer, certificate.roots_file(), "wrong"));
  for (int n = 0; n < 40; ++n) kit.start(make_delivery({n % 2 == 0 ? "user@dest.test" : "user@other.test"}));
  for (const auto& result : kit.results(40))
    EXPECT_EQ(result.outcomes.at(0).reply.to_string(), "535 5.7.8 no such account");
  for (int n = 0; n < 10; ++n)
    EXPECT_EQ(kit.one(waited("user@dest.test")).reply.to_string(), "535 5.7.8 no such account");
  EXPECT_EQ(sign_ins(peer), 1);
  const Recovery recovery = kit.status().sites.at(0).recovery;
  EXPECT_EQ(recovery.phase, Recovery::Phase::down);
  EXPECT_EQ(recovery.fault,
            "relay.test does not take our credentials (535 5.7.8 no such account): the route \"*\" signs in "
            "as joe");
}

TEST(SmartHost, what_is_not_about_the_account_is_no_fault_of_the_operators) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer(
      kOffers,
      [](const std::string& command, int) -> std::optional<std::string> {
        return command.starts_with("AUTH") ? std::optional("454 4.7.0 directory is down") : std::nullopt;
      },
      with(certificate));
  ManagerKit kit(patient());
  kit.router.set("dest.test", smart_host(peer, certificate.roots_file()));
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::deferred);
  const auto status = kit.status();
  EXPECT_TRUE(status.sites.at(0).down);
  EXPECT_EQ(status.sites.at(0).recovery.fault, "");
}

TEST(SmartHost, the_right_password_releases_at_once_what_waited_for_it) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer(kOffers, knows_joe, with(certificate));
  ManagerKit kit(patient());
  for (const char* domain : {"dest.test", "other.test"}) {
    kit.router.set(domain, smart_host(peer, certificate.roots_file(), "wrong"));
    EXPECT_EQ(kit.one(make_delivery({std::string("user@") + domain})).fate, Fate::deferred);
  }
  const auto reload = [&kit] { kit.on_conductor([&kit] { kit.manager().sign_in_again({"joe"}); }); };
  reload();
  EXPECT_EQ(kit.one(waited("user@dest.test")).fate, Fate::deferred) << "nothing has changed";
  EXPECT_LE(sign_ins(peer), 2) << "a reload is one probe";
  EXPECT_TRUE(kit.status().sites.at(0).down);
  for (const char* domain : {"dest.test", "other.test"})
    kit.router.set(domain, smart_host(peer, certificate.roots_file()));
  reload();
  EXPECT_THAT(kit.back(2),
              testing::UnorderedElementsAre("relay as joe/dest.test", "relay as joe/other.test"));
  EXPECT_EQ(peer.messages().size(), 1U) << "one message first";
  EXPECT_EQ(kit.status().sites.at(0).recovery.fault, "");
}

TEST(SmartHost, what_waited_for_an_account_that_is_no_more_is_released) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer(kOffers, knows_joe, with(certificate));
  ManagerKit kit(patient());
  kit.router.set("dest.test", smart_host(peer, certificate.roots_file(), "wrong"));
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::deferred);
  kit.on_conductor([&kit] { kit.manager().sign_in_again({"jane"}); });
  EXPECT_THAT(kit.back(1), testing::ElementsAre("relay as joe/dest.test"));
  EXPECT_EQ(sign_ins(peer), 1);
}

TEST(SmartHost, a_refused_account_is_no_dead_host_for_others) {
  const IssuedCertificate certificate({"relay.test"});
  const SmtpPeer peer(kOffers, knows_joe, with(certificate));
  ManagerKit kit;
  kit.router.set("account.test", smart_host(peer, certificate.roots_file(), "wrong"));
  kit.router.set("plain.test", test::smtp_targets("relay", {{0, "relay.test", "127.0.0.1", peer.port()}}));
  EXPECT_EQ(kit.one(make_delivery({"user@account.test"})).fate, Fate::deferred);
  EXPECT_EQ(kit.one(make_delivery({"user@plain.test"})).fate, Fate::delivered);
}

TEST(Manager, a_route_that_discards_or_holds_answers_with_its_name) {
  ManagerKit kit;
  for (const auto& [decision, fate] :
       {std::pair{TargetsDecision::discard, Fate::discarded}, std::pair{TargetsDecision::hold, Fate::held}}) {
    auto targets = std::make_shared<Targets>();
    targets->decision = decision;
    targets->reply.text = "by the route \"dest.test\"";
    kit.router.set("dest.test", targets);
    const auto outcome = kit.one(make_delivery({"user@dest.test"}));
    EXPECT_EQ(outcome.fate, fate);
    EXPECT_EQ(outcome.reply.text, "by the route \"dest.test\"");
  }
}

}  // namespace
}  // namespace waybill::deliver
