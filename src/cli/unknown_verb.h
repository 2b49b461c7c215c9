// unknown_verb.h: what to say to a command line whose verb nobody knows. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace waybill::cli {

/// `app` after parse() has thrown: names the word that is no verb, or that one is missing, and the verbs that
/// may be meant; "" when no verb is wanting. No newline at its end.
[[nodiscard]] std::string verb_wanting(const CLI::App& app);

}  // namespace waybill::cli
