// lint.cc: `waybill lint ZONEFILE…`: what is wrong in zone files, before anybody serves them. Asks nothing of
// the network.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>

#include "base/bytes.h"
#include "check/catalogue.h"
#include "check/zone/zone_check.h"
#include "cli/lint_print.h"
#include "cli/verbs.h"

namespace waybill::cli {
namespace {
constexpr const char* kStdin = "<stdin>";

struct LintWords {
  std::vector<std::string> files;
  std::string origin;
  bool allow_loopback = false;
  bool json = false;
  LeniencyOptions leniency;
};

bool is_known(std::string_view id) {
  return check::find_zone_check(id) != nullptr || check::find_check(id) != nullptr;
}

/// Standard input, at most as much as a zone file may have.
Result<std::string> read_stdin(size_t octets_max) {
  std::string text;
  std::string piece(1 << 16, '\0');
  while (std::cin.read(piece.data(), static_cast<std::streamsize>(piece.size())) || std::cin.gcount() > 0) {
    text.append(piece, 0, static_cast<size_t>(std::cin.gcount()));
    if (text.size() > octets_max) return fail(Errc::invalid, "standard input has over {} octets", octets_max);
  }
  return text;
}

struct Read {
  std::vector<dns::ZoneFile> files;
  SourceLines lines;
  int code = exit_ok;
};

Read read_all(const LintWords& words, const dns::ZoneReadOptions& options) {
  Read out;
  for (const std::string& path : words.files) {
    dns::ZoneFile file;
    if (path == "-") {
      const auto text = read_stdin(options.octets_max);
      if (!text) {
        complain(text.error().what);
        out.code = exit_usage;
        continue;
      }
      out.lines.put(kStdin, *text);
      file = dns::read_zone_text(*text, kStdin, options);
    } else {
      file = dns::read_zone_file(path, options);
    }
    // Errors without a line are of the file itself.
    const auto whole = std::ranges::find(file.errors, 0, &dns::ZoneError::line);
    if (whole != file.errors.end()) {
      complain(whole->what);
      out.code = exit_usage;
      continue;
    }
    out.files.push_back(std::move(file));
  }
  return out;
}

int run(const LintWords& words, const Context& context) {
  const auto usage = [](const std::string& what) {
    complain(what);
    return exit_usage;
  };
  if (std::ranges::count(words.files, "-") > 1) return usage("standard input (-) can be read once");
  dns::ZoneReadOptions options;
  if (!words.origin.empty()) {
    auto origin = dns::Name::parse(words.origin);
    if (!origin) return usage(fmt::format("--origin: {}", origin.error().what));
    options.origin = std::move(*origin);
  }
  const auto leniency = read_leniency(words.leniency, is_known);
  if (!leniency) return usage(leniency.error().what);
  Read read = read_all(words, options);
  const auto all = lint(read.files, {.lab = words.allow_loopback});
  const Paint paint = context.colour ? Paint::on : Paint::off;
  int code = read.code;
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string& name = read.files[i].name;
    print_text(words.json ? linted_json(name, all[i], *leniency)
                          : linted_text(name, all[i], *leniency, paint,
                                        [&](const check::Where& where) { return read.lines.line(where); }));
    code = worse_exit(code, exit_of(all[i].findings, *leniency));
  }
  return code;
}
}  // namespace

void add_lint(CLI::App& app, Context& context) {
  const auto words = std::make_shared<LintWords>();
  CLI::App* verb =
      app.add_subcommand("lint", "What is wrong in a zone file, for DNS and for mail, with its place");
  verb->add_option("zonefile", words->files, "Zone files, which answer for one another; - for standard input")
      ->type_name("ZONEFILE")
      ->required();
  verb->add_option("--origin", words->origin, "The zone, where the file's name and $ORIGIN do not tell it")
      ->type_name("NAME");
  add_leniency_options(*verb, words->leniency);
  verb->add_flag("--allow-loopback", words->allow_loopback,
                 "A lab: hosts on loopback and private networks are real");
  verb->add_flag("--json", words->json, "One JSON object a line");
  verb->callback([words, &context] { context.exit_code = run(*words, context); });
}

}  // namespace waybill::cli
