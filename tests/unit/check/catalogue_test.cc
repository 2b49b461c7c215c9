#include "check/catalogue.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace waybill::check {
namespace {
struct Family {
  Checks checks;
  std::set<std::string> prefixes;  ///< what its ids may begin with
};
const std::map<std::string, Family>& families() {
  static const std::map<std::string, Family> all{
      {"mx", {mx_checks(), {"mx"}}},
      {"address", {address_checks(), {"address"}}},
      {"spf", {spf_checks(), {"spf"}}},
      {"dkim", {dkim_checks(), {"dkim"}}},
      {"dmarc", {dmarc_checks(), {"dmarc"}}},
      {"transport", {transport_checks(), {"sts", "tlsrpt", "dane", "tls"}}},
      {"redundancy", {redundancy_checks(), {"redundancy"}}},
      {"domain", {domain_checks(), {"domain"}}},
  };
  return all;
}

TEST(Catalogue, every_check_says_what_it_is) {
  ASSERT_FALSE(catalogue().empty());
  for (const Check* check : catalogue()) {
    ASSERT_NE(check, nullptr);
    EXPECT_NE(check->run, nullptr) << check->id;
    EXPECT_FALSE(check->title.empty()) << check->id;
    EXPECT_FALSE(check->title.ends_with('.')) << check->id << ": a title is a phrase";
    EXPECT_TRUE(check->ref.empty() || check->ref.starts_with("RFC ")) << check->id << ": " << check->ref;
  }
}

TEST(Catalogue, ids_and_numbers_are_of_one_check_each) {
  std::set<std::string_view> ids;
  std::map<uint16_t, std::string_view> numbers;
  for (const Check* check : catalogue()) {
    EXPECT_TRUE(ids.insert(check->id).second) << check->id << " stands twice";
    if (check->number == 0) continue;
    const auto [at, fresh] = numbers.emplace(check->number, check->id);
    EXPECT_TRUE(fresh) << check->id << " has the number of " << at->second;
  }
}

TEST(Catalogue, an_id_begins_with_its_family_and_has_no_odd_characters) {
  size_t in_families = 0;
  for (const auto& [family, each] : families()) {
    in_families += each.checks.size();
    for (const Check* check : each.checks) {
      const size_t dot = check->id.find('.');
      ASSERT_NE(dot, std::string_view::npos) << check->id;
      EXPECT_TRUE(each.prefixes.contains(std::string(check->id.substr(0, dot))))
          << check->id << " is listed in " << family;
      const std::string_view name = check->id.substr(dot + 1);
      EXPECT_FALSE(name.empty()) << check->id;
      EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string_view::npos)
          << check->id;
    }
  }
  EXPECT_EQ(in_families, catalogue().size());
}

TEST(Catalogue, a_check_is_found_by_its_id_alone) {
  for (const Check* check : catalogue()) EXPECT_EQ(find_check(check->id), check);
  EXPECT_EQ(find_check("mx"), nullptr);
  EXPECT_EQ(find_check("mx.no-such-check"), nullptr);
  EXPECT_EQ(find_check(""), nullptr);
}
}  // namespace
}  // namespace waybill::check
