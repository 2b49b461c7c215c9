// The grammar that both sides share: the commands of a message, replies, the dots of a body.
#include <benchmark/benchmark.h>

#include "smtp/body_decoder.h"
#include "smtp/command.h"
#include "smtp/parameters.h"
#include "smtp/reply_parser.h"

namespace waybill::smtp {
namespace {
void parse_commands(benchmark::State& state) {
  for (auto _ : state) {
    const auto mail = parse_command("MAIL FROM:<john.doe@example.org> SIZE=4096 BODY=8BITMIME");
    benchmark::DoNotOptimize(parse_mail(mail.argument, Extensions::offered));
    const auto rcpt = parse_command("RCPT TO:<jane.doe@example.net> NOTIFY=FAILURE,DELAY");
    benchmark::DoNotOptimize(parse_rcpt(rcpt.argument, Extensions::offered));
    benchmark::DoNotOptimize(parse_command("DATA"));
    const auto hello = parse_command("EHLO mail.example.org");
    benchmark::DoNotOptimize(parse_helo(hello.argument));
    const auto bdat = parse_command("BDAT 4096 LAST");
    benchmark::DoNotOptimize(parse_bdat(bdat.argument));
  }
  state.SetItemsProcessed(state.iterations() * 5);
}
BENCHMARK(parse_commands);

void parse_replies(benchmark::State& state) {
  constexpr std::string_view kReplies =
      "250-mx.example.net\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
      "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go ahead\r\n250 2.0.0 Ok: queued as 4F2A77\r\n";
  for (auto _ : state) {
    ReplyParser parser;
    size_t replies = 0;
    for (std::string_view rest = kReplies; !rest.empty();) {
      const auto fed = parser.feed(rest);
      if (fed.state == ReplyParser::State::broken) return state.SkipWithError("broken");
      replies += fed.state == ReplyParser::State::reply ? 1 : 0;
      rest.remove_prefix(fed.consumed);
    }
    if (replies != 5) return state.SkipWithError("not five replies");
  }
  state.SetItemsProcessed(state.iterations() * 5);
}
BENCHMARK(parse_replies);

/// A body of lines of 76 octets, every `stuffed`th of which began with a dot.
void unstuff_dots(benchmark::State& state) {
  std::string in;
  for (int64_t n = 0; in.size() < 64 * 1024; ++n)
    in += (n % state.range(0) == 0 ? ".." : "xx") + std::string(72, 'x') + "\r\n";
  std::string out;
  out.reserve(in.size() + 2);
  for (auto _ : state) {
    BodyDecoder decoder;
    out.clear();
    benchmark::DoNotOptimize(decoder.decode(in, out, SIZE_MAX));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * in.size()));
}
BENCHMARK(unstuff_dots)->Arg(1)->Arg(20);

void decode_counted(benchmark::State& state) {
  std::string in;
  while (in.size() < 64 * 1024) in += std::string(74, 'x') + "\r\n";
  std::string out;
  out.reserve(in.size() + 2);
  for (auto _ : state) {
    BodyDecoder decoder(Framing::counted);
    out.clear();
    benchmark::DoNotOptimize(decoder.decode(in, out, SIZE_MAX));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * in.size()));
}
BENCHMARK(decode_counted);
}  // namespace
}  // namespace waybill::smtp
