#include "cli/demo/story.h"

#include <fmt/color.h>

#include <thread>

#include "cli/demo/injector.h"
#include "cli/demo/reckoning.h"
#include "control/client.h"

namespace waybill::cli::demo {
namespace {
constexpr Seconds kStartPatience{20};
constexpr Seconds kDeliverPatience{30};
constexpr uint32_t kBurst = 40;
const std::string kSender = "mail.sender.test";

class Teller {
 public:
  Teller(World& world, bool colour)
      : world_(world), colour_(colour), start_(std::chrono::steady_clock::now()) {}

  Status tell() {
    for (const auto act :
         {&Teller::open, &Teller::share_the_load, &Teller::address_only, &Teller::hosted_subdomain,
          &Teller::hopeless, &Teller::outage, &Teller::recovery, &Teller::account}) {
      if (Status told = (this->*act)(); !told) return told;
    }
    return {};
  }

 private:
  void heading(std::string_view text) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    fmt::print("\n{:5.1f} s  ", seconds);
    if (colour_) {
      fmt::print(fmt::emphasis::bold | fg(fmt::terminal_color::cyan), "{}", text);
    } else {
      fmt::print("{}", text);
    }
    fmt::print("\n");
  }
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    fmt::print("         {}\n", fmt::format(format, std::forward<Args>(args)...));
    std::fflush(stdout);
  }

  Result<std::vector<Receipt>> send(const std::string& to, uint32_t count) {
    std::vector<Letter> letters;
    for (uint32_t i = 0; i < count; ++i)
      letters.push_back({"ann@sender.test", to, fmt::format("letter {} of the demo", ++sent_)});
    auto receipts = inject(world_.smtp(kSender), world_.host(kSender).ip, std::move(letters));
    if (!receipts) return receipts;
    for (const Receipt& receipt : *receipts) {
      if (receipt.code != 250)
        return fail(Errc::refused, "{} did not take a letter to {}: {}", kSender, to, receipt.text);
    }
    return receipts;
  }

  // Waits for a condition that mailboxes and queues must reach; says what was seen when they don't.
  template <class Reached>
  Status wait(std::string_view what, Reached reached) {
    const auto end = std::chrono::steady_clock::now() + kDeliverPatience;
    while (std::chrono::steady_clock::now() < end) {
      if (reached()) return {};
      std::this_thread::sleep_for(Millis{25});
    }
    return fail(Errc::timeout, "{} did not happen within {}", what, format_duration(kDeliverPatience));
  }

  size_t at(const std::string& host) const { return world_.mailbox_count(host); }
  uint64_t held_by_backups() const {
    uint64_t held = 0;
    for (const char* name : {"backup1.safe.test", "backup2.safe.test"})
      held += queued(world_.host(name)).value_or(0);
    return held;
  }

  Status open();
  Status share_the_load();
  Status address_only();
  Status hosted_subdomain();
  Status hopeless();
  Status outage();
  Status recovery();
  Status account();

  World& world_;
  bool colour_;
  std::chrono::steady_clock::time_point start_;
  uint32_t sent_ = 0;
};

Status Teller::open() {
  heading("A small internet");
  say("One name server and {} mail hosts, each a waybill process of its own on loopback:",
      world_.hosts().size());
  if (Status up = world_.start_all(kStartPatience); !up) return up;
  for (const auto& [name, host] : world_.hosts()) {
    say("  {:<18} {:<18} {}", name, world_.smtp(name).to_string(), host.place);
  }
  say("The zone is {}; every answer comes from there in real DNS packets.", world_.zone_file());
  say("Ask it yourself:  {} lookup town.test --server {} --no-dnssec", program_for_shell(),
      world_.dns().to_string());
  return {};
}

Status Teller::share_the_load() {
  heading("Two equal primaries share the load");
  say("ann@sender.test writes {} letters to bob@town.test (MX 10 mx1, 10 mx2, 20 backup1, 20 backup2).",
      kBurst);
  const auto first = send("bob@town.test", kBurst);
  if (!first) return pass(first.error());
  say("The router's last word to her: {}", first->back().text);
  if (Status done =
          wait("delivery to town.test", [&] { return at("mx1.town.test") + at("mx2.town.test") >= kBurst; });
      !done)
    return done;
  say("Delivered: {} at mx1, {} at mx2, none at the backups.", at("mx1.town.test"), at("mx2.town.test"));
  return {};
}

Status Teller::address_only() {
  heading("A domain with no MX, only an address");
  if (auto sent = send("ann@plain.test", 5); !sent) return pass(sent.error());
  if (Status done = wait("delivery to plain.test", [&] { return at("plain.test") >= 5; }); !done) return done;
  say("plain.test has no MX record, so its own address is its mail host (RFC 5321 5.1): 5 letters "
      "delivered.");
  return {};
}

Status Teller::hosted_subdomain() {
  heading("A subdomain hosted elsewhere");
  if (auto sent = send("ann@shop.town.test", 5); !sent) return pass(sent.error());
  if (Status done = wait("delivery to shop.town.test", [&] { return at("mail.hosting.test") >= 5; }); !done)
    return done;
  say("shop.town.test has an MX of its own; town.test's hosts never saw these 5 letters.");
  return {};
}

Status Teller::hopeless() {
  heading("Hopeless recipients end in a bounce, not in silence");
  const size_t before = at(kSender);
  for (const char* to : {"ann@silent.test", "nobody@plain.test", "ann@missing.test"}) {
    if (auto sent = send(to, 1); !sent) return pass(sent.error());
  }
  if (Status done = wait("three bounces", [&] { return at(kSender) >= before + 3; }); !done) return done;
  say("ann@silent.test    the domain says it takes no mail (null MX, RFC 7505)");
  say("nobody@plain.test  its host says there is no such user");
  say("ann@missing.test   the DNS says there is no such domain");
  say("Three reports lie in ann's own mailbox.");
  return {};
}

Status Teller::outage() {
  heading("The primaries' site fails");
  world_.host("mx1.town.test").process.kill();
  world_.host("mx2.town.test").process.kill();
  say("mx1 and mx2 are killed without warning. {} more letters to bob@town.test.", kBurst);
  if (auto sent = send("bob@town.test", kBurst); !sent) return pass(sent.error());
  if (Status done = wait("the backups' taking over", [&] { return held_by_backups() >= kBurst; }); !done)
    return done;
  say("The backups took the mail and hold it: {} at backup1, {} at backup2. Nothing bounced.",
      queued(world_.host("backup1.safe.test")).value_or(0),
      queued(world_.host("backup2.safe.test")).value_or(0));
  return {};
}

Status Teller::recovery() {
  heading("The primaries return");
  const auto before = std::chrono::steady_clock::now();
  for (const char* name : {"mx1.town.test", "mx2.town.test"}) {
    if (Status up = world_.start(name, kStartPatience); !up) return up;
  }
  say("mx1 and mx2 run again, with everything they had accepted before.");
  const Status done =
      wait("the hand-over", [&] { return at("mx1.town.test") + at("mx2.town.test") >= 2 * kBurst; });
  if (!done) return done;
  const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - before);
  say("The backups noticed and handed over all {} letters: mx1 has {} now, mx2 {}. It took {}.", kBurst,
      at("mx1.town.test"), at("mx2.town.test"), format_duration(took));
  return wait("empty backups", [&] { return held_by_backups() == 0; });
}

Status Teller::account() {
  heading("The account");
  const Reckoning reckoning = reckon(world_);
  const auto missing = reckoning.missing(sent_);
  const auto doubled = reckoning.doubled();
  say("{} letters were sent. In mailboxes, read from disk: {}; missing: {}; twice: {}.", sent_,
      reckoning.found.size(), missing.size(), doubled.size());
  for (auto& [name, host] : world_.hosts()) {
    const control::Client client(host.control_socket(), Millis{5000});
    const auto report = client.custody_verify();
    if (!report) return pass(report.error(), name);
    say("  {:<18} accepted {:>3}: delivered {:>3}, bounced {:>2}, still open {}{}", name, report->accepted,
        report->delivered, report->bounced, report->open,
        report->faults_total == 0 ? "" : "  NOT ACCOUNTED FOR");
    if (report->faults_total != 0) return fail(Errc::internal, "{}: {}", name, report->faults.front());
  }
  if (!missing.empty() || !doubled.empty()) {
    return fail(Errc::internal, "letter {} is not accounted for",
                missing.empty() ? doubled.front() : missing.front());
  }
  say("Every letter is accounted for, by the mailboxes and by each host's custody ledger.");
  return {};
}
}  // namespace

Status tell(World& world, bool colour) { return Teller(world, colour).tell(); }

}  // namespace waybill::cli::demo
