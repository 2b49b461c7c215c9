// `waybill check --list`: every check there is, under the verb that runs it.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "base/bytes.h"
#include "check/catalogue.h"
#include "check/change/change.h"
#include "check/change/mail.h"
#include "check/zone/zone_check.h"
#include "cli/verbs.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

using ByVerb = std::map<std::string, std::set<std::string>>;

ByVerb all_there_are() {
  ByVerb out;
  for (const auto* one : check::catalogue()) out["check"].emplace(one->id);
  for (const auto* one : check::zone_checks()) out["lint"].emplace(one->id);
  out["plan"].emplace(check::change::change_mail.id);
  for (const auto* one : check::change::change_checks()) out["plan"].emplace(one->about.id);
  return out;
}

TEST(CheckList, as_json_has_every_check_once_with_its_verb) {
  const Ran ran = run_verb({add_check}, {"check", "--list", "--json"});
  EXPECT_EQ(ran.code, exit_ok);
  ByVerb listed;
  for (const std::string_view line : split(ran.out, '\n')) {
    if (line.empty()) continue;
    const auto one = boost::json::parse(line).as_object();
    EXPECT_EQ(one.at("v"), 1);
    EXPECT_FALSE(one.at("title").as_string().empty()) << line;
    EXPECT_TRUE(listed[std::string(one.at("verb").as_string())].emplace(one.at("id").as_string()).second)
        << line;
  }
  EXPECT_EQ(listed, all_there_are());
}

TEST(CheckList, for_people_stands_in_groups) {
  const Ran ran = run_verb({add_check}, {"check", "--list"});
  EXPECT_EQ(ran.code, exit_ok);
  ByVerb listed;
  std::vector<std::string> headings;
  for (const std::string_view line : split(ran.out, '\n')) {
    if (line.starts_with("waybill ")) headings.emplace_back(line);
    if (!line.starts_with("  ")) continue;
    ASSERT_FALSE(headings.empty());
    const std::string verb(split(headings.back(), ' ').at(1));
    const std::string_view id = trim(line).substr(0, trim(line).find(' '));
    EXPECT_TRUE(listed[verb].emplace(id).second) << line;
  }
  EXPECT_THAT(headings, ElementsAre("waybill check DOMAIN", HasSubstr("waybill lint FILE"),
                                    HasSubstr("waybill plan DOMAIN")));
  EXPECT_EQ(listed, all_there_are());
}

TEST(CheckList, only_says_whose_checks_those_are) {
  const Ran zone = run_verb({add_check}, {"check", "example.org", "--only", "zone.soa"});
  EXPECT_EQ(zone.code, exit_usage);
  EXPECT_THAT(zone.err, HasSubstr("waybill lint"));
  EXPECT_THAT(run_verb({add_check}, {"check", "example.org", "--only", "change.sts-outlives"}).err,
              HasSubstr("waybill plan"));
  EXPECT_THAT(run_verb({add_check}, {"check", "example.org", "--only", "zones"}).err,
              HasSubstr("see --list"));
}
}  // namespace
}  // namespace waybill::cli
