// dns_options.h: --zone, --server, --no-dnssec, --trust-anchor, --dns-timeout: the same on every verb that
// asks the DNS.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "resolve/options.h"

namespace waybill::cli {

struct DnsOptions {
  std::vector<std::string> zones;
  std::vector<std::string> servers;
  bool no_dnssec = false;
  std::vector<std::string> trust_anchors;  ///< each a file's name, or a DS or DNSKEY record as text
  std::string timeout;                     ///< "5s"; empty: the default
};

void add_dns_options(CLI::App& verb, DnsOptions& options);

/// What the command line says, over `base` (a configuration's, or the defaults). --server means to ask those
/// and nobody else. Errors: a bad address, duration or trust anchor.
[[nodiscard]] Result<resolve::Options> to_resolve_options(const DnsOptions& options,
                                                          resolve::Options base = {});
/// Errors: besides those, a zone file that can't be read (file:line:col in the text), no servers.
[[nodiscard]] Result<std::unique_ptr<dns::Resolver>> open_resolver(const DnsOptions& options,
                                                                   resolve::Options base = {});

}  // namespace waybill::cli
