#include "resolve/packet_answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace waybill::resolve {
namespace {

using dns::Answer;
using dns::Kind;

Answer failed_loop(Answer answer, std::string why) {
  answer.kind = Kind::failed;
  answer.loop = true;
  answer.records.clear();
  answer.why = std::move(why);
  return answer;
}

/// One step along the answer section; nullptr if no CNAME stands at `at`.
const dns::Record* alias_at(const dns::Message& message, const dns::Name& at) {
  const auto found = std::ranges::find_if(message.answers, [&at](const dns::Record& record) {
    return record.type == dns::Type::cname && record.owner == at;
  });
  return found == message.answers.end() ? nullptr : &*found;
}

}  // namespace

Answer answer_from_message(const dns::Question& question, const dns::Message& message) {
  if (message.truncated) return Answer::failure("the answer was cut short (TC), also over TCP");
  if (message.rcode != dns::Rcode::noerror && message.rcode != dns::Rcode::nxdomain) {
    return Answer::failure(dns::to_string(message.rcode));
  }
  Answer answer{.canonical = question.name};
  uint32_t ttl_s = UINT32_MAX;
  while (true) {
    for (const dns::Record& record : message.answers) {
      if (record.type != question.type || record.owner != answer.canonical) continue;
      ttl_s = std::min(ttl_s, record.ttl_s);
      if (std::ranges::find(answer.records, record.data, &dns::Record::data) == answer.records.end()) {
        answer.records.push_back(record);
      }
    }
    if (!answer.records.empty()) break;
    const dns::Record* alias = alias_at(message, answer.canonical);
    if (alias == nullptr) break;
    ttl_s = std::min(ttl_s, alias->ttl_s);
    answer.chain.push_back(answer.canonical);
    answer.canonical = std::get<dns::Name>(alias->data);
    if (std::ranges::find(answer.chain, answer.canonical) != answer.chain.end()) {
      return failed_loop(std::move(answer), "a CNAME loop");
    }
    if (answer.chain.size() > kChainLinksMax) {
      return failed_loop(std::move(answer), fmt::format("a CNAME chain of over {} links", kChainLinksMax));
    }
  }
  if (!answer.records.empty()) {
    answer.kind = Kind::present;
    answer.ttl_s = ttl_s;
    return answer;
  }
  // The rcode speaks of the chain's last name (RFC 2308 2.1).
  answer.kind = message.rcode == dns::Rcode::nxdomain ? Kind::nxdomain : Kind::nodata;
  // RFC 2308 5: without a SOA nobody may remember the absence.
  answer.ttl_s = std::min(ttl_s, dns::negative_ttl_s(message).value_or(0));
  return answer;
}

Answer answer_from_packet(const dns::Question& question, std::string_view packet, Security security,
                          std::string_view why_bogus) {
  if (security == Security::bogus) {
    Answer answer =
        Answer::failure(printable(why_bogus.empty() ? "DNSSEC validation failed" : why_bogus, 400));
    answer.kind = Kind::bogus;
    answer.canonical = question.name;
    return answer;
  }
  const auto message = dns::parse_message(packet);
  if (!message) return Answer::failure("malformed answer: " + message.error().what);
  if (!message->response) return Answer::failure("malformed answer: not a response");
  if (message->questions.size() != 1 || message->questions[0].name != question.name ||
      message->questions[0].type != question.type) {
    return Answer::failure("malformed answer: it answers another question");
  }
  Answer answer = answer_from_message(question, *message);
  answer.secure = security == Security::secure && !answer.unknown();
  return answer;
}

}  // namespace waybill::resolve
