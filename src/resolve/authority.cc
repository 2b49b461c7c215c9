#include "resolve/authority.h"

#include <fmt/format.h>

#include <algorithm>

#include "resolve/zone_answer.h"

namespace waybill::resolve {
namespace {

using dns::Message;
using dns::Rcode;

constexpr size_t kUdpOctetsPlain = 512;  // RFC 1035 2.3.4, without EDNS
constexpr uint16_t kUdpOctetsMax = 4096;
constexpr uint16_t kClassAny = 255;

/// RFC 1035 4.1.1: what every response to `query` begins with.
Message start_response(const Message& query) {
  Message response;
  response.id = query.id;
  response.response = true;
  response.opcode = query.opcode;
  response.recursion_desired = query.recursion_desired;
  response.questions = query.questions;
  if (query.edns)
    response.edns = dns::Edns{.udp_octets_max = 1232, .version = 0, .dnssec_ok = query.edns->dnssec_ok};
  return response;
}

/// A header is all that could be read: FORMERR, unless it was a response itself (two servers must not argue).
std::string format_error(std::string_view query) {
  if (query.size() < 12 || (static_cast<uint8_t>(query[2]) & 0x80) != 0) return {};
  Message response;
  response.id = static_cast<uint16_t>(static_cast<uint8_t>(query[0]) << 8 | static_cast<uint8_t>(query[1]));
  response.response = true;
  response.rcode = Rcode::formerr;
  return dns::encode_message(response);
}

std::optional<Rcode> objection(const Message& query) {
  if (query.opcode != 0) return Rcode::notimp;
  if (query.questions.size() != 1) return Rcode::formerr;
  if (query.edns && query.edns->version != 0) return Rcode::badvers;  // RFC 6891 6.1.3
  const dns::QuestionEntry& asked = query.questions[0];
  if (asked.class_ != dns::kClassIn && asked.class_ != kClassAny) return Rcode::refused;
  const auto type = static_cast<uint16_t>(asked.type);
  if (type == 251 || type == 252) return Rcode::refused;  // IXFR, AXFR
  return std::nullopt;
}

std::string describe(const Message& query, const Message& response, std::string_view fault) {
  const dns::QuestionEntry& asked = query.questions[0];
  return fmt::format("{} {} -> {} {} records{}{}", dns::to_string(asked.type), asked.name.to_string(),
                     dns::to_string(response.rcode), response.answers.size(),
                     fault.empty() ? "" : ", fault: ", fault);
}

void empty(Message& response) {
  response.answers.clear();
  response.authority.clear();
  response.additional.clear();
}

size_t size_limit(const Message& query, Transport transport) {
  if (transport == Transport::tcp) return 65535;
  if (!query.edns) return kUdpOctetsPlain;
  return std::clamp<size_t>(query.edns->udp_octets_max, kUdpOctetsPlain, kUdpOctetsMax);
}

}  // namespace

Message Authority::respond(const Message& query) const {
  Message response = start_response(query);
  if (const auto rcode = objection(query)) {
    response.rcode = *rcode;
    return response;
  }
  const dns::QuestionEntry& asked = query.questions[0];
  ZoneAnswer found = answer_from_zones(zones_, asked.name, asked.type);
  if (found.end == ZoneAnswer::End::outside && found.at == asked.name) {
    response.rcode = Rcode::refused;  // not ours to say
    return response;
  }
  response.rcode = found.message.rcode;
  response.answers = std::move(found.message.answers);
  response.authority = std::move(found.message.authority);
  response.additional = std::move(found.message.additional);
  // A referral is not ours to vouch for; a chain that begins here is (RFC 1035 4.1.1).
  response.authoritative = found.end != ZoneAnswer::End::delegation || !response.answers.empty();
  return response;
}

Reply Authority::answer(std::string_view octets, Transport transport) {
  const auto query = dns::parse_message(octets);
  if (!query) return {.octets = format_error(octets)};
  if (query->response) return {};
  Message response = respond(*query);
  if (query->questions.size() != 1) return {.octets = dns::encode_message(response, kUdpOctetsPlain)};
  const dns::QuestionEntry& asked = query->questions[0];

  Reply reply;
  std::string_view name;
  if (const auto fault = faults_.take(asked.name, asked.type)) {
    switch (fault->kind) {
      case FaultKind::servfail:
      case FaultKind::refused:
        name = fault->kind == FaultKind::servfail ? "servfail" : "refused";
        response.rcode = fault->kind == FaultKind::servfail ? Rcode::servfail : Rcode::refused;
        response.authoritative = false;
        empty(response);
        break;
      case FaultKind::nxdomain:
        name = "nxdomain";
        empty(response);
        response.rcode = Rcode::nxdomain;
        if (const auto* zone = zones_.find(asked.name)) response.authority.push_back(zone->negative_soa());
        break;
      case FaultKind::silent:
        return {.log_line = describe(*query, response, "silent")};
      case FaultKind::truncate:
        if (transport == Transport::tcp) break;
        name = "truncate";
        empty(response);
        response.truncated = true;
        break;
      case FaultKind::delay:
        name = "delay";
        reply.delay = fault->delay;
        break;
      case FaultKind::wrong_id:
        name = "wrong-id";
        response.id ^= 0x5555;
        break;
      case FaultKind::wrong_question:
        name = "wrong-question";
        response.questions[0].name = dns::Name::parse("wrong.question.invalid").value_or(dns::Name{});
        response.questions[0].spelled.clear();
        break;
      case FaultKind::wrong_port:
        if (transport == Transport::tcp) return {.log_line = describe(*query, response, "silent")};
        name = "wrong-port";
        reply.from_other_port = true;
        break;
    }
  }
  reply.octets = dns::encode_message(response, size_limit(*query, transport));
  reply.log_line = describe(*query, response, name);
  return reply;
}

}  // namespace waybill::resolve
