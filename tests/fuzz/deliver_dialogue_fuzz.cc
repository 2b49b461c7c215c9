// A server whose octets are the fuzzer's: the first octet says how they are cut and what the message is like,
// a NUL in the rest stands for the end of what one read gives. The dialogue must end, and must not call
// delivered what it did not send.
#include <cstdlib>

#include "deliver/dialogue.h"

namespace {
using namespace waybill;
using namespace waybill::deliver;

mail::Delivery make_delivery(unsigned recipients) {
  mail::Delivery out;
  auto envelope = std::make_shared<mail::Envelope>();
  envelope->from = mail::Address{"s", mail::Domain::parse("s.test").value()};
  out.envelope = envelope;
  out.body = std::make_shared<mail::MemoryBody>(std::string("Subject: x\r\n\r\n.\r\n"));
  for (unsigned n = 0; n < recipients; ++n) {
    mail::DeliveryRecipient one;
    one.index = n;
    one.recipient.address = {"u", mail::Domain::parse("d.test").value()};
    out.recipients.push_back(one);
  }
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  const mail::Delivery delivery = make_delivery(1 + choice % 5);
  const auto facts = scan_body(*delivery.body).value();
  Dialogue dialogue({.hostname = "c.test",
                     .host = "h",
                     .address = "a",
                     .protocol = (choice & 8) != 0 ? Protocol::lmtp : Protocol::smtp,
                     .recipients_max = 1 + choice % 3});
  Outcomes outcomes;
  bool body_sent = false;
  bool in_message = false;
  size_t steps = 0;
  unsigned messages = 0;
  while (true) {
    if (++steps > 100'000) std::abort();
    const auto step = dialogue.next();
    if (step.what == Dialogue::What::close) break;
    if (step.what == Dialogue::What::message_done) {
      for (const auto& outcome : outcomes) {
        if (!outcome) {
          if (dialogue.message_end() == Dialogue::MessageEnd::settled) std::abort();
          continue;
        }
        if (outcome->fate == mail::Fate::delivered && (!body_sent || outcome->reply.code / 100 != 2))
          std::abort();
        if (outcome->fate == mail::Fate::rejected && !outcome->reply.permanent()) std::abort();
      }
      in_message = false;
    } else if (step.what == Dialogue::What::ready) {
      // A message that is refused here, unlike one that is sent, takes no octet: the queue must end too.
      if (octets.empty() || ++messages > 100) {
        dialogue.quit();
        continue;
      }
      if (in_message) std::abort();
      in_message = true;
      body_sent = false;
      outcomes.assign(delivery.recipients.size(), std::nullopt);
      dialogue.begin(delivery, facts, outcomes);
    } else if (step.what == Dialogue::What::send) {
      if (step.text.size() > 100'000) std::abort();
      if (step.body != BodyForm::none) body_sent = true;
      if ((choice & 16) != 0 && octets.size() % 7 == 0) {
        dialogue.send_failed("reset");
      } else {
        dialogue.sent();
      }
    } else if (step.what == Dialogue::What::start_tls) {
      if ((choice & 32) != 0) {
        dialogue.tls_failed("no");
      } else {
        dialogue.tls_started();
      }
    } else if (octets.empty()) {
      if ((choice & 64) != 0) {
        dialogue.closed("end of file");
      } else {
        dialogue.timed_out();
      }
    } else {
      const std::string_view piece = octets.substr(0, octets.find('\0'));
      octets.remove_prefix(std::min(octets.size(), piece.size() + 1));
      dialogue.received(piece);
    }
  }
  return 0;
}
