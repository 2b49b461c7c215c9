// What becomes of DSN parameters when a recipient stands for others (RFC 3461 5.2.7).
#include "mail/expand.h"

#include <gtest/gtest.h>

namespace waybill::mail {
namespace {
Address address(const std::string& text) { return Address::parse(text).value(); }

Expanded sales(uint8_t notify, std::vector<std::string> to, std::string orcpt = {}) {
  Expanded out;
  out.given = {address("sales@example.org"), notify, std::move(orcpt)};
  for (const std::string& one : to) out.to.push_back(address(one));
  return out;
}

TEST(Expand, rfc_091_one_receiver_inherits_everything) {
  const auto one = sales(notify_success | notify_delay, {"john@example.net"}, "rfc822;team@origin.example");
  const auto list = recipients_of(one);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].address, address("john@example.net"));
  EXPECT_EQ(list[0].notify, notify_success | notify_delay);
  EXPECT_EQ(list[0].orcpt, "rfc822;team@origin.example");
  EXPECT_FALSE(wants_expanded_report(one));
}

TEST(Expand, rfc_091_several_receivers_inherit_all_but_success) {
  const auto both = sales(notify_success | notify_failure, {"john@example.net", "ann@example.net"});
  EXPECT_TRUE(wants_expanded_report(both));
  for (const Recipient& each : recipients_of(both)) {
    EXPECT_EQ(each.notify, notify_failure);
    EXPECT_EQ(each.orcpt, "rfc822;sales@example.org") << "the address as it came in";
  }
}

TEST(Expand, who_wants_to_hear_of_success_alone_hears_of_no_failure) {
  for (const Recipient& each : recipients_of(sales(notify_success, {"a@x.example", "b@x.example"})))
    EXPECT_EQ(each.notify, notify_never);
  for (const Recipient& each : recipients_of(sales(notify_unset, {"a@x.example", "b@x.example"})))
    EXPECT_EQ(each.notify, notify_unset);
  EXPECT_FALSE(wants_expanded_report(sales(notify_unset, {"a@x.example", "b@x.example"})));
  EXPECT_FALSE(wants_expanded_report(sales(notify_never, {"a@x.example", "b@x.example"})));
}

TEST(Expand, a_copy_for_the_address_itself_is_no_forwarding) {
  Expanded own = sales(notify_unset, {"sales@example.org", "archive@x.example"});
  own.rewrite_sender = true;
  const auto list = recipients_of(own);
  EXPECT_FALSE(list[0].rewrite_sender);
  EXPECT_EQ(list[0].orcpt, "");
  EXPECT_TRUE(list[1].rewrite_sender);
}

TEST(Expand, what_the_ledger_says_is_bounded) {
  std::vector<Address> many(30, address("a@x.example"));
  EXPECT_EQ(describe({address("a@x.example"), address("b@x.example")}), "a@x.example, b@x.example");
  EXPECT_TRUE(describe(many).ends_with(" and 10 more"));
}

}  // namespace
}  // namespace waybill::mail
