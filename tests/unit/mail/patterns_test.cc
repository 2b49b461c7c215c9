// Patterns of senders and listeners.
#include "mail/patterns.h"

#include <gtest/gtest.h>

namespace waybill::mail {
namespace {

bool sender(const char* pattern, const char* from) {
  const auto parsed = SenderPattern::parse(pattern);
  EXPECT_TRUE(parsed) << pattern;
  if (!parsed) return false;
  const std::string text(from);
  return parsed->matches(text.empty() ? ReversePath{} : ReversePath{Address::parse(text).value()});
}

TEST(SenderPattern, each_form_matches_what_it_names) {
  EXPECT_TRUE(sender("user@Example.ORG", "user@example.org"));
  EXPECT_FALSE(sender("user@example.org", "User@example.org"))
      << "local parts count as written (RFC 5321 2.4)";
  EXPECT_FALSE(sender("user@example.org", "user@a.example.org"));
  EXPECT_TRUE(sender("@example.org", "anyone@example.org"));
  EXPECT_FALSE(sender("@example.org", "anyone@a.example.org"));
  EXPECT_TRUE(sender("*.example.org", "x@a.b.example.org"));
  EXPECT_FALSE(sender("*.example.org", "x@example.org")) << "below it, not itself";
  EXPECT_FALSE(sender("*.example.org", "x@notexample.org"));
  EXPECT_TRUE(sender("<>", ""));
  EXPECT_FALSE(sender("<>", "x@example.org"));
  EXPECT_FALSE(sender("@example.org", ""));
  EXPECT_TRUE(sender("@[192.0.2.1]", "x@[192.0.2.1]"));
}

TEST(SenderPattern, reads_back_what_it_prints) {
  for (const char* text : {"user@example.org", "@example.org", "*.example.org", "<>", "\"a b\"@example.org"})
    EXPECT_EQ(SenderPattern::parse(text)->to_string(), text);
  for (const char* text :
       {"", "user", "*", "@", "*.", "user@", "*.[192.0.2.1]", "<user@example.org>", "a@b@c..d"})
    EXPECT_FALSE(SenderPattern::parse(text)) << text;
}

TEST(ListenerPattern, roles_and_addresses) {
  const auto listener = [](const char* pattern, const char* at) {
    return ListenerPattern::parse(pattern)->matches(at);
  };
  EXPECT_TRUE(listener("submission", "submission 127.0.0.1:587"));
  EXPECT_FALSE(listener("submission", "submissions 127.0.0.1:465"));
  EXPECT_TRUE(listener("127.0.0.1:587", "submission 127.0.0.1:587"));
  EXPECT_FALSE(listener("127.0.0.1:58", "submission 127.0.0.1:587"));
  EXPECT_TRUE(listener("mx", "mx")) << "as it was kept before addresses were";
  EXPECT_FALSE(listener("127.0.0.1:25", "mx"));
  EXPECT_TRUE(listener("control", "control"));
  EXPECT_TRUE(listener("[::1]:25", "mx [::1]:25"));
  for (const char* text : {"", "smtp", "127.0.0.1", "mx 127.0.0.1:25", "127.0.0.1:x"})
    EXPECT_FALSE(ListenerPattern::parse(text)) << text;
}

}  // namespace
}  // namespace waybill::mail
