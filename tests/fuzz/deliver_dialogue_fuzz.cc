// A server whose octets are the fuzzer's: the first octet says how they are cut and what the message is like,
// a NUL in the rest stands for the end of what one read gives. Where '?' and a digit follow, the client has
// credentials and that UseTls. The dialogue must end, send only what was offered, and claim nothing of a
// recipient that a naive witness of the same octets does not confirm; no secret goes out before a handshake
// that was a success, and no mail before a 2yz to AUTH.
#include <cstdio>
#include <cstdlib>

#include "deliver/dialogue.h"
#include "support/dialogue_witness.h"

namespace {
using namespace waybill;
using namespace waybill::deliver;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}
void require_none(const std::string& wrong) { require(wrong.empty(), wrong); }

/// `rich`: which of the things that need an extension of the server it has.
mail::Delivery make_delivery(unsigned recipients, unsigned rich) {
  mail::Delivery out;
  auto envelope = std::make_shared<mail::Envelope>();
  envelope->from =
      mail::Address{(rich & 1) != 0 ? "s \"\\\xc3\xa4" : "s", mail::Domain::parse("s.test").value()};
  if ((rich & 2) != 0) envelope->from.reset();
  envelope->smtputf8 = (rich & 4) != 0;
  envelope->body = static_cast<mail::BodyType>(rich / 8 % 3);
  envelope->requiretls = rich % 7 == 6;
  envelope->ret = static_cast<mail::Ret>(rich / 16 % 3);
  if ((rich & 32) != 0) envelope->envid = "id+= \\x";
  out.envelope = envelope;
  const std::string body = "Subject: x\r\n\r\n.\r\n";
  out.body = std::make_shared<mail::MemoryBody>((rich & 64) != 0 ? body + "\xff.\n.\r" : body);
  for (unsigned n = 0; n < recipients; ++n) {
    mail::DeliveryRecipient one;
    one.index = n;
    const std::string local = "u" + std::to_string(n) + ((rich & 1) != 0 && n % 2 != 0 ? ".\xc3\xa4>" : "");
    one.recipient.address = {local, mail::Domain::parse("d.test").value()};
    one.recipient.notify = static_cast<uint8_t>(rich % 16);
    if ((rich & 32) != 0) one.recipient.orcpt = "rfc822;x+= @y";
    out.recipients.push_back(one);
  }
  return out;
}

struct Account {
  std::shared_ptr<const Credentials> credentials;
  UseTls tls = UseTls::when_offered;
};

Account take_account(std::string_view& octets) {
  if (octets.size() < 2 || octets[0] != '?') return {};
  const auto tls = static_cast<UseTls>(static_cast<unsigned char>(octets[1]) % 4);
  octets.remove_prefix(2);
  return {std::make_shared<const Credentials>(Credentials{.user = "joe", .password = "open sesame"}), tls};
}

class Harness {
 public:
  Harness(unsigned choice, std::string_view octets)
      : choice_(choice),
        octets_(octets),
        account_(take_account(octets_)),
        delivery_(make_delivery(1 + choice % 5, (choice & 128) != 0 ? 1 + octets.size() % 251 : 0)),
        facts_(scan_body(*delivery_.body).value()),
        dialogue_({.hostname = "c.test",
                   .host = "h",
                   .address = "a",
                   .protocol = protocol(),
                   .tls = account_.tls,
                   .credentials = account_.credentials,
                   .recipients_max = 1 + choice % 3}),
        witness_(protocol(), account_.credentials.get()) {}

  void run() {
    for (size_t steps = 0;; ++steps) {
      require(steps < 100'000, "endless");
      const auto step = dialogue_.next();
      if (step.what == Dialogue::What::close) return;
      take(step);
    }
  }

 private:
  [[nodiscard]] Protocol protocol() const { return (choice_ & 8) != 0 ? Protocol::lmtp : Protocol::smtp; }

  void take(const Dialogue::Step& step) {
    switch (step.what) {
      case Dialogue::What::message_done:
        require_none(witness_.judge(outcomes_, dialogue_.message_end() == Dialogue::MessageEnd::settled,
                                    dialogue_.end() == Dialogue::End::open));
        in_message_ = false;
        return;
      case Dialogue::What::ready:
        return next_message();
      case Dialogue::What::send:
        return send(step);
      case Dialogue::What::start_tls:
        tls_ = (choice_ & 32) == 0;
        return tls_ ? dialogue_.tls_started() : dialogue_.tls_failed("no");
      default:
        return read();
    }
  }

  void next_message() {
    require(!in_message_, "ready within a message");
    // A message that is refused here, unlike one that is sent, takes no octet: the queue must end too.
    if (octets_.empty() || ++messages_ > 100) return dialogue_.quit();
    in_message_ = true;
    outcomes_.assign(delivery_.recipients.size(), std::nullopt);
    witness_.begin(delivery_);
    dialogue_.begin(delivery_, facts_, outcomes_);
  }

  void send(const Dialogue::Step& step) {
    require(step.text.size() <= 100'000, "a long write");
    require_none(witness_.sent(step, dialogue_.offers(), tls_));
    if ((choice_ & 16) != 0 && octets_.size() % 7 == 0) return dialogue_.send_failed("reset");
    dialogue_.sent();
  }

  void read() {
    if (octets_.empty()) {
      return (choice_ & 64) != 0 ? dialogue_.closed("end of file") : dialogue_.timed_out();
    }
    const std::string_view piece = octets_.substr(0, octets_.find('\0'));
    octets_.remove_prefix(std::min(octets_.size(), piece.size() + 1));
    witness_.received(piece);
    dialogue_.received(piece);
  }

  unsigned choice_;
  std::string_view octets_;
  const Account account_;
  const mail::Delivery delivery_;
  const BodyFacts facts_;
  Dialogue dialogue_;
  test::DialogueWitness witness_;
  Outcomes outcomes_;
  bool tls_ = false;
  bool in_message_ = false;
  unsigned messages_ = 0;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Harness(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1}).run();
  return 0;
}
