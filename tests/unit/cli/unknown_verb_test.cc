// What is said to a verb that nobody knows.
#include "cli/unknown_verb.h"

#include <gmock/gmock.h>

#include "cli/verbs.h"

namespace waybill::cli {
namespace {
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string said_to(std::vector<std::string> words) {
  Context context;
  CLI::App app{"", "waybill"};
  app.require_subcommand(1);
  for (const AddVerb add : {add_lookup, add_config, add_queue, add_cache}) add(app, context);
  std::ranges::reverse(words);  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::RequiredError&) {
    return verb_wanting(app);
  } catch (const CLI::ParseError& error) {
    return std::string("otherwise: ") + error.what();
  }
  return "it was taken";
}

TEST(UnknownVerb, is_named_beside_all_there_are) {
  EXPECT_THAT(said_to({"nonsense"}),
              AllOf(HasSubstr("'waybill nonsense' is no verb"), Not(HasSubstr("did you mean")),
                    HasSubstr("waybill has lookup, config, queue, cache")));
  EXPECT_THAT(said_to({"\x1b[2J"}), HasSubstr("'waybill \\x1b[2J' is no verb"));
}

TEST(UnknownVerb, the_nearest_is_suggested) {
  EXPECT_THAT(said_to({"lokup"}), HasSubstr("did you mean 'waybill lookup'?"));
  EXPECT_THAT(said_to({"queue", "lst"}),
              AllOf(HasSubstr("'waybill queue lst' is no verb; did you mean 'waybill queue list'"),
                    HasSubstr("waybill queue has list, show, why, retry")));
}

TEST(UnknownVerb, one_that_stands_elsewhere_is_found_there) {
  EXPECT_THAT(said_to({"check"}), HasSubstr("'waybill config check'"));
  EXPECT_THAT(said_to({"flush"}), HasSubstr("'waybill cache flush'"));
}

TEST(UnknownVerb, none_at_all_is_asked_for) {
  EXPECT_THAT(said_to({}), HasSubstr("which verb? waybill has lookup"));
  EXPECT_THAT(said_to({"queue"}), HasSubstr("which verb? waybill queue has list"));
}

TEST(UnknownVerb, says_nothing_where_a_verb_lacks_something_else) {
  EXPECT_EQ(said_to({"queue", "delete", "--all"}), "");
}
}  // namespace
}  // namespace waybill::cli
