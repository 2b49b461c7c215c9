// plan.cc: `waybill plan DOMAIN --zone NEW --at TIME`: the DNS as it is against the DNS as a new zone would
// make it: what changes for mail, what is unsafe about it, and the safe order of steps.
#include <algorithm>
#include <fstream>
#include <memory>

#include "base/bytes.h"
#include "check/change/change.h"
#include "cli/dns_options.h"
#include "cli/plan_print.h"
#include "cli/verbs.h"
#include "cli/when.h"
#include "probe/prober.h"
#include "resolve/overlay_resolver.h"
#include "route/inbox.h"

namespace waybill::cli {
namespace {
using check::change::ChangePlan;
using check::change::Move;
using check::change::Side;
using check::change::SideAsk;
using check::change::SideQuestion;

struct PlanOptions {
  std::string domain;
  std::vector<std::string> live_zones;
  std::vector<std::string> selectors;
  std::vector<std::string> allow;
  std::string at;
  std::string now;
  std::string queue_time = "5d";
  std::string new_policy;  ///< files
  std::string live_policy;
  std::string format = "text";
  bool json = false;
  bool no_fetch = false;
  bool authoritative = false;
  uint16_t port = 25;
  DnsOptions dns;
};

/// Another's resolver, for a stack that wants its own.
class Borrowed final : public dns::Resolver {
 public:
  explicit Borrowed(dns::Resolver& resolver) : resolver_(resolver) {}
  void resolve(const dns::Question& question, Done done) override {
    resolver_.resolve(question, std::move(done));
  }

 private:
  dns::Resolver& resolver_;
};

/// Both worlds, and what was given in place of a policy's fetching.
struct Outside {
  std::unique_ptr<dns::Resolver> live;
  std::unique_ptr<dns::Resolver> proposed;
  std::unique_ptr<probe::Prober> prober;  ///< fetches the policy of today, asks single servers; none: neither
  std::optional<check::PolicySaid> live_policy;
  std::optional<check::PolicySaid> new_policy;
};

/// Selectors of DKIM keys in a zone file: those that the DNS alone would never tell.
void add_selectors(const std::string& path, const dns::Name& domain, std::vector<std::string>& out) {
  const auto keys = domain.child("_domainkey");
  if (!keys) return;
  for (const dns::ZoneRecord& each : dns::read_zone_file(path, {.default_ttl_s = 3600}).records) {
    const dns::Record& record = each.record;
    if (record.type != dns::Type::txt && record.type != dns::Type::cname) continue;
    if (!record.owner.is_within(*keys) || record.owner == *keys) continue;
    const std::string text = record.owner.to_string();
    std::string selector = text.substr(0, text.size() - keys->to_string().size() - 1);
    if (std::ranges::find(out, selector) == out.end()) out.push_back(std::move(selector));
  }
}

Result<check::PolicySaid> read_policy(const std::string& path) {
  constexpr size_t kOctetsMax = size_t{1}
                                << 20;  // far above what a policy may have: too long is then its fault
  std::ifstream file(path, std::ios::binary);
  std::string text(kOctetsMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (!file.eof()) return fail(Errc::io, "cannot read {} as an MTA-STS policy", printable(path, 200));
  auto said = check::change::given_policy(std::move(text));
  if (!said) return pass(said.error(), path);
  return std::move(*said);
}

Status read_times(const PlanOptions& options, Move& move) {
  const Time today = SystemClock().now();
  const auto now = options.now.empty() ? Result<Time>(today) : parse_when(options.now, today);
  if (!now) return pass(now.error(), "--now");
  // A plan to the second reads better, and nothing in the DNS is finer.
  move.now = std::chrono::floor<Seconds>(*now);
  const auto queue_time = parse_duration(options.queue_time);
  if (!queue_time) return pass(queue_time.error(), "--queue-time");
  move.queue_time = std::chrono::ceil<Seconds>(*queue_time);
  if (options.at.empty()) return {};
  const auto at = parse_when(options.at, move.now);
  if (!at) return pass(at.error(), "--at");
  if (*at < move.now)
    return fail(Errc::invalid, "--at {} is past: it is {}", format_when(*at), format_when(move.now));
  move.at = *at;
  return {};
}

Result<Move> read_move(const PlanOptions& options, Leniency& leniency) {
  std::string text = options.domain;
  if (text.size() > 1 && text.ends_with('.')) text.pop_back();
  auto domain = mail::Domain::parse(text);
  if (!domain) return pass(domain.error());
  auto subject = check::Subject::of(*domain);
  if (!subject) return pass(subject.error());
  Move move{.subject = std::move(*subject), .now = {}, .at = {}, .allowed = {}};
  move.subject.port = options.port;
  if (auto read = read_times(options, move); !read) return pass(read.error());
  for (const std::string& selector : options.selectors) {
    if (auto name = dns::Name::parse(selector); !name || name->is_root())
      return fail(Errc::invalid, "--selector '{}' can't stand in a domain name", printable(selector, 60));
    move.subject.selectors.push_back(selector);
  }
  for (const auto& files : {options.live_zones, options.dns.zones}) {
    for (const std::string& file : files) add_selectors(file, move.subject.name, move.subject.selectors);
  }
  const auto known = [](std::string_view id) {
    const auto all = check::change::change_checks();
    return std::ranges::any_of(all, [id](const auto* each) { return each->about.id == id; });
  };
  for (const std::string& allow : options.allow) {
    if (auto added = add_allowed(allow, known, leniency); !added) return pass(added.error());
  }
  for (const auto& [id, reason] : leniency.allowed) move.allowed.insert(id);
  return move;
}

/// Errors: a zone file (each with its place), one that does not hold the domain, a server, a policy file.
Result<Outside> open_outside(const PlanOptions& options, Move& move) {
  DnsOptions live = options.dns;
  live.zones = options.live_zones;
  auto resolver = open_resolver(live);
  if (!resolver) return pass(resolver.error());
  auto loaded = resolve::load_zones(options.dns.zones);
  if (!loaded) return pass(loaded.error());
  if (loaded->zones.find(move.subject.name) == nullptr) {
    return fail(Errc::invalid, "{} is in none of the new zones ({})", move.subject.name.to_string(),
                fmt::join(options.dns.zones, ", "));
  }
  Outside out{
      .live = std::move(*resolver), .proposed = {}, .prober = {}, .live_policy = {}, .new_policy = {}};
  out.proposed = std::make_unique<resolve::OverlayResolver>(std::move(loaded->zones),
                                                            std::make_unique<Borrowed>(*out.live));
  const std::pair<const std::string&, std::optional<check::PolicySaid>&> files[] = {
      {options.live_policy, out.live_policy}, {options.new_policy, out.new_policy}};
  for (const auto& [path, said] : files) {
    if (path.empty()) continue;
    auto policy = read_policy(path);
    if (!policy) return pass(policy.error());
    said = std::move(*policy);
  }
  move.new_policy_given = out.new_policy.has_value();
  move.subject.fetch_policy = !options.no_fetch || out.live_policy || out.new_policy;
  move.exact_ttls = options.authoritative;
  if (!options.no_fetch || options.authoritative) {
    auto prober = probe::Prober::open(*out.live, {});
    if (!prober) return pass(prober.error());
    out.prober = std::move(*prober);
  }
  return out;
}

SideAsk ask_both(const Outside& outside, const route::Post& post) {
  const check::Ask others = outside.prober ? outside.prober->ask(post) : check::Ask{};
  return [&outside, live = check::ask_world(*outside.live, post, others),
          proposed = check::ask_world(*outside.proposed, post, others)](
             const SideQuestion& asked, std::function<void(check::Answer)> reply) {
    if (std::holds_alternative<check::AskPolicy>(asked.question)) {
      const auto& given =
          asked.side == Side::proposed && outside.new_policy ? outside.new_policy : outside.live_policy;
      if (given) return reply(*given);
    }
    (asked.side == Side::live ? live : proposed)(asked.question, std::move(reply));
  };
}

std::optional<ChangePlan> plan_blocking(const Move& move, const Outside& outside) {
  const auto inbox = std::make_shared<route::Inbox>();
  bool ended = false;
  std::optional<ChangePlan> result;
  check::change::run_plan(
      check::catalogue(), move,
      ask_both(outside, [inbox](std::function<void()> job) { inbox->post(std::move(job)); }),
      [&](std::optional<ChangePlan> plan) {
        result = std::move(plan);
        ended = true;
      });
  while (!ended) inbox->run_one();
  return result;
}

int run(const PlanOptions& options, const Context& context) {
  const auto usage = [](const Error& error) {
    complain(error.what);
    return exit_usage;
  };
  Leniency leniency;
  auto move = read_move(options, leniency);
  if (!move) return usage(move.error());
  const auto outside = open_outside(options, *move);
  if (!outside) return usage(outside.error());
  const auto plan = plan_blocking(*move, *outside);
  if (!plan) {
    complain(fmt::format("{}: the plan came to no end: please report this", options.domain));
    return exit_unknown;
  }
  const PlannedChange planned{.move = *move, .plan = *plan, .leniency = leniency};
  if (options.json || options.format == "json")
    print_text(change_json(planned));
  else if (options.format == "markdown")
    print_text(change_markdown(planned));
  else
    print_text(change_text(planned, context.colour ? Paint::on : Paint::off));
  return exit_of(plan->decision);
}
}  // namespace

void add_plan(CLI::App& app, Context& context) {
  const auto options = std::make_shared<PlanOptions>();
  CLI::App* verb =
      app.add_subcommand("plan", "What a new zone changes for mail, and the safe order of steps");
  verb->add_option("domain", options->domain, "The mail domain")->required()->type_name("DOMAIN");
  add_dns_options(*verb, options->dns);
  verb->get_option("--zone")
      ->description("The zone file as it is to be (repeatable)")
      ->required()
      ->group("Options");
  verb->add_option("--at", options->at,
                   "When: 2026-11-23T10:00:00Z, +2d, 'in 6h'; default: as soon as it is safe")
      ->type_name("TIME");
  verb->add_option("--live-zone", options->live_zones,
                   "Take this zone file for what is live, to try out (repeatable)")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->check(CLI::ExistingFile);
  verb->add_option("--selector", options->selectors,
                   "A DKIM selector, besides those of the zone files (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  verb->add_option("--sts-policy", options->new_policy, "The MTA-STS policy as it is to be")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  verb->add_option("--live-sts-policy", options->live_policy,
                   "The MTA-STS policy of today, instead of fetching it")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  verb->add_flag("--authoritative", options->authoritative,
                 "Ask the zone's own name servers for TTLs: a --server that is a cache tells what is left");
  verb->add_flag("--no-fetch", options->no_fetch, "Don't fetch the MTA-STS policy of today (HTTPS)");
  verb->add_option("--queue-time", options->queue_time, "How long mail may wait in queues (default 5d)")
      ->type_name("TIME");
  verb->add_option("--allow", options->allow, "This change.* finding is meant so, and why (repeatable)")
      ->type_name("ID=REASON")
      ->allow_extra_args(false);
  verb->add_option("--format", options->format, "text, markdown or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "markdown", "json"}));
  verb->add_flag("--json", options->json, "One JSON object a line");
  verb->add_option("--port", options->port, "Port of the hosts, for their TLSA records")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535));
  verb->add_option("--now", options->now, "Plan as if it were this time")->type_name("TIME");
  verb->callback([options, &context] { context.exit_code = run(*options, context); });
}

}  // namespace waybill::cli
