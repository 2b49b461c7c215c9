#include "resolve/stub_reply.h"

#include <algorithm>

#include "base/bytes.h"
#include "dns/message.h"
#include "dns/wire.h"
#include "resolve/packet_answer.h"

namespace waybill::resolve {
namespace {
using dns::Answer;
using dns::Kind;
using dns::Message;
using dns::Question;
using What = StubReply::What;

constexpr size_t kHeaderOctets = 12;
constexpr uint16_t kUdpOctetsMax = 1232;

uint8_t octet(std::string_view packet, size_t at) { return static_cast<uint8_t>(packet[at]); }

/// The question section is one question, and it is ours: its name in any case (RFC 5452 9.1, RFC 4343).
bool asks_the_same(const Question& question, std::string_view packet) {
  const std::string& name = question.name.wire();
  if (packet.size() < kHeaderOctets + name.size() + 4) return false;
  if (octet(packet, 4) != 0 || octet(packet, 5) != 1) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    char c = packet[kHeaderOctets + i];
    // A label's length is below 64, so that this leaves it alone.
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c != name[i]) return false;
  }
  const size_t at = kHeaderOctets + name.size();
  const auto type = static_cast<uint16_t>(question.type);
  return octet(packet, at) == type >> 8 && octet(packet, at + 1) == (type & 0xFF) &&
         octet(packet, at + 2) == 0 && octet(packet, at + 3) == dns::kClassIn;
}

StubReply no_help(std::string why) { return {What::no_help, Answer::failure(std::move(why))}; }

bool has_soa_above(const Message& message, const dns::Name& name) {
  return std::ranges::any_of(message.authority, [&](const dns::Record& record) {
    return record.type == dns::Type::soa && name.is_within(record.owner);
  });
}

/// How long the links of the chain hold: the absence at its end has no part in it.
uint32_t chain_ttl_s(const Message& message, const Answer& answer) {
  uint32_t ttl_s = UINT32_MAX;
  for (const dns::Record& record : message.answers) {
    const bool is_link = record.type == dns::Type::cname &&
                         std::ranges::find(answer.chain, record.owner) != answer.chain.end();
    if (is_link) ttl_s = std::min(ttl_s, record.ttl_s);
  }
  return ttl_s;
}

/// An answer without records: is it an absence, or has this server only passed us on?
StubReply judge_empty(const Message& message, Answer answer) {
  if (answer.kind == Kind::nxdomain || has_soa_above(message, answer.canonical))
    return {What::answer, std::move(answer)};
  // Of a name that it led us to, a server may know nothing (RFC 1034 4.3.2): that is no absence.
  if (!answer.chain.empty()) {
    answer.ttl_s = chain_ttl_s(message, answer);
    return {What::follow, std::move(answer)};
  }
  const bool referral =
      std::ranges::find(message.authority, dns::Type::ns, &dns::Record::type) != message.authority.end();
  if (referral) return no_help("a referral to other servers: this one neither has the zone nor asks on");
  // RFC 2308 2.2, type 3: an empty answer without a SOA says "no such data" all the same, and is not
  // remembered. Only from one that has the zone or asks on; from any other it says nothing.
  if (!message.authoritative && !message.recursion_available)
    return no_help("an empty answer of a server that neither has the zone nor asks on");
  return {What::answer, std::move(answer)};
}
}  // namespace

std::string stub_query(const Question& question, uint16_t id, bool edns) {
  std::string out;
  const std::string& name = question.name.wire();
  out.reserve(kHeaderOctets + name.size() + 4 + 11);
  dns::append_u16(out, id);
  dns::append_u16(out, 0x0100);  // RD
  dns::append_u16(out, 1);
  out.append(4, '\0');
  dns::append_u16(out, edns ? 1 : 0);
  out += name;
  dns::append_u16(out, static_cast<uint16_t>(question.type));
  dns::append_u16(out, dns::kClassIn);
  if (edns) {
    out += '\0';
    dns::append_u16(out, 41);  // OPT, RFC 6891 6.1.2
    dns::append_u16(out, kUdpOctetsMax);
    out.append(6, '\0');  // version 0, no flags, no options
  }
  return out;
}

uint16_t packet_id(std::string_view packet) {
  return packet.size() < kHeaderOctets ? 0 : static_cast<uint16_t>(octet(packet, 0) << 8 | octet(packet, 1));
}

StubReply read_stub_reply(const Question& question, std::string_view packet) {
  if (packet.size() < kHeaderOctets) return {};
  const bool response = (octet(packet, 2) & 0x80) != 0;
  const int opcode = octet(packet, 2) >> 3 & 0xF;
  if (!response || opcode != 0) return {};
  const auto rcode = static_cast<dns::Rcode>(octet(packet, 3) & 0xF);
  const bool no_question = octet(packet, 4) == 0 && octet(packet, 5) == 0;
  // Servers of before EDNS send the header back alone. It costs no more than a second query.
  if (no_question && packet.size() == kHeaderOctets && rcode == dns::Rcode::formerr) return {What::plain, {}};
  if (!asks_the_same(question, packet)) return {};
  if ((octet(packet, 2) & 0x02) != 0) return {What::truncated, {}};
  if (rcode == dns::Rcode::formerr || rcode == dns::Rcode::notimp) {
    return {What::plain, Answer::failure(dns::to_string(rcode))};
  }
  const auto message = dns::parse_message(packet);
  if (!message) return no_help("malformed answer: " + printable(message.error().what));
  Answer answer = answer_from_message(question, *message);
  if (answer.unknown() && !answer.loop) return {What::no_help, std::move(answer)};
  if (answer.absent()) return judge_empty(*message, std::move(answer));
  return {What::answer, std::move(answer)};
}

}  // namespace waybill::resolve
