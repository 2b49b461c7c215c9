// config.cc: `waybill config init` writes a commented file, `waybill config check` proves one.
#include "config/config.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/bytes.h"
#include "cli/config_backup.h"
#include "cli/config_check.h"
#include "cli/config_import.h"
#include "cli/config_primary.h"
#include "cli/config_write.h"
#include "cli/dns_options.h"
#include "cli/verbs.h"
#include "daemon/from_config.h"
#include "daemon/primary_places.h"

namespace waybill::cli {
namespace {
namespace fs = std::filesystem;
constexpr Seconds kDnsPatience{5};  ///< of one question

int init(const std::string& path) {
  const std::string text = config::commented_default();
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return std::fflush(stdout) == 0 ? exit_ok : exit_findings;
  }
  if (const Status written = write_new(path, text); !written) {
    fmt::print(stderr, "waybill: {}\n", written.error().what);
    return exit_findings;
  }
  // Not on standard output: `config init > FILE` would make a file of this sentence.
  fmt::print(stderr, "wrote {}\nNext: edit it, then `waybill config check {}`.\n", path, path);
  return exit_ok;
}

// Lines of the files that findings speak of, each file read once.
class Lines {
 public:
  std::string get(const std::string& file, uint32_t line) {
    auto& lines = files_[file];
    if (lines.empty()) read(file, lines);
    return line >= 1 && line <= lines.size() ? lines[line - 1] : std::string();
  }

 private:
  static void read(const std::string& file, std::vector<std::string>& lines) {
    std::ifstream in(file);
    std::string line;
    constexpr size_t kLinesMax = 1'000'000;
    while (lines.size() < kLinesMax && std::getline(in, line)) lines.push_back(line);
  }
  std::map<std::string, std::vector<std::string>> files_;
};

// The line and a caret. Columns count characters, so the caret counts them too; tabs stay tabs.
void print_excerpt(const std::string& line, uint32_t column) {
  if (line.empty() || column == 0 || line.size() > 300) return;
  std::string caret;
  std::string shown;
  uint32_t at = 1;
  for (const char c : line) {
    const auto octet = static_cast<unsigned char>(c);
    shown += octet < 0x20 && c != '\t' ? ' ' : c;
    if ((octet & 0xc0) == 0x80) continue;  // the rest of a UTF-8 character
    if (at++ < column) caret += c == '\t' ? '\t' : ' ';
  }
  fmt::print("    {}\n    {}^\n", shown, caret);
}

void print_text(const std::vector<ConfigFinding>& findings, const std::string& file, const Context& context) {
  Lines lines;
  size_t counts[3] = {};
  for (const ConfigFinding& finding : findings) {
    ++counts[static_cast<size_t>(finding.level)];
    static constexpr std::string_view kColours[] = {"\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m"};
    const std::string_view on = context.colour ? kColours[static_cast<size_t>(finding.level)] : "";
    const std::string_view off = context.colour ? "\x1b[0m" : "";
    const std::string where = finding.line == 0
                                  ? finding.file
                                  : fmt::format("{}:{}:{}", finding.file, finding.line, finding.column);
    const std::string subject = finding.line == 0 && !finding.subject.empty() ? finding.subject + ": " : "";
    fmt::print("{}: {}{}{}: {}{}\n", where, on, to_string(finding.level), off, subject, finding.message);
    if (finding.line != 0) print_excerpt(lines.get(finding.file, finding.line), finding.column);
    if (!finding.fix.empty()) fmt::print("    fix: {}\n", finding.fix);
  }
  const auto plural = [](size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  if (counts[0] == 0 && counts[1] == 0) return fmt::print("{}: fine\n", file);
  fmt::print("{}: {}, {}\n", file, plural(counts[0], "error"), plural(counts[1], "warning"));
}

void print_json(const std::vector<ConfigFinding>& findings) {
  for (const ConfigFinding& finding : findings) {
    boost::json::object out{
        {"v", 1},
        {"id", finding.id},
        {"level", to_string(finding.level)},
        {"subject", finding.subject},
        {"got", finding.message},
        {"want", nullptr},
        {"ref", nullptr},
        {"fix", finding.fix.empty() ? boost::json::value(nullptr) : boost::json::value(finding.fix)}};
    if (finding.line == 0) {
      out["where"] = nullptr;
    } else {
      out["where"] =
          boost::json::object{{"file", finding.file}, {"line", finding.line}, {"column", finding.column}};
    }
    fmt::print("{}\n", boost::json::serialize(out));
  }
}

enum class Output { text, json };
enum class Ask { dns, nobody };

// What the DNS says of the domains that this host is a backup for, and of those that end here. A resolver
// that can't be made is no fault of theirs.
void add_from_dns(const config::Config& config, const std::string& path,
                  std::vector<ConfigFinding>& findings) {
  const bool asks = std::ranges::any_of(config.domains, [](const config::Domain& domain) {
    return domain.role == config::DomainRole::backup || daemon::expects_mx_here(domain);
  });
  if (!asks) return;
  resolve::Options options = daemon::resolver_options(config);
  options.timeout = std::min<Millis>(options.timeout, kDnsPatience);
  auto resolver = open_resolver({}, std::move(options));
  if (!resolver) return;
  for (ConfigFinding& finding : check_backups(config, path, **resolver))
    findings.push_back(std::move(finding));
  for (ConfigFinding& finding : check_primaries(config, path, **resolver))
    findings.push_back(std::move(finding));
}

int check(const std::string& path, Output output, Ask ask, const Context& context) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    fmt::print(stderr, "waybill: {} is a folder, not a configuration file\n", path);
    return exit_usage;
  }
  if (!fs::is_regular_file(path, error)) {
    fmt::print(stderr, "waybill: there is no file {}; `waybill config init {}` writes one\n", path, path);
    return exit_usage;
  }
  const auto config = config::load(path);
  auto findings = config ? check_machine(*config, path, SystemClock().now()) : as_findings(config.error());
  if (config && ask == Ask::dns) add_from_dns(*config, path, findings);
  if (output == Output::json) {
    print_json(findings);
  } else {
    print_text(findings, path, context);
  }
  for (const ConfigFinding& finding : findings) {
    if (finding.level == Level::error) return exit_findings;
  }
  return exit_ok;
}
}  // namespace

void add_config(CLI::App& app, Context& context) {
  struct Options {
    std::string init_path = config::default_path();
    std::string check_path = config::default_path();
    bool json = false;
    bool offline = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("config", "Write or prove a configuration file");
  verb->require_subcommand(1);

  CLI::App* init_verb =
      verb->add_subcommand("init", "Write a file with every key explained and set to its default");
  init_verb
      ->add_option("FILE", options->init_path,
                   "where to; \"-\": standard output; what exists is never overwritten")
      ->capture_default_str();
  init_verb->callback([options, &context] { context.exit_code = init(options->init_path); });

  CLI::App* check_verb =
      verb->add_subcommand("check", "Prove a file: grammar, values, certificates, addresses, zones");
  check_verb->add_option("FILE,--config", options->check_path, "the file")->capture_default_str();
  check_verb->add_flag("--json", options->json, "one finding a line, for programs");
  check_verb->add_flag("--offline", options->offline, "ask no DNS where the MX records of its domains lead");
  check_verb->callback([options, &context] {
    context.exit_code = check(options->check_path, options->json ? Output::json : Output::text,
                              options->offline ? Ask::nobody : Ask::dns, context);
  });
  add_config_import(*verb, context);
}

}  // namespace waybill::cli
