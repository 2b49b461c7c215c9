// Any octets as what a resolver handed out. Absent only by NXDOMAIN or an empty NOERROR of a whole packet
// that answers what was asked; present only with records that were asked for; a packet cut at any octet of
// its records, an answer to another question, a truncated or a forged one are unknown, never absent
// (docs/dns-discipline.md).
#include <cstdlib>

#include "resolve/packet_answer.h"

namespace {
using namespace waybill;
using dns::Answer;
using dns::Kind;
using dns::Question;
using resolve::Security;

constexpr size_t kEveryPrefixMax = 300;

void require(bool holds) {
  if (!holds) std::abort();
}

bool same(const Answer& a, const Answer& b) {
  return a.kind == b.kind && a.records == b.records && a.chain == b.chain && a.canonical == b.canonical &&
         a.loop == b.loop && a.ttl_s == b.ttl_s;
}

/// Every link of the chain stands in the packet, from the name that was asked to where the records are.
void check_chain(const Question& question, const dns::Message& message, const Answer& answer) {
  require(answer.chain.size() <= resolve::kChainLinksMax);
  require(answer.chain.empty() ? answer.canonical == question.name : answer.chain.front() == question.name);
  for (size_t i = 0; i < answer.chain.size(); ++i) {
    const dns::Name& next = i + 1 < answer.chain.size() ? answer.chain[i + 1] : answer.canonical;
    bool found = false;
    for (const dns::Record& record : message.answers) {
      found = found || (record.type == dns::Type::cname && record.owner == answer.chain[i] &&
                        std::get<dns::Name>(record.data) == next);
    }
    require(found);
  }
}

void check(const Question& question, std::string_view packet, const Answer& answer) {
  const auto message = dns::parse_message(packet);
  if (answer.unknown()) {
    require(answer.records.empty() && !answer.why.empty() && !answer.secure);
    require(answer.why.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    return;
  }
  require(message && message->response && !message->truncated && message->questions.size() == 1);
  require(message->questions[0].name == question.name && message->questions[0].type == question.type);
  check_chain(question, *message, answer);
  const bool listed = [&] {
    for (const dns::Record& record : message->answers) {
      if (record.type == question.type && record.owner == answer.canonical) return true;
    }
    return false;
  }();
  require(answer.present() == listed && answer.present() == !answer.records.empty());
  for (const dns::Record& record : answer.records) {
    require(record.type == question.type && record.owner == answer.canonical && record.ttl_s >= answer.ttl_s);
  }
  if (answer.kind == Kind::nxdomain) require(message->rcode == dns::Rcode::nxdomain);
  if (answer.kind == Kind::nodata) require(message->rcode == dns::Rcode::noerror);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 65'535) return 0;
  const std::string_view packet(reinterpret_cast<const char*>(data), size);
  // Asked is what the packet claims to answer, or else nothing would ever be reached.
  Question question{*dns::Name::parse("example.test"), dns::Type::mx};
  if (const auto message = dns::parse_message(packet); message && !message->questions.empty())
    question = {message->questions[0].name, message->questions[0].type};
  const auto ask = [&question](std::string_view octets, Security security) {
    return answer_from_packet(question, octets, security, "validation failure <x\r\ny>");
  };
  const Answer insecure = ask(packet, Security::insecure);
  check(question, packet, insecure);
  require(!insecure.secure);
  const Answer secure = ask(packet, Security::secure);
  require(same(insecure, secure) && secure.secure == !secure.unknown());
  const Answer bogus = ask(packet, Security::bogus);
  require(bogus.kind == Kind::bogus);
  check(question, packet, bogus);

  const Question other{*dns::Name::parse("quite.another.test"), question.type};
  if (other.name != question.name)
    require(answer_from_packet(other, packet, Security::insecure, "").unknown());
  const Question another_type{question.name, question.type == dns::Type::a ? dns::Type::mx : dns::Type::a};
  require(answer_from_packet(another_type, packet, Security::insecure, "").unknown());
  for (size_t n = 0; n < size && size <= kEveryPrefixMax; ++n) {
    // Octets behind the last record that the header counts are nobody's.
    const Answer cut = ask(packet.substr(0, n), Security::insecure);
    require(cut.unknown() || same(cut, insecure));
  }
  return 0;
}
