// commented_default.cc: the file that `waybill config init` writes, made from the schema: it can't drift from
// what the parser reads. "#key = value" (no space) is a default, written out; "# text" is for people.
#include "config/kinds.h"
#include "config/schema.h"

namespace waybill::config {
namespace {
constexpr std::string_view kHead = R"(# waybill.toml: see waybill.toml(5), or docs/configuration.md.
# Every line that begins with "#name =" shows a default: remove the "#" to change it. Unknown keys are
# errors. `waybill config check` proves this file; `waybill reload` puts it into force without losing a session.
# Durations: "30s", "5m", "4h", "5d". Sizes: "50 MiB", "64 KiB", or plain octets. Paths may be relative to this file.

)";

constexpr std::string_view kDomainExamples = R"(#
# For example, a domain whose mail ends here, one for which this host stands in, and one to pass on:
# [domain."example.org"]
# role = "primary"
# mailboxes = "maildir:/var/mail/{domain}/{user}"
# users = ["john", "postmaster"]
#
# [domain."example.net"]
# role = "backup"
# users = ["jane", "postmaster"]
#
# [domain."example.com"]
# role = "relay"

)";

template <class S>
void explain(std::string& out, const Section<S>& section, const S& value) {
  for (const auto& key : section.keys) {
    out += fmt::format("# {}: {}\n#{} = {}\n", key.name, key.doc, key.name, key.show(value));
  }
}

void add_listeners(std::string& out, const Config& config) {
  out += fmt::format("\n# {}\n", listener_section().doc);
  for (const auto& key : listener_section().keys) out += fmt::format("# {}: {}\n", key.name, key.doc);
  for (const Listener& listener : config.listeners) {
    out += "#[[listener]]\n";
    for (const auto& key : listener_section().keys)
      out += fmt::format("#{} = {}\n", key.name, key.show(listener));
  }
}

void add_policies(std::string& out, const Config& config) {
  out += fmt::format("\n# [policy.NAME]: {}\n", policy_section().doc);
  for (const Policy& policy : config.policies) {
    out += fmt::format("#[policy.{}]\n", policy.name);
    explain(out, policy_section(), policy);
  }
}

void add_domains_and_routes(std::string& out, const Config& config) {
  out += fmt::format("\n# [domain.\"NAME\"]: {}\n", domain_section().doc);
  for (const auto& key : domain_section().keys) out += fmt::format("# {}: {}\n", key.name, key.doc);
  out += kDomainExamples;
  out += fmt::format("# [route.\"PATTERN\"]: {}\n", route_section().doc);
  for (const Route& route : config.routes) {
    out += fmt::format("#[route.{}]\n", toml_text(route.pattern));
    explain(out, route_section(), route);
  }
}
}  // namespace

std::string commented_default() {
  const Config config = defaults();
  std::string out(kHead);
  explain(out, top_section(), config);
  for_each_plain_section([&](const auto& section, auto member) {
    out += fmt::format("\n[{}]\n# {}\n", section.name, section.doc);
    explain(out, section, config.*member);
    if (section.name == "tls") add_listeners(out, config);
    if (section.name == "clients") add_policies(out, config);
    if (section.name == "relay") add_domains_and_routes(out, config);
  });
  return out;
}

}  // namespace waybill::config
