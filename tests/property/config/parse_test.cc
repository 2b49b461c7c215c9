// Any text, and any mutation of a good file, ends in a configuration or in located faults: never in a crash,
// never in an open relay.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "config/config.h"

namespace waybill::config {
namespace {
void judge(const std::string& text) {
  const auto config = parse(text, "x.toml");
  if (!config) {
    RC_ASSERT(!config.error().empty());
    RC_ASSERT(config.error().size() <= kErrorsMax);
    for (const Located& error : config.error())
      RC_ASSERT(!error.message.empty() && error.message.find('\n') == std::string::npos);
    return;
  }
  RC_ASSERT(!config->hostname.empty());
  RC_ASSERT(!config->routes.empty() && config->routes.back().pattern == "*");
  RC_ASSERT(!config->listeners.empty());
  for (const IpNetwork& network : config->relay.trusted_networks) RC_ASSERT(network.prefix_bits() >= 7);
  for (const Domain& domain : config->domains)
    RC_ASSERT(domain.role != DomainRole::primary || domain.mailboxes.has_value());
}

RC_GTEST_PROP(Parse, any_text, (const std::string& text)) { judge(text); }

RC_GTEST_PROP(Parse, a_mutated_good_file, ()) {
  static const std::string kGood = commented_default() +
                                   "\n[domain.\"example.org\"]\nrole = \"primary\"\nusers = "
                                   "[\"john\"]\n[route.\"*.example\"]\nvia = \"[a.example]:587\"\n";
  std::string text;
  for (const char c : kGood) text += c;
  const auto at = *rc::gen::inRange<size_t>(0, text.size());
  const auto count = *rc::gen::inRange<size_t>(0, 20);
  const auto piece = *rc::gen::element<std::string>("", "#", "\n", "\"", "[", "]", "=", "0.0.0.0/0",
                                                    "\n[relay]\n", "'''", "\xff", "{", "a.b.c = 1\n");
  text.replace(at, count, piece);
  judge(text);
}

RC_GTEST_PROP(Size, formats_round_trip, (uint64_t octets)) {
  RC_ASSERT(parse_size(format_size(octets)).value() == octets);
}
}  // namespace
}  // namespace waybill::config
