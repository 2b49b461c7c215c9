// What a client says after AUTH.
#include "smtp/auth.h"

#include <gtest/gtest.h>

#include "smtp/ehlo_reply.h"

namespace waybill::smtp {
namespace {

// The test vectors of RFC 4648 10.
TEST(Rfc4648, base64_pads_to_whole_groups) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\x00\xff\xfe", 3)), "AP/+");
}

// RFC 4616 4: "tim", "tanstaaftanstaaf".
TEST(Rfc4616, plain_has_no_authorization_identity) {
  EXPECT_EQ(plain_response("tim", "tanstaaftanstaaf"), base64(std::string("\0tim\0tanstaaftanstaaf", 21)));
}

TEST(EhloReply, auth_names_its_mechanisms) {
  const auto offers = [](const std::string& line) { return parse_offers({250, {}, "mx.test\n" + line}); };
  EXPECT_TRUE(offers("AUTH PLAIN LOGIN").auth_plain);
  EXPECT_TRUE(offers("AUTH PLAIN LOGIN").auth_login);
  EXPECT_TRUE(offers("auth  cram-md5 login").auth_login);
  EXPECT_FALSE(offers("auth  cram-md5 login").auth_plain);
  EXPECT_FALSE(offers("AUTH").auth_plain);
  EXPECT_FALSE(offers("AUTH XPLAIN PLAINX").auth_plain) << "whole words";
  EXPECT_FALSE(offers("AUTH=PLAIN LOGIN").auth_login) << "the form from before RFC 2554";
}

}  // namespace
}  // namespace waybill::smtp
