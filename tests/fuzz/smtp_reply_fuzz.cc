// Any octets as a server's replies: the same result however they are cut, within the bounds, no control
// octets in the text, the enhanced status agrees with the code, and what is handed on is still one reply.
#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"
#include "smtp/ehlo_reply.h"
#include "smtp/reply_parser.h"
#include "smtp/reply_writer.h"

namespace {
using waybill::smtp::ReplyParser;

/// What another server said, handed on by our own: one reply of the same code and status, and nothing behind
/// it.
void hand_on(const waybill::mail::Reply& reply) {
  std::string wire;
  waybill::smtp::append_reply(wire, reply, waybill::smtp::EnhancedCodes::include);
  ReplyParser parser;
  const auto fed = parser.feed(wire);
  const bool lines_fit = std::ranges::count(reply.text, '\n') < static_cast<long>(ReplyParser::kLinesMax);
  if (!lines_fit || wire.size() > ReplyParser::kReplyOctetsMax) return;
  if (fed.state != ReplyParser::State::reply || fed.consumed != wire.size()) std::abort();
  if (parser.reply().code != reply.code) std::abort();
  const bool kept = reply.enhanced.present() && reply.code / 100 != 3;
  if (kept && parser.reply().enhanced != reply.enhanced) std::abort();
}

std::string read_all(std::string_view octets, size_t step) {
  ReplyParser parser;
  std::string out;
  size_t at = 0;
  while (at < octets.size()) {
    const auto fed = parser.feed(octets.substr(at, std::min(step, octets.size() - at)));
    at += fed.consumed;
    if (fed.state == ReplyParser::State::broken) return out + "!";
    if (fed.state == ReplyParser::State::more) continue;
    const auto& reply = parser.reply();
    if (reply.code < 200 || reply.code > 599 || reply.text.size() > ReplyParser::kTextOctetsMax) std::abort();
    if (reply.enhanced.present() && reply.enhanced.klass != reply.code / 100) std::abort();
    for (const char c : reply.text) {
      const auto octet = static_cast<unsigned char>(c);
      if ((octet < 0x20 && c != '\n') || octet == 0x7f) std::abort();
    }
    if (!waybill::is_utf8(reply.text)) std::abort();
    (void)waybill::smtp::parse_offers(reply);
    hand_on(reply);
    out += reply.to_string() + "|";
  }
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const std::string whole = read_all(octets, octets.size());
  if (read_all(octets, 1) != whole || read_all(octets, 7) != whole) std::abort();
  return 0;
}
