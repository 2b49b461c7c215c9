// The gate's chain at RCPT: who may send there, by which kind of listener.
#include "daemon/gate.h"

#include <gmock/gmock.h>

#include "daemon/from_config.h"
#include "support/delivery_kit.h"

namespace waybill::daemon {
namespace {
using test::address;
using testing::ElementsAre;

constexpr Time kNow{Millis{1'800'000'000'000}};

class GateTest : public testing::Test {
 protected:
  GateTest() {
    const auto config = config::parse(
        "hostname = \"mx.example.org\"\n[relay]\ntrusted_networks = [\"127.0.0.0/8\"]\n"
        "[domain.\"example.org\"]\nusers = [\"john\"]\nforward_srs = true\n"
        "aliases = { out = \"ann@far.example\", both = [\"john\", \"ann@far.example\"] }\n"
        "[domain.\"backup.example\"]\nrole = \"backup\"\n",
        "test.toml");
    auto listed = config::load_recipients(*config, "test.toml");
    listed->srs_secrets = {"the secret of this test"};
    gate_.set_rules(relay_rules(*config, *listed).value());
    local_ = std::make_shared<const LocalMail>(*config, std::move(*listed), clock_);
    gate_.set_local(local_);
  }
  /// `sender` as it is rewritten when an alias sends its mail on.
  mail::Address rewritten(const std::string& sender) {
    mail::Delivery out;
    auto envelope = std::make_shared<mail::Envelope>();
    envelope->from = address(sender);
    out.envelope = std::move(envelope);
    mail::DeliveryRecipient one;
    one.recipient.address = address("ann@far.example");
    one.recipient.rewrite_sender = true;
    out.domain = one.recipient.address.domain;
    out.recipients.push_back(std::move(one));
    return local_->outgoing(out)->from.value();
  }
  receive::Verdict rcpt(receive::Role role, const mail::Address& to) {
    receive::ClientFacts client;
    client.remote = {IpAddress::v4(0x7f000001), 40000};
    client.role = role;
    std::optional<receive::Verdict> out;
    gate_.on_rcpt(client, {}, to, [&out](receive::Verdict verdict) { out = std::move(verdict); });
    return out.value();
  }

  ManualClock clock_{kNow};
  PolicyGate gate_;
  std::shared_ptr<const LocalMail> local_;
};

TEST_F(GateTest, a_report_finds_the_sender_that_was_rewritten) {
  EXPECT_THAT(rcpt(receive::Role::mx, rewritten("bob@origin.example")).rewritten,
              ElementsAre(address("bob@origin.example")));
}

TEST_F(GateTest, an_lmtp_listener_relays_nowhere_nor_by_a_rewritten_sender) {
  const mail::Address back = rewritten("bob@origin.example");
  for (const mail::Address& to : {back, address("bob@origin.example"), address("ann@backup.example")}) {
    const auto verdict = rcpt(receive::Role::lmtp, to);
    ASSERT_TRUE(verdict.refusal) << to.to_string();
    EXPECT_EQ(verdict.refusal->to_string(), "550 5.7.1 relaying denied: what comes by LMTP must end here");
  }
  mail::Address forged = back;
  forged.local.back() = forged.local.back() == 'x' ? 'y' : 'x';
  EXPECT_EQ(rcpt(receive::Role::lmtp, forged).refusal->enhanced, (mail::EnhancedStatus{5, 1, 1}));
}

TEST_F(GateTest, by_lmtp_aliases_lead_where_the_operator_wants_them_to) {
  EXPECT_FALSE(rcpt(receive::Role::lmtp, address("john@example.org")).refusal);
  EXPECT_THAT(rcpt(receive::Role::lmtp, address("both@example.org")).rewritten,
              ElementsAre(address("john@example.org"), address("ann@far.example")));
}

}  // namespace
}  // namespace waybill::daemon
