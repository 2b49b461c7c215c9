// `waybill config check` on backup domains: what the DNS says of this host's place, and what it does not say.
#include "cli/config_backup.h"

#include <gmock/gmock.h>

#include "support/mail_world.h"

namespace waybill::cli {
namespace {
using testing::HasSubstr;

config::Config config_of(const std::string& hostname) {
  return config::parse("hostname = \"" + hostname +
                           "\"\n[[listener]]\naddress = \"192.0.2.99:25\"\n[domain.\"example.org\"]\nrole = "
                           "\"backup\"\n",
                       "waybill.toml")
      .value();
}

class ConfigBackup : public testing::Test {
 protected:
  ConfigBackup() {
    world_.mx("example.org", {{10, "mx1.example.org"}, {20, "mx2.example.org"}})
        .host("mx1.example.org", {"203.0.113.11"})
        .host("mx2.example.org", {"203.0.113.12"});
  }
  std::vector<ConfigFinding> check(const std::string& hostname) {
    return check_backups(config_of(hostname), "waybill.toml", world_);
  }
  test::MailWorld world_;
};

TEST_F(ConfigBackup, a_backup_behind_its_primary_is_fine) { EXPECT_TRUE(check("mx2.example.org").empty()); }

TEST_F(ConfigBackup, the_best_of_all_and_one_that_is_no_mx_are_errors_that_name_the_fix) {
  for (const auto& [hostname, words] : {std::pair{"mx1.example.org", "set role = \"primary\""},
                                        std::pair{"mx9.example.org", "self_addresses"}}) {
    const auto findings = check(hostname);
    ASSERT_EQ(findings.size(), 1U) << hostname;
    EXPECT_EQ(findings[0].id, "config.backup-misplaced");
    EXPECT_EQ(findings[0].level, Level::error);
    EXPECT_EQ(findings[0].line, 4U);
    EXPECT_THAT(findings[0].message, HasSubstr(words));
  }
}

TEST_F(ConfigBackup, what_the_dns_does_not_tell_is_unknown_and_no_fault) {
  world_.fails("example.org", dns::Type::mx);
  const auto findings = check("mx2.example.org");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].id, "config.backup-unknown");
  EXPECT_EQ(findings[0].level, Level::notice);
}

TEST_F(ConfigBackup, a_dns_that_does_not_answer_is_not_asked_for_every_domain) {
  std::string text = "hostname = \"mx2.example.org\"\n";
  for (int n = 0; n < 10; ++n) {
    const std::string name = fmt::format("d{}.example", n);
    text += "[domain.\"" + name + "\"]\nrole = \"backup\"\n";
    world_.fails(name, dns::Type::mx);
  }
  EXPECT_EQ(check_backups(config::parse(text, "waybill.toml").value(), "waybill.toml", world_).size(), 10U);
  size_t asked = 0;
  for (int n = 0; n < 10; ++n)
    asked += world_.was_asked(fmt::format("d{}.example", n), dns::Type::mx) ? 1U : 0U;
  EXPECT_EQ(asked, kSilencesMax);
}
}  // namespace
}  // namespace waybill::cli
