// receive_bench.cc: what the server does for every command and every octet.
#include <benchmark/benchmark.h>

#include "receive/session.h"
#include "smtp/body_decoder.h"
#include "smtp/command.h"
#include "smtp/parameters.h"

namespace waybill {
namespace {
void parse_mail_command(benchmark::State& state) {
  for (auto _ : state) {
    const auto command = smtp::parse_command("MAIL FROM:<john.doe@example.org> SIZE=4096 BODY=8BITMIME");
    benchmark::DoNotOptimize(smtp::parse_mail(command.argument, smtp::Extensions::offered));
  }
}
BENCHMARK(parse_mail_command);

std::string lines(size_t octets, size_t line_octets) {
  std::string out;
  while (out.size() < octets) out += std::string(line_octets - 2, 'x') + "\r\n";
  return out;
}

void unstuff(benchmark::State& state) {
  const std::string in = lines(64 * 1024, static_cast<size_t>(state.range(0)));
  std::string out;
  out.reserve(in.size() + 2);
  for (auto _ : state) {
    smtp::BodyDecoder decoder;
    out.clear();
    benchmark::DoNotOptimize(decoder.decode(in, out, SIZE_MAX));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * in.size()));
}
BENCHMARK(unstuff)->Arg(20)->Arg(76)->Arg(998);

void session_message(benchmark::State& state) {
  auto settings = std::make_shared<receive::Settings>();
  settings->hostname = "mx.example";
  settings->commands_max = settings->messages_max = UINT32_MAX;
  receive::Session session(settings, {});
  const auto settle = [&](std::string_view in) {
    while (true) {
      if (auto action = session.take_action()) {
        if (std::holds_alternative<receive::Begin>(*action))
          session.on_begun({1}, {});
        else if (std::holds_alternative<receive::Commit>(*action))
          session.on_committed({});
        else
          session.on_verdict({});
      } else if (in.empty()) {
        break;
      } else {
        in.remove_prefix(session.feed(in));
      }
    }
    session.output().clear();
  };
  session.start();
  settle({});
  settle("EHLO client.example\r\n");
  const std::string text = lines(static_cast<size_t>(state.range(0)), 76) + ".\r\n";
  for (auto _ : state) {
    settle("MAIL FROM:<a@b.example>\r\nRCPT TO:<john@c.example>\r\nDATA\r\n");
    settle(text);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(session_message)->Arg(4096)->Arg(65536);
}  // namespace
}  // namespace waybill
