// What deliveries travel over: TLS, Unix sockets, and the next address when one hangs. Over real sockets.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "deliver/manager.h"
#include "support/certificate.h"
#include "support/delivery_kit.h"
#include "support/smtp_peer.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::make_delivery;
using test::ManagerKit;
using test::smtp_targets;
using test::SmtpPeer;

test::PeerPlace with(const test::Certificate& certificate) {
  test::PeerPlace place;
  place.certificate_file = certificate.certificate_file();
  place.key_file = certificate.key_file();
  return place;
}

std::shared_ptr<mail::Delivery> demanding_tls() {
  auto delivery = make_delivery({"user@dest.test"});
  auto envelope = std::make_shared<mail::Envelope>(*delivery->envelope);
  envelope->requiretls = true;
  delivery->envelope = envelope;
  return delivery;
}

TEST(Channel, mail_goes_over_tls_where_it_is_offered) {
  const test::Certificate certificate("mx.dest.test");
  const SmtpPeer peer({"PIPELINING", "8BITMIME", "STARTTLS", "REQUIRETLS"}, {}, with(certificate));
  // One connection: a second one may be opened that nobody needs in the end, and greets at any time.
  Settings settings;
  settings.pacing.window_max = 1;
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx.dest.test", "127.0.0.1", peer.port()}}));
  std::string body = "Subject: big\r\n\r\n";
  for (int n = 0; n < 20'000; ++n) body += "line " + std::to_string(n) + "\r\n";
  const auto outcome = kit.one(make_delivery({"user@dest.test"}, body));
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_TRUE(outcome.tls);
  EXPECT_EQ(kit.one(demanding_tls()).fate, Fate::delivered);
  const auto messages = peer.messages();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_TRUE(messages[0].body == body);
  EXPECT_TRUE(messages[1].from.ends_with(" REQUIRETLS")) << messages[1].from;
  // RFC 3207 4.2: a new EHLO under TLS.
  EXPECT_EQ(std::ranges::count(peer.commands(), "EHLO client.test"), 2 * peer.connections());
  EXPECT_EQ(std::ranges::count(peer.commands(), "STARTTLS"), peer.connections());
}

TEST(Channel, a_reused_connection_is_asked_anew_for_what_each_message_needs) {
  const test::Certificate certificate("mx.dest.test");
  const SmtpPeer peer({"PIPELINING", "STARTTLS"}, {}, with(certificate));
  Settings settings;
  settings.pacing.window_max = 1;
  settings.timeouts.idle = Millis{60'000};
  ManagerKit kit(settings);
  kit.router.set("dest.test", smtp_targets("s", {{10, "mx.dest.test", "127.0.0.1", peer.port()}}));
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::delivered);
  // TLS stands, but the host would not carry the demand on (RFC 8689 4.2.1).
  const auto demanding = kit.one(demanding_tls());
  EXPECT_EQ(demanding.fate, Fate::rejected);
  EXPECT_EQ(demanding.reply.enhanced.to_string(), "5.7.30");
  EXPECT_FALSE(demanding.remote);
  const auto eight_bit = kit.one(make_delivery({"user@dest.test"}, "Subject: x\r\n\r\n\xc3\xa4\r\n"));
  EXPECT_EQ(eight_bit.reply.enhanced.to_string(), "5.6.3");
  const auto utf8 = kit.one(make_delivery({"j\xc3\xbcrgen@dest.test"}));
  EXPECT_EQ(utf8.reply.enhanced.to_string(), "5.6.7");
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::delivered);
  EXPECT_EQ(peer.connections(), 1);
  EXPECT_EQ(peer.messages().size(), 2U);
  // Of what could not go, nothing was said.
  EXPECT_EQ(std::ranges::count_if(peer.commands(), [](const auto& c) { return c.starts_with("MAIL"); }), 2);
}

TEST(Channel, lmtp_over_a_unix_socket_answers_for_each_recipient) {
  char folder[] = "/tmp/waybill-lmtp-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  test::PeerPlace place;
  place.unix_path = std::string(folder) + "/lmtp";
  {
    const SmtpPeer peer(
        {"PIPELINING", "8BITMIME"},
        [](const std::string& command, int) -> std::optional<std::string> {
          if (command == ".") return "250 2.1.5 john\r\n452 4.2.2 mary is full";
          return std::nullopt;
        },
        place);
    ASSERT_TRUE(peer.ok());
    ManagerKit kit;
    auto local = std::make_shared<Targets>();
    local->decision = TargetsDecision::deliver;
    local->transport = Transport::lmtp;
    local->site_key = "lmtp";
    local->lmtp.unix_path = place.unix_path;
    kit.router.set("home.test", local);
    kit.start(make_delivery({"john@home.test", "mary@home.test"}));
    const auto results = kit.results(1);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].outcomes[0].fate, Fate::delivered);
    EXPECT_TRUE(results[0].outcomes[0].final_delivery);
    EXPECT_EQ(results[0].outcomes[0].address, "unix:" + place.unix_path);
    EXPECT_EQ(results[0].outcomes[1].fate, Fate::deferred);
    EXPECT_EQ(results[0].outcomes[1].reply.enhanced.to_string(), "4.2.2");
  }
  ::unlink(place.unix_path.c_str());
  ::rmdir(folder);
}

/// Listens on ::1 with its backlog full: the kernel drops further connection requests, as a route to nowhere
/// does.
class Swallower {
 public:
  explicit Swallower(uint16_t port) {
    sockaddr_in6 at{};
    at.sin6_family = AF_INET6;
    at.sin6_port = htons(port);
    at.sin6_addr = in6addr_loopback;
    listener_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ok_ = ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 && ::listen(listener_, 0) == 0;
    for (int& fd : fill_) {
      fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      (void)::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at);
    }
  }
  ~Swallower() {
    for (const int fd : fill_) ::close(fd);
    ::close(listener_);
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  int listener_ = -1;
  int fill_[4]{};
  bool ok_ = false;
};

TEST(Rfc, rfc_020_ipv6_that_hangs_gives_way_to_ipv4_early) {
  const SmtpPeer peer;
  const Swallower nowhere(peer.port());
  if (!nowhere.ok())
    GTEST_SKIP() << "this machine has no IPv6 loopback: not tested that a hanging address gives way";
  Settings settings;
  settings.timeouts.connect_early = Millis{300};
  ManagerKit kit(settings);
  auto targets = std::make_shared<Targets>();
  targets->decision = TargetsDecision::deliver;
  targets->site_key = "s";
  targets->tiers = {
      {{10, "mx", {IpAddress::parse("::1").value(), IpAddress::parse("127.0.0.1").value()}, peer.port()}}};
  kit.router.set("dest.test", targets);
  const Steady before = net::steady_now();
  const auto outcome = kit.one(make_delivery({"user@dest.test"}));
  const Millis took = net::steady_now() - before;
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  EXPECT_GE(took, Millis{290});  // it did hang
  EXPECT_LT(took, Millis{3'000});
  const auto status = kit.status();
  ASSERT_EQ(status.hosts.size(), 1U);
  EXPECT_TRUE(status.hosts[0].address.starts_with("[::1]")) << status.hosts[0].address;
  EXPECT_TRUE(status.hosts[0].down);
  // And the next message does not try it again.
  const Steady again = net::steady_now();
  EXPECT_EQ(kit.one(make_delivery({"user@dest.test"})).fate, Fate::delivered);
  EXPECT_LT(net::steady_now() - again, Millis{250});
}
}  // namespace
}  // namespace waybill::deliver
