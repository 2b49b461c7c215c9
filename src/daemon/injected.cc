#include "daemon/injected.h"

#include <algorithm>

#include "receive/message_builder.h"

namespace waybill::daemon {
namespace {
// RFC 5321 4.4: what a message from the control socket passed through; 7-bit, folded.
std::string received_field(const std::string& who, const std::string& hostname, MessageId id, Time now) {
  std::string user;
  for (const char c : who.substr(0, 64))
    user += (c > ' ' && c < 0x7f && c != '(' && c != ')' && c != '\\') ? c : '_';
  return fmt::format("Received: by {} (waybill, from user {})\r\n\tid {}; {}\r\n", hostname, user,
                     id.to_string(), format_rfc5322(now));
}
}  // namespace

Result<receive::Accepted> accept_injected(control::SendRequest request, const receive::Settings& limits,
                                          MessageId id, Time now) {
  // SMTP asks to send the rest later (452); a program that handed over all of it at once can't.
  if (request.envelope.recipients.size() > limits.recipients_max) {
    return fail(Errc::invalid, "{} recipients are too many for one message: at most {} (limits.recipients)",
                request.envelope.recipients.size(), limits.recipients_max);
  }
  receive::MessageBuilder builder(limits, smtp::Framing::counted,
                                  received_field(request.who, limits.hostname, id, now),
                                  request.message.size());
  (void)builder.take(request.message);  // counted: all of it
  const Chunk rest = builder.finish();
  if (const auto refusal = receive::refusal_of(builder.fault(), limits))
    return fail(Errc::invalid, "{}", refusal->to_string());
  receive::Accepted out;
  out.id = id;
  out.envelope = std::move(request.envelope);
  // RFC 6152: what it is, not what it was said to be: the next hop must know.
  if (builder.has_eight_bit() && out.envelope.body == mail::BodyType::seven_bit)
    out.envelope.body = mail::BodyType::eight_bit;
  out.origin.via = mail::Origin::Via::control;
  out.origin.listener = "control";
  out.origin.user = std::move(request.who);
  out.size_octets = builder.size_octets();
  out.chunks = builder.take_full_chunks();
  if (!rest.empty()) out.chunks.push_back(rest);
  out.chunk_count = static_cast<uint32_t>(out.chunks.size());
  return out;
}

void add_receivers(mail::Recipient given, receive::Verdict verdict, std::vector<mail::Recipient>& receivers,
                   std::vector<mail::Expanded>& expanded) {
  mail::Expanded one{std::move(given), std::move(verdict.rewritten), verdict.rewrite_sender};
  const bool stands_for_others = !one.to.empty();
  if (!stands_for_others) one.to.push_back(one.given.address);
  for (mail::Recipient& receiver : mail::recipients_of(one)) {
    if (std::ranges::find(receivers, receiver.address, &mail::Recipient::address) == receivers.end())
      receivers.push_back(std::move(receiver));
  }
  if (stands_for_others) expanded.push_back(std::move(one));
}

}  // namespace waybill::daemon
