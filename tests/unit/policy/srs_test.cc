// Rewritten senders: they lead back, only those that we signed, and not for ever.
#include "policy/srs.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr Time kNow{Millis{1'800'000'000'000}};
constexpr Millis kDay{86'400'000};

mail::Address address(const std::string& text) { return mail::Address::parse(text).value(); }
mail::Domain domain(const char* text) { return mail::Domain::parse(text).value(); }

Srs srs(std::vector<std::string> secrets = {"one secret of sixteen"}, const char* of = "fwd.example") {
  return {std::move(secrets), domain(of)};
}

TEST(Srs, there_and_back) {
  const auto out = srs().rewrite(address("Ann.Smith@sender.example"), kNow);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->domain.text(), "fwd.example");
  EXPECT_TRUE(out->local.starts_with("SRS0="));
  EXPECT_TRUE(out->local.ends_with("=sender.example=Ann.Smith"));
  EXPECT_TRUE(srs().is_ours(*out));
  EXPECT_EQ(*srs().reverse(*out, kNow), address("Ann.Smith@sender.example"));
}

TEST(Srs, hosts_on_the_way_may_fold_the_case) {
  auto out = *srs().rewrite(address("ann@sender.example"), kNow);
  out.local = to_lower(out.local);
  EXPECT_EQ(*srs().reverse(out, kNow), address("ann@sender.example"));
}

TEST(Srs, local_parts_with_equals_signs) {
  const auto sender = address("bounce=list=john@sender.example");
  EXPECT_EQ(*srs().reverse(*srs().rewrite(sender, kNow), kNow), sender);
}

TEST(Srs, a_changed_or_foreign_one_is_refused) {
  const mail::Address good = *srs().rewrite(address("ann@sender.example"), kNow);
  for (size_t at = 5; at < good.local.size(); ++at) {
    mail::Address bad = good;
    bad.local[at] = bad.local[at] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(srs().reverse(bad, kNow)) << bad.local;
  }
  EXPECT_FALSE(srs({"another secret of some length"}).reverse(good, kNow));
  for (const char* local :
       {"SRS0=", "SRS0=abcdef", "SRS0=abcdef=aa", "SRS0==aa=x.example=y", "SRS1=abcdef=x", "SRS0=a=b=c=d"})
    EXPECT_FALSE(srs().reverse({local, domain("fwd.example")}, kNow)) << local;
}

TEST(Srs, it_expires) {
  const auto out = *srs().rewrite(address("ann@sender.example"), kNow);
  EXPECT_TRUE(srs().reverse(out, kNow + kDay * Srs::kDaysValid));
  const auto late = srs().reverse(out, kNow + kDay * (Srs::kDaysValid + 1));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::timeout);
  EXPECT_FALSE(srs().reverse(out, kNow - kDay)) << "from the future: a clock that was wrong, or a guess";
}

TEST(Srs, a_former_secret_is_still_believed) {
  const auto out = *srs({"the old secret, quite long"}).rewrite(address("ann@sender.example"), kNow);
  EXPECT_TRUE(srs({"the new secret, quite long", "the old secret, quite long"}).reverse(out, kNow));
  EXPECT_FALSE(srs({"the new secret, quite long"}).reverse(out, kNow));
}

TEST(Srs, a_chain_of_forwarders_does_not_grow_and_leads_back_step_by_step) {
  const Srs first = srs({"first host's secret, long"}, "one.example");
  const Srs second = srs({"second host's secret, long"}, "two.example");
  const Srs third = srs({"third host's secret, long"}, "tre.example");
  const auto a = *first.rewrite(address("ann@x.example"), kNow);
  const auto b = *second.rewrite(a, kNow);
  const auto c = *third.rewrite(b, kNow);
  EXPECT_TRUE(b.local.starts_with("SRS1="));
  EXPECT_EQ(c.local.size(), b.local.size());
  EXPECT_EQ(*third.reverse(c, kNow), a) << "to the first, which knows the sender";
  EXPECT_EQ(*second.reverse(b, kNow), a);
  EXPECT_EQ(*first.reverse(a, kNow), address("ann@x.example"));
}

TEST(Srs, what_can_not_be_rewritten_stays) {
  EXPECT_FALSE(srs().rewrite(address("ann@fwd.example"), kNow)) << "already ours";
  EXPECT_FALSE(srs().rewrite(address("\"a b\"@sender.example"), kNow));
  EXPECT_FALSE(srs().rewrite(address("a-very-long-local-part-of-some-newsletter@lists.sender.example"), kNow))
      << "more than 64 octets";
  EXPECT_FALSE(Srs().rewrite(address("ann@sender.example"), kNow)) << "off";
  EXPECT_FALSE(Srs().is_ours({"SRS0=abcdef=aa=x.example=y", domain("fwd.example")}));
  EXPECT_FALSE(srs().is_ours(address("john@fwd.example")));
  EXPECT_FALSE(srs().is_ours({"SRS0=abcdef=aa=x.example=y", domain("other.example")}));
}

}  // namespace
}  // namespace waybill::policy
