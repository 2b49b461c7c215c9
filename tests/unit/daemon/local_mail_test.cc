// The gate's answer to a recipient of a domain that ends here, and the sender under which forwarded mail
// leaves.
#include "daemon/local_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waybill::daemon {
namespace {
using testing::ElementsAre;

constexpr Time kNow{Millis{1'800'000'000'000}};
mail::Address address(const std::string& text) { return mail::Address::parse(text).value(); }

class LocalMailTest : public ::testing::Test {
 protected:
  LocalMail make(const std::string& more, const std::string& srs = "the secret of this test") {
    const auto config = config::parse(
        "hostname = \"mx.example.org\"\n[domain.\"example.org\"]\nusers = [\"john\"]\n"
        "aliases = { sales = [\"john\", \"ann@far.example\"], out = \"ann@far.example\" }\n" +
            more,
        "test.toml");
    EXPECT_TRUE(config) << config.error().front().to_string();
    auto listed = config::load_recipients(*config, "test.toml");
    EXPECT_TRUE(listed);
    if (!srs.empty()) listed->srs_secrets = {srs};
    return {*config, std::move(*listed), clock_};
  }
  receive::Verdict ask(const LocalMail& local, const std::string& to) {
    return local.receivers(address(to), address(to));
  }
  mail::Delivery delivery(const std::string& from, const std::string& to, bool rewrite) {
    mail::Delivery out;
    auto envelope = std::make_shared<mail::Envelope>();
    if (!from.empty()) envelope->from = address(from);
    out.envelope = std::move(envelope);
    mail::DeliveryRecipient one;
    one.recipient.address = address(to);
    one.recipient.rewrite_sender = rewrite;
    out.domain = one.recipient.address.domain;
    out.recipients.push_back(std::move(one));
    return out;
  }

  ManualClock clock_{kNow};
};

TEST_F(LocalMailTest, receivers) {
  const LocalMail local = make("");
  EXPECT_TRUE(ask(local, "john@example.org").rewritten.empty()) << "himself";
  EXPECT_THAT(ask(local, "sales@example.org").rewritten,
              ElementsAre(address("john@example.org"), address("ann@far.example")));
  EXPECT_EQ(ask(local, "nobody@example.org").refusal->to_string(), "550 5.1.1 no such user here");
  EXPECT_FALSE(ask(local, "any@far.example").refusal) << "not ours: the relay rules decide";
  const auto bare = local.receivers({"postmaster", {}}, local.postmaster());
  EXPECT_THAT(bare.rewritten, ElementsAre(address("postmaster@example.org")));
}

TEST_F(LocalMailTest, the_sender_stays_unless_the_aliass_domain_wants_srs) {
  EXPECT_FALSE(ask(make(""), "sales@example.org").rewrite_sender);
  EXPECT_FALSE(ask(make("forward_srs = true\n", ""), "sales@example.org").rewrite_sender) << "no secret";
  const LocalMail local = make("forward_srs = true\n");
  EXPECT_TRUE(ask(local, "sales@example.org").rewrite_sender);
  const auto out = local.outgoing(delivery("bob@origin.example", "ann@far.example", true));
  ASSERT_TRUE(out->from);
  EXPECT_EQ(out->from->domain.text(), "mx.example.org");
  const auto back = local.sender_of(*out->from);
  ASSERT_TRUE(back);
  EXPECT_THAT(back->rewritten, ElementsAre(address("bob@origin.example")));
}

TEST_F(LocalMailTest, only_mail_that_an_alias_sends_out_gets_another_sender) {
  const LocalMail local = make("forward_srs = true\n");
  for (const auto& one :
       {delivery("bob@origin.example", "ann@far.example", false),
        delivery("bob@origin.example", "john@example.org", true),
        delivery("john@example.org", "ann@far.example", true), delivery("", "ann@far.example", true)})
    EXPECT_EQ(local.outgoing(one), one.envelope);
}

TEST_F(LocalMailTest, a_forged_rewritten_sender_is_no_way_out) {
  const LocalMail local = make("forward_srs = true\n");
  const auto forged =
      local.sender_of({"SRS0=abcdef=aa=victim.example=ann", mail::Domain::parse("mx.example.org").value()});
  ASSERT_TRUE(forged);
  EXPECT_EQ(forged->refusal->code, 550);
  EXPECT_FALSE(local.sender_of(address("john@example.org")));
}

TEST_F(LocalMailTest, reports_find_who_stands_behind_an_alias) {
  const mail::Expanded sales =
      make("").expand({.address = address("sales@example.org"), .notify = mail::notify_never, .orcpt = {}});
  EXPECT_EQ(sales.to.size(), 2U);
  const mail::Expanded nobody =
      make("").expand({.address = address("nobody@example.org"), .notify = 0, .orcpt = {}});
  EXPECT_THAT(nobody.to, ElementsAre(address("nobody@example.org"))) << "its delivery will say so";
}

}  // namespace
}  // namespace waybill::daemon
