// rehearse.cc: `waybill rehearse FILE.scn…` plays scenarios and judges them; `waybill rehearse DOMAIN…` plays
// hours of mail for real domains, with hosts that fail when the flags say so. The planner, the queue and
// delivery are the router's own; nothing is connected to.
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/log.h"
#include "cli/progress.h"
#include "cli/rehearse_svg.h"
#include "cli/rehearse_text.h"
#include "cli/rehearse_world.h"
#include "cli/verbs.h"
#include "rehearse/bundle.h"
#include "rehearse/engine.h"
#include "rehearse/judge.h"
#include "rehearse/read.h"

namespace waybill::cli {
namespace {
struct RehearseOptions {
  WorldOptions world;
  std::string plot;
  bool json = false;
  bool whole = false;
  std::optional<uint64_t> seed;
};

/// "x.scn" or a path is a scenario, all else a domain.
bool is_file(const std::string& text) {
  return text.ends_with(".scn") || text.find('/') != std::string::npos;
}

Screen screen_of(const Context& context) {
  winsize size{};
  Screen out;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) out.columns = size.ws_col;
  out.glyphs = glyphs_of_locale(std::getenv("LC_ALL"), std::getenv("LC_CTYPE"), std::getenv("LANG"));
  out.paint = context.colour ? Paint::on : Paint::off;
  return out;
}

/// Says on a terminal how far the run is.
class ProgressRecorder final : public rehearse::Recorder {
 public:
  ProgressRecorder(rehearse::Summarizer& summary, uint64_t messages)
      : summary_(summary), progress_("messages", messages) {}
  void connect(rehearse::Journal::Connect one) override { summary_.connect(std::move(one)); }
  void taken(rehearse::Journal::Taken one) override { summary_.taken(std::move(one)); }
  void arrival(rehearse::Journal::Arrival one) override { summary_.arrival(std::move(one)); }
  void attempt(rehearse::Journal::Attempt one) override {
    const Millis at = one.at;
    summary_.attempt(std::move(one));
    if (++attempts_ % 1024 == 0) progress_.update(summary_.ended(), "at " + format_duration(at));
  }
  void report(rehearse::Journal::Sent one) override { summary_.report(std::move(one)); }
  void depth(rehearse::Journal::Depth one) override { summary_.depth(one); }
  void calm(const rehearse::Journal::Calm& one) override {
    summary_.calm(one);
    progress_.update(summary_.ended(), "at " + format_duration(one.to));
  }

 private:
  rehearse::Summarizer& summary_;
  Progress progress_;
  uint64_t attempts_ = 0;
};

/// Plays it. `recorder` is told besides.
Result<Rehearsal> play(const rehearse::Scenario& scenario, rehearse::Summarizer& summary,
                       rehearse::Recorder& recorder, const rehearse::CalmRule& calm) {
  const SystemClock clock;
  const Steady begun = clock.steady();
  const auto ended = rehearse::run(scenario, recorder, calm);
  if (!ended) return pass(ended.error());
  Rehearsal out;
  out.seed = scenario.seed;
  out.took = clock.steady() - begun;
  out.custody_faults = ended->custody_faults;
  out.summary = summary.finish(ended->at);
  return out;
}

Status write_plot(const std::string& path, const Rehearsal& rehearsal) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << rehearsal_svg(rehearsal);
  out.flush();
  if (!out) return fail(Errc::io, "cannot write {}: {}", path, std::strerror(errno));
  return {};
}

int show(const Rehearsal& rehearsal, const RehearseOptions& options, const std::string& text) {
  print_text(options.json ? rehearsal_json(rehearsal) : text);
  if (!options.plot.empty()) {
    if (Status written = write_plot(options.plot, rehearsal); !written) {
      complain(written.error().what);
      return exit_usage;
    }
  }
  if (!rehearsal.unknown.empty()) return exit_unknown;
  const rehearse::Summary& summary = rehearsal.summary;
  const bool lost = summary.bounced + summary.expired > 0 || !rehearsal.custody_faults.empty();
  if (rehearsal.expectations > 0) return rehearsal.unmet.empty() ? exit_ok : exit_findings;
  return lost ? exit_findings : exit_ok;
}

int play_file(const std::string& path, const RehearseOptions& options, const Context& context) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    complain(fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
    return exit_usage;
  }
  auto scenario = rehearse::read_scenario(text.str(), path);
  if (!scenario) {
    complain(scenario.error().what);
    return exit_usage;
  }
  if (options.seed) scenario->seed = *options.seed;
  rehearse::Journal journal;
  rehearse::JournalRecorder whole(journal);
  rehearse::Summarizer summary(*scenario);
  rehearse::TwoRecorders both(whole, summary);
  auto played = play(*scenario, summary, both, rehearse::CalmRule::play_all());  // expectations count
  if (!played) {
    complain(fmt::format("{}: {}", path, played.error().what));
    return exit_findings;
  }
  journal.end = played->summary.end;
  journal.custody_faults = played->custody_faults;
  played->title = path;
  played->expectations = scenario->expectations.size();
  played->unmet = rehearse::judge(*scenario, journal);
  played->players = players_of(*scenario, {});
  const bool alone = options.world.domains.size() == 1;
  const Screen screen = screen_of(context);
  return show(*played, options,
              alone ? rehearsal_text(*played, screen) : verdict_text(*played, screen.paint));
}

int play_domains(const RehearseOptions& options, const Context& context) {
  WorldOptions asked = options.world;
  asked.seed = options.seed.value_or(1);
  auto world = make_world(asked);
  if (!world) {
    complain(world.error().why);
    return world.error().code;
  }
  const uint64_t each = options.whole ? 1 : rehearse::bundle_size(world->scenario);
  const rehearse::Scenario scenario = rehearse::bundled(world->scenario, each);
  rehearse::Summarizer summary(scenario, each);
  Result<Rehearsal> played;
  {
    ProgressRecorder recorder(summary, world->messages);
    played = play(scenario, summary, recorder,
                  options.whole ? rehearse::CalmRule::play_all() : rehearse::CalmRule{});
  }
  if (!played) {
    complain(played.error().what);
    return exit_findings;
  }
  played->domains = world->domains;
  played->title = fmt::format("{}", fmt::join(world->domains, ", "));
  played->load = world->load;
  played->unknown = world->unknown;
  played->players = players_of(world->scenario, world->surveyed);
  return show(*played, options, rehearsal_text(*played, screen_of(context)));
}

int run(const RehearseOptions& options, const CLI::App& verb, const Context& context) {
  log::configure(log::Level::error, log::Format::text);  // thousands of virtual failures are no news
  const auto& words = options.world.domains;
  const auto files = static_cast<size_t>(std::ranges::count_if(words, is_file));
  if (files == 0) return play_domains(options, context);
  if (files != words.size()) {
    complain("scenario files or domains, not both at once");
    return exit_usage;
  }
  for (const char* flag : {"--down", "--silent", "--slow", "--does", "--rate", "--for", "--size", "--config",
                           "--self", "--backup", "--whole", "--zone", "--server"}) {
    if (verb.count(flag) == 0) continue;
    complain(fmt::format("{} is for domains: what happens in a scenario stands in its file", flag));
    return exit_usage;
  }
  if (!options.plot.empty() && words.size() > 1) {
    complain("--plot draws one scenario at a time");
    return exit_usage;
  }
  int code = exit_ok;
  for (const std::string& path : words) code = worse_exit(code, play_file(path, options, context));
  return code;
}

void add_world_options(CLI::App& verb, WorldOptions& world) {
  const auto many = [&verb](const char* name, std::vector<std::string>& into, const char* help,
                            const char* type) {
    verb.add_option(name, into, help)->type_name(type)->allow_extra_args(false);
  };
  many("--down", world.down, "This host, address or network refuses connections (repeatable)",
       "HOST[@FROM..TO]");
  many("--silent", world.silent, "Nobody answers there: connections time out (repeatable)",
       "HOST[@FROM..TO]");
  many("--slow", world.slow, "Each of its replies takes this long (repeatable)", "HOST=TIME[@FROM..TO]");
  many("--does", world.does, "A line of a scenario's host, such as 'mx1=greylist 5m' (repeatable)",
       "HOST=LINE");
  verb.add_option("--rate", world.rate, "Messages that come in, all domains together")
      ->type_name("N/s|m|h|d")
      ->capture_default_str();
  verb.add_option("--for", world.span, "How long mail comes in")->type_name("TIME")->capture_default_str();
  verb.add_option("--size", world.size, "Size of each message")->type_name("SIZE")->capture_default_str();
  verb.add_option("--config", world.config_path, "The sender is the daemon with this configuration")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  many("--self", world.self, "The sender is this host or address (repeatable)", "HOST");
  verb.add_flag("--backup", world.backup, "The sender is a backup MX: better hosts only");
  verb.add_flag("--allow-loopback", world.allow_loopback, "A lab: hosts on loopback are real");
}
}  // namespace

void add_rehearse(CLI::App& app, Context& context) {
  const auto options = std::make_shared<RehearseOptions>();
  CLI::App* verb = app.add_subcommand("rehearse", "Hours of mail in a moment: who takes it when hosts fail");
  verb->add_option("domain", options->world.domains, "Domains, or scenario files (*.scn)")
      ->required()
      ->type_name("DOMAIN|FILE");
  add_world_options(*verb, options->world);
  verb->add_option("--seed", options->seed,
                   "Order equals and spread waits by this number; the same gives the same run")
      ->type_name("NUMBER");
  verb->add_option("--plot", options->plot, "Draw load and queue over time")->type_name("FILE.svg");
  verb->add_flag(
      "--whole", options->whole,
      "Play every message, also where nothing changes for hours and a minute could stand for the rest");
  verb->add_flag("--json", options->json, "One JSON object a line");
  add_dns_options(*verb, options->world.dns);
  verb->callback([options, verb, &context] { context.exit_code = run(*options, *verb, context); });
}

}  // namespace waybill::cli
