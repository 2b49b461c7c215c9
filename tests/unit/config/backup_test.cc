// The keys of a backup: what they mean, which of them go together, and where they don't belong.
#include <gmock/gmock.h>

#include "config/config.h"

namespace waybill::config {
namespace {
using testing::HasSubstr;

std::string fault(std::string_view text) {
  const auto config = parse(text, "waybill.toml");
  if (config) return "no fault";
  std::string all;
  for (const Located& error : config.error()) all += error.to_string() + "\n";
  return all;
}

Domain domain_of(std::string_view keys) {
  const auto config =
      parse("[domain.\"example.net\"]\nrole = \"backup\"\n" + std::string(keys), "waybill.toml");
  EXPECT_TRUE(config.has_value()) << fault("[domain.\"example.net\"]\nrole = \"backup\"\n" +
                                           std::string(keys));
  return config ? config->domains.at(0) : Domain{};
}

TEST(Backup, defaults_take_a_list_where_there_is_one) {
  EXPECT_EQ(domain_of("").recipients, RecipientSource::any);
  EXPECT_EQ(domain_of("users = [\"jane\"]\n").recipients, RecipientSource::list);
  EXPECT_EQ(domain_of("users = [\"*\"]\n").recipients, RecipientSource::any);
  EXPECT_EQ(domain_of("").unknown_recipients, UnknownRecipients::accept);
  EXPECT_EQ(domain_of("").hold_for, std::nullopt);
  EXPECT_FALSE(domain_of("").bounce_refused);
}

TEST(Backup, every_key_is_read) {
  const Domain domain = domain_of(
      "recipients = \"callout\"\nunknown_recipients = \"defer\"\nhold_for = \"21d\"\nbounce_refused = "
      "true\n");
  EXPECT_EQ(domain.recipients, RecipientSource::callout);
  EXPECT_EQ(domain.unknown_recipients, UnknownRecipients::defer);
  EXPECT_EQ(domain.hold_for, Millis{std::chrono::days{21}});
  EXPECT_TRUE(domain.bounce_refused);
  const auto config = parse(
      "[callout]\ntimeout = \"3s\"\nknown_for = \"60d\"\nrefresh_after = \"1d\"\nrefused_for = \"1h\"\n"
      "connections = 4\nper_minute = 120\nentries = 5000\n",
      "waybill.toml");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->callout, (Callout{Seconds{3}, std::chrono::days{60}, std::chrono::days{1},
                                      std::chrono::hours{1}, 4, 120, 5000}));
}

TEST(Backup, a_list_and_another_source_contradict_each_other) {
  const std::string backup = "[domain.\"example.net\"]\nrole = \"backup\"\n";
  EXPECT_THAT(fault(backup + "recipients = \"list\"\n"), HasSubstr("which list?"));
  EXPECT_THAT(fault(backup + "recipients = \"list\"\nusers = [\"*\"]\n"), HasSubstr("which list?"));
  EXPECT_THAT(fault(backup + "recipients = \"callout\"\nusers = [\"jane\"]\n"), HasSubstr("there is a list"));
  EXPECT_THAT(fault(backup + "recipients = \"any\"\nusers = [\"jane\"]\n"), HasSubstr("there is a list"));
}

TEST(Backup, its_keys_stand_nowhere_else) {
  for (const std::string key : {"recipients = \"callout\"", "unknown_recipients = \"defer\"",
                                "hold_for = \"21d\"", "bounce_refused = true"}) {
    EXPECT_THAT(fault("[domain.\"example.net\"]\nrole = \"relay\"\n" + key + "\n"),
                HasSubstr("only a domain with role = \"backup\""))
        << key;
  }
}

TEST(Backup, a_refresh_after_all_is_forgotten_never_comes) {
  EXPECT_THAT(fault("[callout]\nknown_for = \"1d\"\n"), HasSubstr("callout.refresh_after (7d)"));
}
}  // namespace
}  // namespace waybill::config
