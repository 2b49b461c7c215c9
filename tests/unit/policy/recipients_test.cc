// Who receives the mail of an address: users, aliases, catch-all, plus addressing, and the operator's
// mistakes.
#include "policy/recipients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waybill::policy {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

mail::Address address(const std::string& text) { return mail::Address::parse(text).value(); }

std::vector<mail::Address> addresses(const std::vector<std::string>& texts) {
  std::vector<mail::Address> out;
  for (const std::string& text : texts) out.push_back(address(text));
  return out;
}

using AliasTexts = std::map<std::string, std::vector<std::string>>;

LocalDomain domain(std::optional<ListedDirectory::Users> users, const AliasTexts& aliases,
                   const std::vector<std::string>& catch_all = {}, std::string delimiter = "+") {
  ListedDirectory::Aliases listed;
  for (const auto& [name, to] : aliases) listed.emplace(name, addresses(to));
  LocalDomain out;
  out.directory = std::make_shared<const ListedDirectory>(std::move(users), std::move(listed));
  out.catch_all = addresses(catch_all);
  out.delimiter = std::move(delimiter);
  return out;
}

Recipients one(LocalDomain local) { return Recipients({{"example.org", std::move(local)}}); }

std::vector<std::string> texts(const std::vector<mail::Address>& list) {
  std::vector<std::string> out;
  for (const mail::Address& each : list) out.push_back(each.to_string());
  return out;
}

std::vector<std::string> to(const Recipients& recipients, const std::string& given) {
  const Expansion expansion = recipients.expand(address(given));
  if (!expansion.accepted()) return {expansion.refusal->to_string()};
  return texts(expansion.to);
}

const ListedDirectory::Users kUsers{"john", "ann"};

TEST(Recipients, users_are_known_without_case_and_with_what_follows_the_delimiter) {
  const Recipients recipients = one(domain(kUsers, {}));
  EXPECT_THAT(to(recipients, "John@example.org"), ElementsAre("John@example.org"));
  EXPECT_THAT(to(recipients, "john+lists@example.org"), ElementsAre("john+lists@example.org"));
  EXPECT_THAT(to(recipients, "nobody@example.org"), ElementsAre("550 5.1.1 no such user here"));
  EXPECT_THAT(to(recipients, "+john@example.org"), ElementsAre("550 5.1.1 no such user here"));
  EXPECT_THAT(to(recipients, "john-lists@example.org"), ElementsAre("550 5.1.1 no such user here"));
  EXPECT_TRUE(recipients.expand(address("john@example.org")).steps.empty());
}

TEST(Recipients, the_delimiter_is_the_operators_choice) {
  const Recipients dash = one(domain(ListedDirectory::Users{"john", "mary-ann"}, {}, {}, "-"));
  EXPECT_THAT(to(dash, "john-lists@example.org"), ElementsAre("john-lists@example.org"));
  EXPECT_THAT(to(dash, "mary-ann@example.org"), ElementsAre("mary-ann@example.org"))
      << "a whole name comes first";
  EXPECT_THAT(to(dash, "john+lists@example.org"), ElementsAre("550 5.1.1 no such user here"));
  const Recipients none = one(domain(kUsers, {}, {}, ""));
  EXPECT_THAT(to(none, "john+lists@example.org"), ElementsAre("550 5.1.1 no such user here"));
}

TEST(Recipients, an_alias_leads_to_many_here_and_elsewhere) {
  const Recipients recipients =
      one(domain(kUsers, {{"sales", {"john@example.org", "ann@example.org", "boss@elsewhere.example"}}}));
  const Expansion expansion = recipients.expand(address("Sales@example.org"));
  EXPECT_THAT(texts(expansion.to),
              ElementsAre("john@example.org", "ann@example.org", "boss@elsewhere.example"));
  ASSERT_EQ(expansion.steps.size(), 1U);
  EXPECT_EQ(expansion.steps[0].from, "sales@example.org");
  EXPECT_THAT(to(recipients, "sales+urgent@example.org"),
              ElementsAre("john@example.org", "ann@example.org", "boss@elsewhere.example"));
}

TEST(Recipients, aliases_nest_and_everyone_gets_one_copy) {
  const Recipients recipients =
      one(domain(kUsers, {{"all", {"sales@example.org", "john@example.org", "press@example.org"}},
                          {"sales", {"ann@example.org", "john@example.org"}},
                          {"press", {"sales@example.org", "ANN@example.org"}}}));
  const Expansion expansion = recipients.expand(address("all@example.org"));
  EXPECT_THAT(texts(expansion.to), ElementsAre("ann@example.org", "john@example.org")) << "ANN is ann, too";
  EXPECT_EQ(expansion.steps.size(), 3U);
}

TEST(Recipients, a_copy_for_oneself_is_no_loop) {
  const Recipients recipients =
      one(domain(kUsers, {{"john", {"john@example.org", "archive@elsewhere.example"}}}));
  EXPECT_THAT(to(recipients, "john@example.org"),
              ElementsAre("john@example.org", "archive@elsewhere.example"));
  EXPECT_THAT(to(recipients, "john+x@example.org"),
              ElementsAre("john@example.org", "archive@elsewhere.example"));
}

TEST(Recipients, loops_are_refused_for_now) {
  const Recipients recipients =
      one(domain(kUsers, {{"a", {"b@example.org"}}, {"b", {"a@example.org"}}, {"c", {"c@example.org"}}}));
  EXPECT_THAT(to(recipients, "a@example.org"), ElementsAre(HasSubstr("451 4.3.5")));
  EXPECT_THAT(to(recipients, "a@example.org"), ElementsAre(HasSubstr("leads back to itself")));
  EXPECT_THAT(to(recipients, "c@example.org"), ElementsAre(HasSubstr("451 4.3.5")));
}

TEST(Recipients, depth_and_number_are_bounded) {
  AliasTexts chain;
  for (int n = 0; n < 12; ++n) chain[fmt::format("n{}", n)] = {fmt::format("n{}@example.org", n + 1)};
  chain["n12"] = {"john@example.org"};
  EXPECT_THAT(to(one(domain(kUsers, chain)), "n0@example.org"), ElementsAre(HasSubstr("levels deep")));
  EXPECT_THAT(to(one(domain(kUsers, chain)), "n5@example.org"), ElementsAre("john@example.org"));
  AliasTexts wide;
  for (int half = 0; half < 2; ++half) {
    for (size_t n = 0; n < kAliasAddressesMax / 2 + 1; ++n)
      wide[fmt::format("half{}", half)].push_back(fmt::format("u{}-{}@elsewhere.example", half, n));
  }
  wide["all"] = {"half0@example.org", "half1@example.org"};
  EXPECT_THAT(to(one(domain(kUsers, wide)), "all@example.org"), ElementsAre(HasSubstr("451 4.3.5")));
  EXPECT_EQ(to(one(domain(kUsers, wide)), "half0@example.org").size(), kAliasAddressesMax / 2 + 1);
}

TEST(Recipients, what_an_alias_names_and_nobody_has_is_left_out_and_told) {
  const Recipients recipients = one(
      domain(kUsers, {{"sales", {"john@example.org", "gone@example.org"}}, {"old", {"gone@example.org"}}}));
  const Expansion sales = recipients.expand(address("sales@example.org"));
  EXPECT_THAT(texts(sales.to), ElementsAre("john@example.org"));
  EXPECT_THAT(texts(sales.nowhere), ElementsAre("gone@example.org"));
  EXPECT_THAT(to(recipients, "old@example.org"), ElementsAre("550 5.1.1 no such user here"));
}

TEST(Recipients, catch_all_takes_what_nobody_has) {
  const Recipients recipients = one(domain(kUsers, {{"sales", {"ann@example.org"}}}, {"john@example.org"}));
  EXPECT_THAT(to(recipients, "whoever@example.org"), ElementsAre("john@example.org"));
  EXPECT_THAT(to(recipients, "sales@example.org"), ElementsAre("ann@example.org"));
  EXPECT_THAT(to(recipients, "postmaster@example.org"), ElementsAre("john@example.org"))
      << "somebody reads it";
  const Recipients lost = one(domain(kUsers, {}, {"gone@example.org"}));
  EXPECT_THAT(to(lost, "whoever@example.org"), ElementsAre(HasSubstr("451 4.3.5"))) << "it leads to itself";
}

TEST(Recipients, postmaster_always) {
  EXPECT_THAT(to(one(domain(kUsers, {})), "PostMaster@example.org"), ElementsAre("PostMaster@example.org"));
  EXPECT_THAT(to(one(domain(kUsers, {{"postmaster", {"ann@example.org"}}})), "postmaster@example.org"),
              ElementsAre("ann@example.org"));
}

TEST(Recipients, everyone_has_a_mailbox_where_no_users_are_named) {
  const Recipients recipients = one(domain(std::nullopt, {{"sales", {"john@example.org"}}}));
  EXPECT_THAT(to(recipients, "whoever@example.org"), ElementsAre("whoever@example.org"));
  EXPECT_THAT(to(recipients, "sales@example.org"), ElementsAre("john@example.org"));
}

TEST(Recipients, a_subdomain_has_names_of_its_own_or_is_not_ours) {
  const Recipients recipients({{"example.org", domain(kUsers, {{"sales", {"john@lists.example.org"}}})},
                               {"lists.example.org", domain(ListedDirectory::Users{"news"}, {})}});
  EXPECT_TRUE(recipients.is_local(address("x@lists.example.org").domain));
  EXPECT_FALSE(recipients.is_local(address("x@other.example.org").domain));
  EXPECT_THAT(to(recipients, "john@lists.example.org"), ElementsAre("550 5.1.1 no such user here"));
  EXPECT_THAT(to(recipients, "news@lists.example.org"), ElementsAre("news@lists.example.org"));
  EXPECT_THAT(to(recipients, "sales@example.org"), ElementsAre("550 5.1.1 no such user here"));
  EXPECT_THAT(to(recipients, "john@other.example.org"), ElementsAre("john@other.example.org"))
      << "goes by its MX";
}

/// A database that does not answer.
class Silent final : public Directory {
 public:
  Result<DirectoryEntry> find(std::string_view) const override { return fail(Errc::timeout, "no answer"); }
};

TEST(Recipients, what_could_not_be_found_out_is_not_unknown) {
  LocalDomain local;
  local.directory = std::make_shared<const Silent>();
  EXPECT_THAT(to(one(std::move(local)), "john@example.org"), ElementsAre(HasSubstr("451 4.3.0")));
}

}  // namespace
}  // namespace waybill::policy
