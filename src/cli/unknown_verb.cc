#include "cli/unknown_verb.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/bytes.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {
std::string path_of(const CLI::App* app) {
  const CLI::App* parent = app->get_parent();
  return parent == nullptr ? app->get_name() : path_of(parent) + " " + app->get_name();
}

/// The verb as far as it was understood: "waybill", "waybill queue".
const CLI::App* understood(const CLI::App* app) {
  while (true) {
    const auto parsed = app->get_subcommands();  // those that the command line named
    if (parsed.empty()) return app;
    app = parsed.front();
  }
}

std::vector<const CLI::App*> verbs_below(const CLI::App* app) {
  return app->get_subcommands([](const CLI::App*) { return true; });
}

/// `word` anywhere else: `waybill check` is `waybill config check`.
void find_elsewhere(const CLI::App* app, std::string_view word, std::vector<std::string>& out) {
  for (const CLI::App* verb : verbs_below(app)) {
    if (verb->get_name() == word) out.push_back(path_of(verb));
    find_elsewhere(verb, word, out);
  }
}

std::vector<std::string> meant_by(const CLI::App& root, const CLI::App* at, std::string_view word) {
  std::vector<std::string_view> names;
  for (const CLI::App* verb : verbs_below(at)) names.push_back(verb->get_name());
  std::vector<std::string> out;
  if (const std::string_view near = nearest(word, names); !near.empty())
    out.push_back(fmt::format("{} {}", path_of(at), near));
  find_elsewhere(&root, word, out);
  return out;
}
}  // namespace

std::string verb_wanting(const CLI::App& app) {
  const CLI::App* at = understood(&app);
  std::vector<std::string_view> names;
  for (const CLI::App* verb : verbs_below(at)) names.push_back(verb->get_name());
  if (names.empty()) return {};
  const std::string all = fmt::format("{} has {}", path_of(at), fmt::join(names, ", "));
  for (const std::string& word : at->remaining()) {
    if (word.starts_with('-')) continue;
    std::string out = fmt::format("'{} {}' is no verb", path_of(at), terminal_safe(word));
    if (const auto meant = meant_by(app, at, word); !meant.empty())
      out += fmt::format("; did you mean '{}'?", fmt::join(meant, "' or '"));
    return fmt::format("{}\n{}", out, all);
  }
  return fmt::format("which verb? {}", all);
}

}  // namespace waybill::cli
