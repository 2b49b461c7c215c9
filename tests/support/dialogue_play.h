// dialogue_play.h: runs a client dialogue against a server that is a function, without sockets: what it sends
// is cut into commands, and the server's replies go back in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "deliver/dialogue.h"
#include "smtp/dot_stuff.h"
#include "support/delivery_kit.h"

namespace waybill::test {

/// What the server does with one command (or "BANNER", "BODY" after a body): replies, or goes away.
struct Response {
  std::string octets;  ///< with line ends
  enum class Then { stay, drop, silence } then = Then::stay;
};

class Play {
 public:
  using Server = std::function<Response(const std::string& command)>;

  Play(deliver::DialogueSettings settings, Server server)
      : dialogue(std::move(settings)), server_(std::move(server)) {
    answer("BANNER");
  }

  /// Runs until the dialogue is ready, done with a message, or closed.
  deliver::Dialogue::What run() {
    for (int steps = 0; steps < 100'000; ++steps) {
      const auto step = dialogue.next();
      switch (step.what) {
        case deliver::Dialogue::What::send:
          send(step);
          break;
        case deliver::Dialogue::What::read:
          read();
          break;
        case deliver::Dialogue::What::start_tls:
          if (tls_works) {
            tls_on = true;
            dialogue.tls_started();
          } else {
            dialogue.tls_failed("bad handshake");
          }
          break;
        default:
          return step.what;
      }
    }
    endless = true;
    return deliver::Dialogue::What::close;
  }

  /// Sends one message from ready to its end.
  deliver::Dialogue::MessageEnd message(const mail::Delivery& delivery, deliver::Outcomes& outcomes) {
    if (run() != deliver::Dialogue::What::ready) return deliver::Dialogue::MessageEnd::interrupted;
    outcomes.resize(delivery.recipients.size());
    body_ = delivery.body;
    const auto facts = deliver::scan_body(*delivery.body);
    dialogue.begin(delivery, *facts, outcomes);
    done = run() == deliver::Dialogue::What::message_done;
    return dialogue.message_end();
  }

  deliver::Dialogue dialogue;
  std::vector<std::string> commands;
  std::vector<std::string> writes;  ///< one entry a send step
  std::vector<std::string> bodies;  ///< as on the wire
  bool tls_works = true;
  bool tls_on = false;  ///< the handshake was a success
  bool done = false;
  bool endless = false;

 private:
  void answer(const std::string& command) {
    if (gone_ || silent_) return;
    Response response = server_(command);
    inbox_ += response.octets;
    if (response.then == Response::Then::drop) gone_ = true;
    if (response.then == Response::Then::silence) silent_ = true;
  }

  void send(const deliver::Dialogue::Step& step) {
    std::string body;
    if (step.body != deliver::BodyForm::none) {
      std::vector<std::string_view> pieces;
      smtp::BodyEncoder encoder(step.body == deliver::BodyForm::stuffed ? smtp::Dots::doubled
                                                                        : smtp::Dots::literal);
      std::vector<Chunk> chunks;
      for (uint32_t n = 0; n < body_->chunk_count(); ++n) {
        chunks.push_back(*body_->chunk(n));
        if (step.body == deliver::BodyForm::raw) {
          pieces.push_back(chunks.back().view());
        } else {
          encoder.encode(chunks.back().view(), pieces);
        }
      }
      if (step.body != deliver::BodyForm::raw) encoder.finish(pieces);
      for (const auto piece : pieces) body += piece;
      bodies.push_back(body);
    }
    const std::string text(step.text);
    writes.push_back(text + body);
    dialogue.sent();
    size_t at = 0;
    while (at < text.size()) {
      const size_t end = text.find("\r\n", at);
      const std::string command = text.substr(at, end - at);
      at = end + 2;
      commands.push_back(command);
      answer(command);
    }
    if (step.body == deliver::BodyForm::stuffed) answer("BODY");
  }

  void read() {
    if (!inbox_.empty()) {
      const std::string octets = std::exchange(inbox_, {});
      dialogue.received(octets);
    } else if (gone_) {
      dialogue.closed("end of file");
    } else {
      dialogue.timed_out();
    }
  }

  Server server_;
  mail::BodyPtr body_;
  std::string inbox_;
  bool gone_ = false;
  bool silent_ = false;
};

/// An obedient server with these offers; `override` may answer first.
inline Play::Server obedient(std::vector<std::string> offers,
                             std::function<std::optional<Response>(const std::string&)> override = {}) {
  auto accepted = std::make_shared<int>(0);
  return [offers = std::move(offers), override = std::move(override),
          accepted](const std::string& command) -> Response {
    if (override) {
      if (auto own = override(command)) return *own;
    }
    const std::string verb = command.substr(0, 4);
    if (command == "BANNER") return {"220 server.test\r\n"};
    if (verb == "EHLO" || verb == "LHLO") {
      std::string out = offers.empty() ? "250 server.test\r\n" : "250-server.test\r\n";
      for (size_t n = 0; n < offers.size(); ++n)
        out += (n + 1 == offers.size() ? "250 " : "250-") + offers[n] + "\r\n";
      return {out};
    }
    if (verb == "STAR") return {"220 go\r\n"};
    if (verb == "DATA") return {"354 go\r\n"};
    if (verb == "QUIT") return {"221 bye\r\n", Response::Then::drop};
    return {"250 2.0.0 ok\r\n"};
  };
}

}  // namespace waybill::test
