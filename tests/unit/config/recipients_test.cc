// Users and aliases, from the configuration and from the files that it names, with every fault in its place.
#include "config/recipients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace waybill::config {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

/// A folder with files, and a configuration in it.
class RecipientFiles : public ::testing::Test {
 protected:
  RecipientFiles() {
    char folder[] = "/tmp/waybill-recipients-XXXXXX";
    EXPECT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
  }
  ~RecipientFiles() override { std::filesystem::remove_all(folder_); }

  void file(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  std::expected<Recipients, Errors> load(const std::string& text) {
    const std::string name = (folder_ / "waybill.toml").string();
    auto config = parse(text, name);
    if (!config) return std::unexpected(config.error());
    return load_recipients(*config, name);
  }
  DomainRecipients good(const std::string& text) {
    auto all = load(text);
    if (!all) {
      ADD_FAILURE() << all.error().front().to_string();
      return {};
    }
    return all->domains.at("example.org");
  }
  /// The first fault, without the folder.
  std::string fault(const std::string& text) {
    const auto all = load(text);
    if (all) return "no fault";
    std::string out = all.error().front().to_string();
    const std::string folder = folder_.string() + "/";
    for (size_t at = out.find(folder); at != std::string::npos; at = out.find(folder))
      out.erase(at, folder.size());
    return out;
  }

  std::filesystem::path folder_;
};

const std::string kDomain = "[domain.\"example.org\"]\n";

std::vector<std::string> texts(const std::vector<mail::Address>& list) {
  std::vector<std::string> out;
  for (const mail::Address& each : list) out.push_back(each.to_string());
  return out;
}

TEST_F(RecipientFiles, aliases_in_the_configuration) {
  const auto found =
      good(kDomain +
           "users = [\"John\"]\naliases = { Sales = [\"john\", \"ann@example.net\"], boss = \"john\" }\n"
           "catch_all = \"john\"\n");
  EXPECT_THAT(texts(found.aliases.at("sales").to), ElementsAre("john@example.org", "ann@example.net"));
  EXPECT_THAT(texts(found.aliases.at("boss").to), ElementsAre("john@example.org"));
  EXPECT_THAT(texts(found.catch_all), ElementsAre("john@example.org"));
  EXPECT_TRUE(found.users->contains("john"));
  const auto table =
      good(kDomain + "users = [\"john\"]\n[domain.\"example.org\".aliases]\nsales = \"john\"\n");
  EXPECT_EQ(table.aliases.at("sales").where.line, 4U);
}

TEST_F(RecipientFiles, users_of_a_file_join_those_of_the_list) {
  file("users", "# all of us\njohn\r\n\nAnn@example.org  # since May\n");
  const auto found = good(kDomain + "users = [\"zoe\"]\nusers_file = \"users\"\n");
  EXPECT_THAT(*found.users, ElementsAre("ann", "john", "zoe"));
  EXPECT_THAT(*good(kDomain + "users_file = \"users\"\n").users, ElementsAre("ann", "john"));
}

TEST_F(RecipientFiles, an_aliases_file) {
  file("aliases",
       "# who gets what\nsales: john, ann@example.net\n\tzoe # at the "
       "weekend\nBoss@example.org:john\npostmaster:\n  john\n");
  const auto found = good(kDomain + "users = [\"john\", \"zoe\"]\naliases_file = \"aliases\"\n");
  EXPECT_THAT(texts(found.aliases.at("sales").to),
              ElementsAre("john@example.org", "ann@example.net", "zoe@example.org"));
  EXPECT_EQ(found.aliases.at("sales").where.line, 2U);
  EXPECT_TRUE(found.aliases.contains("boss"));
  EXPECT_THAT(texts(found.aliases.at("postmaster").to), ElementsAre("john@example.org"));
}

TEST_F(RecipientFiles, faults_of_an_aliases_file_name_their_line) {
  const std::string config = kDomain + "users = [\"john\"]\naliases_file = \"aliases\"\n";
  const auto in_line_two = [&](const std::string& line) {
    file("aliases", "fine: john\n" + line + "\n");
    return fault(config);
  };
  EXPECT_THAT(in_line_two("sales john"), HasSubstr("aliases:2:0: error: an alias is written"));
  EXPECT_THAT(in_line_two("list: \"|/usr/bin/list, now\""), HasSubstr("starts no programs"));
  EXPECT_THAT(in_line_two("list: |/usr/bin/list"), HasSubstr("starts no programs"));
  EXPECT_THAT(in_line_two("list: /var/mail/list"), HasSubstr("writes to no files"));
  EXPECT_THAT(in_line_two("list: :include:/etc/list"), HasSubstr(":include: is not read"));
  EXPECT_THAT(in_line_two("list:"), HasSubstr("leads to nobody"));
  EXPECT_THAT(in_line_two("Fine: john"), HasSubstr("stands in line 1 already"));
  EXPECT_THAT(in_line_two("x@example.net: john"), HasSubstr("is not of example.org"));
  EXPECT_THAT(in_line_two("x: a b"), HasSubstr("aliases:2:0"));
  EXPECT_THAT(in_line_two("x: john@no..where"), HasSubstr("aliases:2:0"));
  file("aliases", "  john\n");
  EXPECT_THAT(fault(config), HasSubstr("aliases:1:0: error: this line goes on"));
  file("aliases", std::string("a: john\0\n", 9));
  EXPECT_THAT(fault(config), HasSubstr("is no text"));
}

TEST_F(RecipientFiles, faults_of_a_users_file_name_their_line) {
  const std::string config = kDomain + "users_file = \"users\"\n";
  for (const auto& [line, why] :
       std::vector<std::pair<std::string, std::string>>{{"ann@example.net", "is not of example.org"},
                                                        {"a+b", "what follows a '+'"},
                                                        {"a/b", "one user's name"},
                                                        {"john", "stands in the file twice"},
                                                        {".x", "users:2"}}) {
    file("users", "john\n" + line + "\n");
    EXPECT_THAT(fault(config), HasSubstr("users:2:0")) << line;
    EXPECT_THAT(fault(config), HasSubstr(why)) << line;
  }
}

TEST_F(RecipientFiles, a_file_that_can_not_be_read_is_named_where_the_configuration_names_it) {
  EXPECT_THAT(fault(kDomain + "users_file = \"none\"\n"),
              HasSubstr("waybill.toml:2:14: error: none can't be read"));
  EXPECT_THAT(fault(kDomain + "users = [\"john\"]\naliases_file = \"none\"\n"),
              HasSubstr("waybill.toml:3:16"));
}

TEST_F(RecipientFiles, an_alias_in_both_places_is_a_fault) {
  file("aliases", "\nsales: john\n");
  EXPECT_THAT(
      fault(kDomain + "users = [\"john\"]\naliases_file = \"aliases\"\naliases = { sales = \"john\" }\n"),
      HasSubstr("stands in aliases:2 too"));
}

TEST_F(RecipientFiles, what_does_not_belong_together) {
  EXPECT_THAT(fault(kDomain + "users = [\"*\"]\ncatch_all = \"john\"\n"),
              HasSubstr("nothing is left to catch"));
  EXPECT_THAT(fault(kDomain + "role = \"backup\"\naliases = { a = \"b\" }\n"),
              HasSubstr("does not end here"));
  EXPECT_THAT(fault(kDomain + "users = [\"john\"]\naliases = { a = [] }\n"), HasSubstr("alias to nobody"));
  EXPECT_THAT(fault(kDomain + "users = [\"john\"]\naliases = { a = \"|x\" }\n"),
              HasSubstr("starts no programs"));
  EXPECT_THAT(fault(kDomain + "users = [\"john\"]\nrecipient_delimiter = \"ab\"\n"),
              HasSubstr("one punctuation mark"));
  EXPECT_THAT(fault(kDomain + "mailboxes = \"lmtp:127.0.0.1:24\"\nquota_messages = 5\n"),
              HasSubstr("only a Maildir"));
}

TEST_F(RecipientFiles, srs_secrets) {
  file("secret", "# made in May\n0123456789abcdef\n\nfedcba9876543210\n");
  const auto all = load("[srs]\nsecret_file = \"secret\"\n");
  ASSERT_TRUE(all);
  EXPECT_THAT(all->srs_secrets, ElementsAre("0123456789abcdef", "fedcba9876543210"));
  file("secret", "short\n");
  EXPECT_THAT(fault("[srs]\nsecret_file = \"secret\"\n"), HasSubstr("secret:1:0: error: a secret needs 16"));
  file("secret", "\n");
  EXPECT_THAT(fault("[srs]\nsecret_file = \"secret\"\n"), HasSubstr("holds no secret"));
}

}  // namespace
}  // namespace waybill::config
