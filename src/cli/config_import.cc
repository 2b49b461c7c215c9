// config_import.cc: `waybill config import postfix|sendmail`: another system's configuration as one of ours.
#include "cli/config_import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>

#include "base/bytes.h"
#include "cli/config_write.h"
#include "cli/output.h"
#include "config/import/import.h"

namespace waybill::cli {
namespace {
using config::moving::Imported;
using config::moving::NotCarried;
using config::moving::Weight;

struct Options {
  std::vector<std::string> places;
  std::string out;
  bool json = false;
};

// Plain files only: a pipe or a device in a hostile folder must not hang or fill us.
Result<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::unexpected(errno_error(path));
  struct stat about{};
  Result<std::string> out = std::string();
  if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    out = fail(Errc::invalid, "{} is not a plain file", path);
  } else if (static_cast<uint64_t>(about.st_size) > config::moving::kImportOctetsMax) {
    out = fail(Errc::invalid, "{} is larger than {}", path,
               config::format_size(config::moving::kImportOctetsMax));
  } else {
    out->resize(static_cast<size_t>(about.st_size));
    size_t done = 0;
    while (done < out->size()) {
      const ssize_t got = ::read(fd, out->data() + done, out->size() - done);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<size_t>(got);
    }
    out->resize(done);
  }
  ::close(fd);
  return out;
}

void print_json(const Imported& imported) {
  for (const NotCarried& one : imported.not_carried) {
    boost::json::object line{{"v", 1},
                             {"file", printable(one.origin.file)},
                             {"line", one.origin.line},
                             {"setting", printable(one.origin.setting, 1000)},
                             {"why", one.why},
                             {"decides", one.weight == Weight::decides}};
    if (one.origin.line == 0) line["line"] = nullptr;
    fmt::print("{}\n", boost::json::serialize(line));
  }
}

void print_text(const Imported& imported, const Context& context) {
  size_t deciding = 0;
  for (const NotCarried& one : imported.not_carried) {
    const bool decides = one.weight == Weight::decides;
    deciding += decides ? 1 : 0;
    fmt::print(stderr, "{}: {}: {}\n", one.origin.to_string(),
               coloured(decides ? Colour::red : Colour::yellow, decides ? "not carried" : "left out",
                        context.colour),
               one.why);
  }
  if (deciding > 0)
    fmt::print(stderr,
               "{} settings that decide where mail goes, or who may send, were not carried over (\"!\" at "
               "the end of "
               "the file): add what is missing before it is used\n",
               deciding);
}

int finish(const Result<Imported>& imported, const Options& options, const Context& context) {
  if (!imported) {
    fmt::print(stderr, "waybill: {}\n", printable(imported.error().what, 1000));
    return exit_usage;
  }
  if (!options.out.empty()) {
    if (const Status written = write_new(options.out, imported->toml); !written) {
      fmt::print(stderr, "waybill: {}\n", written.error().what);
      return exit_findings;
    }
  } else if (!options.json) {
    std::fwrite(imported->toml.data(), 1, imported->toml.size(), stdout);
  }
  if (options.json) {
    print_json(*imported);
  } else {
    print_text(*imported, context);
    if (!options.out.empty())
      fmt::print(stderr, "wrote {}\nNext: read it, then `waybill config check {}`.\n", options.out,
                 options.out);
  }
  if (std::fflush(stdout) != 0) return exit_findings;
  return imported->complete() ? exit_ok : exit_findings;
}

std::string machine_name() { return config::machine_hostname().text(); }
}  // namespace

void add_config_import(CLI::App& config_verb, Context& context) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = config_verb.add_subcommand("import", "Make a configuration of another mail system's");
  verb->require_subcommand(1);
  const auto common = [&](CLI::App* one) {
    one->add_option("-o,--out", options->out,
                    "write the TOML here instead of to standard output; never over a file");
    one->add_flag("--json", options->json,
                  "what was not carried over, one a line, for programs; TOML only with --out");
  };
  CLI::App* postfix =
      verb->add_subcommand("postfix", "Postfix's main.cf, master.cf and the tables that they name");
  postfix->add_option("DIR", options->places, "its folder, such as /etc/postfix")->required()->expected(1);
  common(postfix);
  postfix->callback([options, &context] {
    context.exit_code =
        finish(config::moving::import_postfix(options->places.front(), read_file, machine_name()), *options,
               context);
  });
  CLI::App* sendmail = verb->add_subcommand(
      "sendmail", "sendmail.mc, local-host-names, mailertable, relay-domains and the like");
  sendmail
      ->add_option("DIR|FILE", options->places, "a folder such as /etc/mail, or files by their usual names")
      ->required()
      ->expected(1, 100);
  common(sendmail);
  sendmail->callback([options, &context] {
    context.exit_code = finish(config::moving::import_sendmail(options->places, read_file, machine_name()),
                               *options, context);
  });
}

}  // namespace waybill::cli
