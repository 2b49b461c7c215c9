// `waybill config check` on domains that end here: whether their MX records name this host.
#include "cli/config_primary.h"

#include <gmock/gmock.h>

#include "support/mail_world.h"

namespace waybill::cli {
namespace {
using testing::HasSubstr;

class ConfigPrimary : public testing::Test {
 protected:
  std::vector<ConfigFinding> check(const std::string& keys = "") { return check(world_, keys); }
  static std::vector<ConfigFinding> check(test::MailWorld& world, const std::string& keys = "") {
    const auto config = config::parse(
        "hostname = \"mx1.example.org\"\n[[listener]]\naddress = \"192.0.2.99:25\"\n"
        "[domain.\"example.org\"]\nusers = [\"john\"]\n" +
            keys,
        "waybill.toml");
    EXPECT_TRUE(config) << config.error().front().to_string();
    return check_primaries(*config, "waybill.toml", world);
  }
  /// The only finding.
  ConfigFinding only() { return only(world_); }
  static ConfigFinding only(test::MailWorld& world) {
    const auto findings = check(world);
    EXPECT_EQ(findings.size(), 1U);
    return findings.empty() ? ConfigFinding{} : findings.front();
  }
  test::MailWorld world_;
};

TEST_F(ConfigPrimary, one_of_its_mxs_by_name_or_by_address_is_fine) {
  world_.mx("example.org", {{10, "other.example.org"}, {20, "mx1.example.org"}})
      .host("other.example.org", {"203.0.113.1"})
      .host("mx1.example.org", {"203.0.113.11"});
  EXPECT_TRUE(check().empty());
  test::MailWorld by_address;
  by_address.mx("example.org", {{10, "mail.example.org"}})
      .host("mail.example.org", {"203.0.113.11"})
      .host("mx1.example.org", {"203.0.113.11"});
  EXPECT_TRUE(check(by_address).empty());
}

TEST_F(ConfigPrimary, an_mx_elsewhere_is_a_warning_that_names_it_and_the_fix) {
  world_.mx("example.org", {{10, "mx.other.example"}})
      .host("mx.other.example", {"203.0.113.1", "2001:db8::1"})
      .host("mx1.example.org", {"203.0.113.11"});
  const ConfigFinding found = only();
  EXPECT_EQ(found.id, "config.primary-mx-elsewhere");
  EXPECT_EQ(found.level, Level::warning);
  EXPECT_EQ(found.line, 4U);
  EXPECT_THAT(found.message, HasSubstr("mx.other.example ("));
  EXPECT_THAT(found.message, HasSubstr("203.0.113.1"));
  EXPECT_THAT(found.fix, HasSubstr("mx_here = false in [domain.\"example.org\"]"));
  EXPECT_TRUE(check("mx_here = false\n").empty()) << "behind a front";
}

TEST_F(ConfigPrimary, null_and_absent_and_failed_are_three_answers) {
  world_.host("mx1.example.org", {"203.0.113.11"});
  EXPECT_EQ(only().id, "config.primary-no-mx") << "there is no such domain";
  EXPECT_EQ(only().level, Level::notice);
  world_.exists("example.org");
  EXPECT_EQ(only().id, "config.primary-no-mx") << "neither MX nor address";
  world_.fails("example.org", dns::Type::mx);
  EXPECT_EQ(only().id, "config.primary-unknown");
  EXPECT_EQ(only().level, Level::notice);
  test::MailWorld null;
  null.mx("example.org", {{0, "."}}).host("mx1.example.org", {"203.0.113.11"});
  EXPECT_EQ(only(null).id, "config.primary-null-mx");
  EXPECT_EQ(only(null).level, Level::warning);
  EXPECT_THAT(only(null).fix, HasSubstr("example.org. MX 10 mx1.example.org."));
}

TEST_F(ConfigPrimary, without_mx_the_domains_address_counts) {
  world_.host("example.org", {"203.0.113.1"}).host("mx1.example.org", {"203.0.113.11"});
  EXPECT_EQ(only().id, "config.primary-mx-elsewhere");
  EXPECT_THAT(only().message, HasSubstr("it has no MX record"));
  world_.host("mx1.example.org", {"203.0.113.1"});
  EXPECT_TRUE(check().empty());
}

TEST_F(ConfigPrimary, an_address_that_could_not_be_looked_up_may_be_ours) {
  world_.mx("example.org", {{10, "mx.other.example"}})
      .fails("mx.other.example", dns::Type::a)
      .fails("mx.other.example", dns::Type::aaaa)
      .host("mx1.example.org", {"203.0.113.11"});
  EXPECT_EQ(only().id, "config.primary-unknown");
}

TEST_F(ConfigPrimary, a_dns_that_does_not_answer_and_many_domains_end_the_asking) {
  const auto count = [](test::MailWorld& world, int domains) {
    std::string text = "hostname = \"mx1.example.org\"\n";
    for (int n = 0; n < domains; ++n) text += fmt::format("[domain.\"d{}.example\"]\nusers = [\"x\"]\n", n);
    return check_primaries(config::parse(text, "waybill.toml").value(), "waybill.toml", world).size();
  };
  world_.host("mx1.example.org", {"203.0.113.11"});
  EXPECT_EQ(count(world_, 150), kPrimariesMax + 1)
      << "each without MX, and one that says that no more are asked";
  test::MailWorld silent;
  silent.host("mx1.example.org", {"203.0.113.11"});
  for (int n = 0; n < 10; ++n) silent.fails(fmt::format("d{}.example", n), dns::Type::mx);
  EXPECT_EQ(count(silent, 10), kPrimarySilencesMax + 1);
  EXPECT_FALSE(silent.was_asked("d9.example", dns::Type::mx));
}
}  // namespace
}  // namespace waybill::cli
