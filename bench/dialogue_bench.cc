// What the client's side costs a message, without sockets: the dialogue alone, the body scan, dot-stuffing.
#include <benchmark/benchmark.h>

#include "deliver/dialogue.h"
#include "smtp/dot_stuff.h"

namespace {
using namespace waybill;
using namespace waybill::deliver;

mail::Delivery make_delivery(size_t octets) {
  mail::Delivery out;
  auto envelope = std::make_shared<mail::Envelope>();
  envelope->from = mail::Address{"sender", mail::Domain::parse("source.example").value()};
  out.envelope = envelope;
  std::string body = "Subject: x\r\n\r\n";
  while (body.size() < octets) body += "A line of text as people write them, about seventy octets long.\r\n";
  out.body = std::make_shared<mail::MemoryBody>(std::move(body));
  mail::DeliveryRecipient one;
  one.recipient.address = {"user", mail::Domain::parse("dest.example").value()};
  out.recipients.push_back(one);
  return out;
}

// A message over a session that is open already: one write, three replies in one read.
void BM_Message(benchmark::State& state) {
  const mail::Delivery delivery = make_delivery(4096);
  Dialogue dialogue({.hostname = "client.example", .host = "mx.example", .address = "192.0.2.1:25"});
  dialogue.received("220 mx\r\n");
  (void)dialogue.next();
  dialogue.sent();
  dialogue.received("250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n");
  if (dialogue.next().what != Dialogue::What::ready) return state.SkipWithError("not ready");
  for (auto _ : state) {
    Outcomes outcomes(1);
    dialogue.begin(delivery, scan_body(*delivery.body).value(), outcomes);
    benchmark::DoNotOptimize(dialogue.next());
    dialogue.sent();
    dialogue.received("250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 taken as 4F2A77\r\n");
    if (dialogue.next().what != Dialogue::What::message_done) return state.SkipWithError("not done");
    benchmark::DoNotOptimize(outcomes);
    (void)dialogue.next();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Message);

void BM_ScanBody(benchmark::State& state) {
  const mail::Delivery delivery = make_delivery(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(scan_body(*delivery.body));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(delivery.body->size_octets()));
}
BENCHMARK(BM_ScanBody)->Arg(4096)->Arg(262144);

void BM_DotStuff(benchmark::State& state) {
  const mail::Delivery delivery = make_delivery(static_cast<size_t>(state.range(0)));
  const Chunk chunk = delivery.body->chunk(0).value();
  std::vector<std::string_view> pieces;
  for (auto _ : state) {
    smtp::BodyEncoder encoder;
    pieces.clear();
    encoder.encode(chunk.view(), pieces);
    encoder.finish(pieces);
    benchmark::DoNotOptimize(pieces.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(chunk.size()));
}
BENCHMARK(BM_DotStuff)->Arg(4096)->Arg(262144);
}  // namespace
