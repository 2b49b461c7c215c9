// scenario_main.cc: plays each scenario that it is given and says which expectations were not met. Exit: 0
// all met, 1 not, 2 a scenario that can't be read. `--trace` prints what happened, for whoever writes one.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "rehearse/engine.h"
#include "rehearse/judge.h"
#include "rehearse/read.h"

namespace {
using namespace waybill;
using namespace waybill::rehearse;

void trace(const Journal& journal) {
  for (const auto& one : journal.connects)
    fmt::print("{:>10} connect {} {}\n", format_duration(one.at), one.host, one.ip.to_string());
  for (const auto& one : journal.attempts)
    fmt::print("{:>10} {} {}/{} {} {}\n", format_duration(one.at), queue::to_string(one.after),
               one.message.to_string(), one.index, one.host, one.reply.to_string());
  for (const auto& one : journal.reports)
    fmt::print("{:>10} report {} to {} about {} {}\n", format_duration(one.at), queue::to_string(one.kind),
               one.to, one.about, one.status);
}

enum class Trace : bool { no, yes };

int play(const char* file, Trace tracing) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    fmt::print(stderr, "{}: cannot be read\n", file);
    return 2;
  }
  const auto scenario = read_scenario(text.str(), file);
  if (!scenario) {
    fmt::print(stderr, "{}\n", scenario.error().what);
    return 2;
  }
  const auto begun = std::chrono::steady_clock::now();
  const auto journal = run(*scenario);
  if (!journal) {
    fmt::print(stderr, "{}: {}\n", file, journal.error().what);
    return 1;
  }
  const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begun);
  if (tracing == Trace::yes) trace(*journal);
  const auto faults = judge(*scenario, *journal);
  for (const std::string& fault : faults) fmt::print(stderr, "{}\n", fault);
  fmt::print("{}: {} of {} expectations met, {} recipients, {} played in {}\n", file,
             scenario->expectations.size() - std::min(faults.size(), scenario->expectations.size()),
             scenario->expectations.size(), journal->arrivals.size(), format_duration(journal->end),
             format_duration(took));
  return faults.empty() ? 0 : 1;
}
}  // namespace

int main(int argc, char** argv) {
  log::configure(log::Level::error, log::Format::text);
  Trace tracing = Trace::no;
  int worst = argc < 2 ? 2 : 0;
  for (int n = 1; n < argc; ++n) {
    if (std::strcmp(argv[n], "--trace") == 0) {
      tracing = Trace::yes;
    } else {
      worst = std::max(worst, play(argv[n], tracing));
    }
  }
  return worst;
}
