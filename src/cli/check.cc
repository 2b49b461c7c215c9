// check.cc: `waybill check DOMAIN…`: everything a mail domain needs, by the catalogue of src/check/.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <memory>

#include "base/bytes.h"
#include "check/run.h"
#include "cli/check_print.h"
#include "cli/dns_options.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "probe/prober.h"

namespace waybill::cli {
namespace {
/// Domains under way together; each asks a few dozen questions.
constexpr size_t kAtOnceMax = 32;
/// Held and printed together, so that a list of any length needs bounded memory.
constexpr size_t kBatch = 256;
/// Rows of the table at the end; beyond that nobody reads it.
constexpr size_t kTableRowsMax = 1000;

struct CheckOptions {
  std::vector<std::string> domains;
  std::string input;
  std::vector<std::string> selectors;
  std::vector<std::string> sends_from;
  std::vector<std::string> backups;
  std::vector<std::string> blocklists;
  std::vector<std::string> only;
  bool authoritative = false;
  bool probe = false;
  bool no_fetch = false;
  bool allow_loopback = false;
  uint16_t port = 25;
  bool all = false;
  bool list = false;
  bool json = false;
  LeniencyOptions leniency;
  DnsOptions dns;
};

/// Those that --only names: an id, or a family ("mx"). Errors: a name of neither.
Result<std::vector<const check::Check*>> chosen(const std::vector<std::string>& only) {
  if (only.empty()) return check::catalogue();
  std::vector<const check::Check*> out;
  for (const std::string& text : only) {
    const size_t before = out.size();
    for (const check::Check* each : check::catalogue()) {
      if (each->id == text || each->id.starts_with(text + ".")) out.push_back(each);
    }
    if (out.size() > before) continue;
    if (text.starts_with("zone.") || text.starts_with("change."))
      return fail(Errc::invalid, "--only: checks of '{}' are those of 'waybill {}'", printable(text, 60),
                  text.starts_with("zone.") ? "lint" : "plan");
    return fail(Errc::invalid, "--only: there is no check or family '{}' (see --list)", printable(text, 60));
  }
  return out;
}

/// What all domains share.
Result<check::Subject> common_of(const CheckOptions& options) {
  check::Subject out;
  for (const std::string& text : options.selectors) {
    // It goes into a name: no more than labels can hold.
    if (auto name = dns::Name::parse(text); !name || name->is_root())
      return fail(Errc::invalid, "--selector '{}' can't stand in a domain name", printable(text, 60));
    out.selectors.push_back(text);
  }
  for (const std::string& text : options.sends_from) {
    const auto ip = IpAddress::parse(text);
    if (!ip) return fail(Errc::invalid, "--sends-from '{}' is no address", printable(text, 60));
    out.sends_from.push_back(*ip);
  }
  for (const std::string& text : options.blocklists) {
    auto name = dns::Name::parse(text);
    if (!name || name->is_root())
      return fail(Errc::invalid, "--blocklist '{}' is no domain name", printable(text, 60));
    out.blocklists.push_back(std::move(*name));
  }
  for (const std::string& text : options.backups) {
    auto name = dns::Name::parse(text);
    if (!name || name->is_root())
      return fail(Errc::invalid, "--backup '{}' is no host name", printable(text, 60));
    out.backups.push_back(std::move(*name));
  }
  out.authoritative = options.authoritative;
  out.probe = options.probe;
  out.fetch_policy = !options.no_fetch;
  out.lab = options.allow_loopback;
  out.port = options.port;
  return out;
}

Result<check::Subject> subject_of(std::string text, const check::Subject& common) {
  if (text.size() > 1 && text.ends_with('.')) text.pop_back();
  auto domain = mail::Domain::parse(text);
  if (!domain) return pass(domain.error());
  auto own = check::Subject::of(*domain);
  if (!own) return pass(own.error());
  check::Subject out = common;
  out.domain = std::move(own->domain);
  out.name = std::move(own->name);
  return out;
}

/// The domains of the command line, then those of the input, one a line; '#' begins a comment.
class Domains {
 public:
  explicit Domains(const CheckOptions& options) : given_(options.domains) {
    if (options.input == "-") {
      stream_ = &std::cin;
    } else if (!options.input.empty()) {
      file_.open(options.input);
      stream_ = &file_;
    }
  }
  [[nodiscard]] bool readable() const { return stream_ == nullptr || stream_->good(); }
  std::optional<std::string> next() {
    if (at_ < given_.size()) return given_[at_++];
    std::string line;
    while (stream_ != nullptr && std::getline(*stream_, line)) {
      line.resize(std::min(line.find('#'), line.size()));
      const std::string_view word = trim(line);
      if (!word.empty()) return std::string(word);
    }
    return std::nullopt;
  }

 private:
  std::vector<std::string> given_;
  size_t at_ = 0;
  std::ifstream file_;
  std::istream* stream_ = nullptr;
};

struct Work {
  const CheckOptions& options;
  const Context& context;
  std::vector<const check::Check*> checks;
  check::Subject common;
  Leniency leniency;
  dns::Resolver& resolver;
  std::unique_ptr<probe::Prober> prober;  ///< none: nothing but the DNS is asked
  Progress progress;
  uint64_t done = 0;
  size_t domains = 0;
  std::vector<Checked> for_table;
  int code = exit_ok;
};

void report(Work& work, Checked checked) {
  const Paint paint = work.context.colour ? Paint::on : Paint::off;
  if (checked.ran.empty()) {
    complain(fmt::format("{}: the checks came to no end: please report this", checked.domain));
    work.code = worse_exit(work.code, exit_unknown);
    return;
  }
  print_text(work.options.json ? checked_json(checked, work.leniency)
                               : checked_text(checked, work.leniency,
                                              work.options.all ? Detail::all : Detail::findings, paint));
  work.code = worse_exit(work.code, exit_of(checked.findings(), work.leniency));
  if (work.for_table.size() < kTableRowsMax) work.for_table.push_back(std::move(checked));
}

void check_batch(Work& work, const std::vector<check::Subject>& batch) {
  const uint64_t before = work.done;
  check::Outside outside{.resolver = work.resolver};
  if (work.prober) outside.others = [&work](route::Post post) { return work.prober->ask(std::move(post)); };
  auto all = check::check_blocking(work.checks, batch, outside, kAtOnceMax,
                                   [&](size_t ended) { work.progress.update(before + ended); });
  work.done += batch.size();
  work.progress.clear();
  for (size_t i = 0; i < all.size(); ++i)
    report(work, {.domain = std::string(batch[i].domain.text()), .ran = std::move(all[i])});
}

void check_all(Work& work, Domains& domains) {
  std::vector<check::Subject> batch;
  while (auto text = domains.next()) {
    auto subject = subject_of(*text, work.common);
    if (!subject) {
      complain(subject.error().what);
      work.code = exit_usage;
      continue;
    }
    batch.push_back(std::move(*subject));
    if (batch.size() == kBatch) check_batch(work, std::exchange(batch, {}));
  }
  if (!batch.empty()) check_batch(work, batch);
}

/// Our name for EHLO where this machine has a whole one; empty: our address will do.
std::string own_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  const auto domain = mail::Domain::parse(name.data());
  return domain && !domain->is_literal() && domain->text().find('.') != std::string::npos ? domain->text()
                                                                                          : "";
}

/// nullptr: these checks ask nothing but the DNS.
Result<std::unique_ptr<probe::Prober>> open_prober(dns::Resolver& resolver, const check::Subject& common) {
  if (!common.probe && !common.fetch_policy && !common.authoritative) return nullptr;
  return probe::Prober::open(resolver, {.hello = own_name()});
}

int run(const CheckOptions& options, const Context& context) {
  const Paint paint = context.colour ? Paint::on : Paint::off;
  if (options.list) {
    print_text(options.json ? list_json() : list_text(paint));
    return exit_ok;
  }
  const auto usage = [](const Error& error) {
    complain(error.what);
    return exit_usage;
  };
  if (options.domains.empty() && options.input.empty())
    return usage({Errc::invalid, "which domain? waybill check DOMAIN..., or --input FILE"});
  auto checks = chosen(options.only);
  if (!checks) return usage(checks.error());
  auto common = common_of(options);
  if (!common) return usage(common.error());
  auto leniency =
      read_leniency(options.leniency, [](std::string_view id) { return check::find_check(id) != nullptr; });
  if (!leniency) return usage(leniency.error());
  Domains domains(options);
  if (!domains.readable())
    return usage({Errc::io, fmt::format("cannot read {}", printable(options.input, 200))});
  auto resolver = open_resolver(options.dns);
  if (!resolver) return usage(resolver.error());
  auto prober = open_prober(**resolver, *common);
  if (!prober) return usage(prober.error());
  std::optional<uint64_t> total;
  if (options.input.empty()) total = options.domains.size();
  Work work{.options = options,
            .context = context,
            .checks = std::move(*checks),
            .common = std::move(*common),
            .leniency = std::move(*leniency),
            .resolver = **resolver,
            .prober = std::move(*prober),
            .progress = Progress("domains", total),
            .for_table = {}};
  check_all(work, domains);
  if (work.for_table.size() > 1 && !options.json)
    print_text("\n" + many_table(work.for_table, work.leniency, paint));
  return work.code;
}
}  // namespace

void add_check(CLI::App& app, Context& context) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* verb =
      app.add_subcommand("check", "Everything a mail domain needs: what is wrong, and how to mend it");
  verb->add_option("domain", options->domains, "Domains to check")->type_name("DOMAIN");
  verb->add_option("--input", options->input, "And those of this file, one a line; - for standard input")
      ->type_name("FILE");
  verb->add_option("--selector", options->selectors, "A DKIM selector that signs for the domain (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  verb->add_option("--sends-from", options->sends_from,
                   "An address that sends mail for the domain (repeatable)")
      ->type_name("ADDR")
      ->allow_extra_args(false);
  verb->add_option("--backup", options->backups, "A host that is a backup MX for the domain (repeatable)")
      ->type_name("HOST")
      ->allow_extra_args(false);
  verb->add_option("--blocklist", options->blocklists, "Ask this DNS block list about the hosts (repeatable)")
      ->type_name("ZONE")
      ->allow_extra_args(false);
  verb->add_flag("--authoritative", options->authoritative, "Ask every name server of the zone as well");
  verb->add_flag("--probe", options->probe, "Connect to each MX: banner, TLS, certificate; never sends mail");
  verb->add_flag("--no-fetch", options->no_fetch, "Leave the MTA-STS policy (HTTPS) out");
  verb->add_option("--only", options->only, "Only this check or family, as in mx (repeatable)")
      ->type_name("ID")
      ->allow_extra_args(false);
  add_leniency_options(*verb, options->leniency);
  verb->add_flag("--all", options->all, "Show the checks that are fine or left out, too");
  verb->add_flag("--list", options->list, "List all checks and end");
  verb->add_flag("--json", options->json, "One JSON object a line");
  verb->add_option("--port", options->port, "Port of the hosts, for --probe in a lab")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535));
  verb->add_flag("--allow-loopback", options->allow_loopback,
                 "A lab: hosts on loopback and private networks are real");
  add_dns_options(*verb, options->dns);
  verb->callback([options, &context] { context.exit_code = run(*options, context); });
}

}  // namespace waybill::cli
