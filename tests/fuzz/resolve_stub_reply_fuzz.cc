// Any octets as the answer of a server to the stub client. An absence only by a whole, untruncated answer to
// what was asked, with NXDOMAIN, or with an empty NOERROR of one who can know; whatever is cut short is
// unknown or ignored.
#include <cstdlib>

#include "dns/message.h"
#include "resolve/stub_reply.h"

namespace {
using namespace waybill;
using What = resolve::StubReply::What;
constexpr size_t kEveryPrefixMax = 300;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_absent(const dns::Message& message, const dns::Answer& answer) {
  require(!message.truncated);
  if (answer.kind == dns::Kind::nxdomain) return require(message.rcode == dns::Rcode::nxdomain);
  require(message.rcode == dns::Rcode::noerror);
  bool soa = false;
  for (const dns::Record& record : message.authority) soa = soa || record.type == dns::Type::soa;
  require(soa || message.authoritative || message.recursion_available);
}

void check(const dns::Question& question, std::string_view packet, const resolve::StubReply& reply) {
  const dns::Answer& answer = reply.answer;
  require(!answer.secure);
  if (reply.what == What::no_help) require(answer.kind == dns::Kind::failed && !answer.why.empty());
  if (reply.what != What::answer && reply.what != What::follow) return;
  const auto message = dns::parse_message(packet);
  require(message && message->response && message->questions.size() == 1);
  require(message->questions[0].name == question.name && message->questions[0].type == question.type);
  if (reply.what == What::follow) return require(!answer.chain.empty() && answer.records.empty());
  if (answer.absent()) check_absent(*message, answer);
  for (const dns::Record& record : answer.records) require(record.type == question.type);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 65'535) return 0;
  const std::string_view packet(reinterpret_cast<const char*>(data), size);
  dns::Question question{*dns::Name::parse("example.test"), dns::Type::mx};
  if (const auto message = dns::parse_message(packet); message && !message->questions.empty())
    question = {message->questions[0].name, message->questions[0].type};
  const auto reply = resolve::read_stub_reply(question, packet);
  check(question, packet, reply);
  for (size_t n = 0; n < size && size <= kEveryPrefixMax; ++n) {
    const auto cut = resolve::read_stub_reply(question, packet.substr(0, n));
    check(question, packet.substr(0, n), cut);
  }
  const dns::Question other{*dns::Name::parse("quite.another.test"), question.type};
  const What what = resolve::read_stub_reply(other, packet).what;
  require(other.name == question.name || what == What::other || what == What::plain);
  return 0;
}
