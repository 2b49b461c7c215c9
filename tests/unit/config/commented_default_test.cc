// What `config init` writes, and the manual, say what the parser does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/bytes.h"
#include "config/config.h"
#include "config/schema.h"

namespace waybill::config {
namespace {
using ::testing::HasSubstr;

// Takes the '#' off every written-out default ("#name = …", "#[[listener]]"); "# text" is for people.
std::string uncommented(const std::string& text) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) {
    const bool is_default = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    out += fmt::format("{}\n", is_default ? line.substr(1) : line);
  }
  return out;
}

std::string file(const std::string& name) {
  std::ifstream in(std::string(WAYBILL_SOURCE_DIR) + "/" + name);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(CommentedDefault, parses_to_the_defaults) {
  const auto config = parse(commented_default(), "waybill.toml");
  ASSERT_TRUE(config) << config.error().at(0).to_string();
  EXPECT_EQ(*config, defaults());
}

TEST(CommentedDefault, its_values_are_the_defaults) {
  const std::string text = uncommented(commented_default());
  const auto config = parse(text, "waybill.toml");
  ASSERT_TRUE(config) << config.error().at(0).to_string() << "\n" << text;
  EXPECT_EQ(*config, defaults());
}

TEST(CommentedDefault, explains_every_key) {
  const std::string text = commented_default();
  for (const DocumentedKey& key : documented_keys()) {
    EXPECT_THAT(text, HasSubstr(fmt::format("# {}: {}\n", key.name, key.doc)));
    EXPECT_FALSE(key.doc.empty());
  }
  for (const std::string_view line : split(text, '\n')) EXPECT_LE(line.size(), 160u) << line;
}

TEST(Manual, has_a_row_for_every_key) {
  const std::string manual = file("docs/configuration.md");
  const std::string page = file("docs/man/waybill.toml.5.scd");
  std::string section = "?";
  for (const DocumentedKey& key : documented_keys()) {
    if (key.section != section) {
      section = key.section;
      const std::string title = section.empty() ? "The top" : "`" + section + "`";
      EXPECT_THAT(manual, HasSubstr(fmt::format("\n## {}\n", title)));
    }
    EXPECT_THAT(manual, HasSubstr(fmt::format("| `{}` | `{}` | {} | {} |\n", key.name, key.default_value,
                                              key.type, key.doc)));
    EXPECT_THAT(page, HasSubstr(fmt::format("*{}*", key.name)));
  }
}
}  // namespace
}  // namespace waybill::config
