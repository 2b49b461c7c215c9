// How long one routing decision takes once its facts are known: it runs for every delivery.
#include <benchmark/benchmark.h>

#include "support/mail_world.h"

namespace waybill::route {
namespace {
using namespace test;

dns::Facts facts_of(MailWorld& world, const Request& request) {
  dns::Facts facts;
  while (true) {
    auto step = plan_delivery(request, facts);
    if (std::holds_alternative<Plan>(step)) return facts;
    for (const dns::Question& question : std::get<Questions<dns::Question>>(step)) {
      facts.put(question, world.look_up(question));
    }
  }
}

/// `hosts` equals with one address of each family; asks anew with another seed each time.
void plan_equals(benchmark::State& state) {
  MailWorld world;
  for (int64_t i = 0; i < state.range(0); ++i) {
    const std::string host = fmt::format("mx{}.example.org", i);
    world.mx("example.org", {{10, host}});
    world.host(host, {fmt::format("192.0.2.{}", i + 1), fmt::format("2001:db8::{:x}", i + 1)});
  }
  Request request{.domain = domain("example.org")};
  request.self.names.push_back(name("sender.example.net"));
  const dns::Facts facts = facts_of(world, request);
  for (auto _ : state) {
    ++request.seed;
    benchmark::DoNotOptimize(plan_delivery(request, facts));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(plan_equals)->Arg(1)->Arg(4)->Arg(64);

void plan_null_mx(benchmark::State& state) {
  MailWorld world;
  world.mx("example.org", {{0, "."}});
  const Request request{.domain = domain("example.org")};
  const dns::Facts facts = facts_of(world, request);
  for (auto _ : state) benchmark::DoNotOptimize(plan_delivery(request, facts));
}
BENCHMARK(plan_null_mx);
}  // namespace
}  // namespace waybill::route
