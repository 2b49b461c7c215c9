// dialogue_witness.h: a second, naive look at the client's side of SMTP: it sees the octets that go out and
// those that come in, pairs the n-th reply with the n-th command, and from that alone says what became of a
// recipient. A dialogue that claims anything else has lost count. It shares the reply's grammar with the
// dialogue, which has tests of its own.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "deliver/dialogue.h"
#include "smtp/auth.h"
#include "smtp/command.h"
#include "smtp/parameters.h"
#include "smtp/reply_parser.h"

namespace waybill::test {

class DialogueWitness {
 public:
  /// `credentials`: those that the client has, or null.
  explicit DialogueWitness(deliver::Protocol protocol, const deliver::Credentials* credentials = nullptr)
      : protocol_(protocol), needs_account_(credentials != nullptr) {
    open_.push_back({What::other, 0});  // the banner
    if (credentials == nullptr) return;
    secrets_ = {credentials->password, smtp::base64(credentials->password),
                smtp::plain_response(credentials->user, credentials->password)};
  }

  /// A message begins; recipients are known by their address.
  void begin(const mail::Delivery& delivery) {
    delivery_ = &delivery;
    accepted_.clear();
    taken_.clear();
    said_.clear();
  }

  /// "" or what is wrong with what the client sends. `tls`: the handshake was a success.
  [[nodiscard]] std::string sent(const deliver::Dialogue::Step& step, const smtp::PeerOffers& offers,
                                 bool tls) {
    if (!step.text.empty() && !step.text.ends_with("\r\n")) return "a command without CRLF";
    for (const std::string& secret : secrets_) {
      if (!tls && step.text.find(secret) != std::string_view::npos) return "a secret in the clear";
    }
    size_t lines = 0;
    for (std::string_view left = step.text; !left.empty(); ++lines) {
      const size_t end = left.find("\r\n");
      const std::string line(left.substr(0, end));
      left.remove_prefix(end + 2);
      if (smtp::has_control(line)) return "a control character in a command";
      if (std::string wrong = command(line, offers, tls); !wrong.empty()) return wrong + ": " + line;
    }
    if (lines > 1 && !offers.pipelining) return "commands in one go without PIPELINING";
    if (step.body == deliver::BodyForm::stuffed) body();
    return {};
  }

  void received(std::string_view octets) {
    while (!octets.empty() && !lost_count_) {
      const auto fed = parser_.feed(octets);
      octets.remove_prefix(fed.consumed);
      if (fed.state == smtp::ReplyParser::State::more) return;
      lost_count_ = fed.state == smtp::ReplyParser::State::broken || open_.empty();
      if (!lost_count_) reply(parser_.reply());
    }
  }

  /// "" or where an outcome does not follow from what was said. `settled`: the dialogue says that it is all;
  /// `alive`: and it has not given the session up in the middle of what was received.
  [[nodiscard]] std::string judge(const deliver::Outcomes& outcomes, bool settled, bool alive) const {
    for (uint32_t n = 0; n < outcomes.size(); ++n) {
      const bool taken = taken_.contains(n);
      if (!outcomes[n]) {
        if (settled) return "a recipient without an outcome";
        continue;
      }
      const mail::Outcome& outcome = *outcomes[n];
      if (outcome.fate == mail::Fate::delivered && !taken) return "delivered without a 2yz to RCPT and body";
      if (settled && alive && taken && outcome.fate != mail::Fate::delivered)
        return "taken, and not delivered";
      if (outcome.fate == mail::Fate::rejected && !outcome.reply.permanent()) return "rejected without a 5yz";
      if (outcome.fate == mail::Fate::deferred && outcome.reply.positive()) return "deferred with a 2yz";
      if (outcome.remote && !was_said(n, outcome.reply.code)) return "words that the server never said";
    }
    return {};
  }

 private:
  enum class What : uint8_t { mail, rcpt, data, body, auth, other };
  struct Open {
    What what;
    uint32_t recipient;
  };

  static bool is_base64(std::string_view line) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    return line.size() % 4 == 0 && line.find_first_not_of(kAlphabet) == std::string_view::npos;
  }

  std::string command(const std::string& line, const smtp::PeerOffers& offers, bool tls) {
    const auto has = [&line](std::string_view what) { return line.find(what) != std::string::npos; };
    if (line == ".") return body(), "";
    if (std::exchange(asked_for_more_, false)) {
      open_.push_back({What::auth, 0});
      return is_base64(line) ? "" : "an answer to AUTH that is no base64";
    }
    const auto cmd = smtp::parse_command(line);
    if (cmd.verb == smtp::Verb::auth) {
      open_.push_back({What::auth, 0});
      const bool offered = line.starts_with("AUTH PLAIN ") ? offers.auth_plain : offers.auth_login;
      return needs_account_ && offered && tls && !has_account_ ? "" : "AUTH out of place";
    }
    if (cmd.verb == smtp::Verb::mail) {
      if (needs_account_ && !has_account_) return "mail of somebody who is not signed in";
      accepted_.clear();
      mail_refused_ = false;
      open_.push_back({What::mail, 0});
      if ((has(" SIZE=") && !offers.size) || (has(" SMTPUTF8") && !offers.smtputf8)) return "not offered";
      if ((has(" RET=") || has(" ENVID=")) && !offers.dsn) return "not offered";
      if (has(" BODY=8BITMIME") && !offers.eight_bit_mime) return "not offered";
      if (has(" BODY=BINARYMIME") && !(offers.binarymime && offers.chunking)) return "not offered";
      if (has(" REQUIRETLS") && !(offers.requiretls && tls)) return "not offered";
      if (has(" BODY=BINARYMIME") || has(" REQUIRETLS")) return {};  // our own server knows neither
      const auto read = smtp::parse_mail(cmd.argument, smtp::Extensions::offered);
      return read && delivery_ && read->from == delivery_->envelope->from ? "" : "another sender";
    }
    if (cmd.verb == smtp::Verb::rcpt) {
      if ((has(" NOTIFY=") || has(" ORCPT=")) && !offers.dsn) return "not offered";
      const auto read = smtp::parse_rcpt(cmd.argument, smtp::Extensions::offered);
      if (!read || !delivery_) return "another recipient";
      const auto& all = delivery_->recipients;
      const auto at = std::ranges::find_if(
          all, [&read](const auto& one) { return one.recipient.address == read->recipient.address; });
      if (at == all.end()) return "another recipient";
      const auto n = static_cast<uint32_t>(at - all.begin());
      if (taken_.contains(n)) return "a recipient that was served already";
      open_.push_back({What::rcpt, n});
      return {};
    }
    if (cmd.verb == smtp::Verb::bdat) {
      if (!offers.chunking) return "not offered";
      return body(), "";
    }
    open_.push_back({cmd.verb == smtp::Verb::data ? What::data : What::other, 0});
    return cmd.verb == smtp::Verb::unknown ? "no command" : "";
  }

  /// RFC 2033 4.2: LMTP answers a body once for each recipient that was accepted.
  void body() {
    if (protocol_ == deliver::Protocol::smtp) return open_.push_back({What::body, 0});
    for (const uint32_t n : accepted_) open_.push_back({What::body, n});
  }

  void reply(const mail::Reply& reply) {
    const Open to = open_.front();
    open_.pop_front();
    const bool yes = reply.code >= 200 && reply.code < 300;
    if (to.what == What::auth) {
      has_account_ = yes;
      asked_for_more_ = reply.code >= 300 && reply.code < 400;
    }
    const bool for_one =
        to.what == What::rcpt || (to.what == What::body && protocol_ == deliver::Protocol::lmtp);
    said_[for_one ? static_cast<int64_t>(to.recipient) : kAll].insert(reply.code);
    // What a server says to RCPT after it has refused MAIL concerns no transaction.
    if (to.what == What::mail && !yes) mail_refused_ = true;
    if (to.what == What::rcpt && yes && !mail_refused_) accepted_.push_back(to.recipient);
    if (to.what != What::body || !yes) return;
    if (for_one) {
      taken_.insert(to.recipient);
    } else {
      taken_.insert(accepted_.begin(), accepted_.end());
    }
  }

  [[nodiscard]] bool was_said(uint32_t n, uint16_t code) const {
    if (code == 452 && was_said(n, 552)) return true;  // RFC 5321 4.5.3.1.10: taken as 452
    for (const int64_t whom : {static_cast<int64_t>(n), kAll}) {
      const auto at = said_.find(whom);
      if (at != said_.end() && at->second.contains(code)) return true;
    }
    return false;
  }

  static constexpr int64_t kAll = -1;
  deliver::Protocol protocol_;
  const mail::Delivery* delivery_ = nullptr;
  smtp::ReplyParser parser_;
  std::deque<Open> open_;
  std::vector<uint32_t> accepted_;  ///< in this transaction, in the order of their RCPT
  std::set<uint32_t> taken_;        ///< in this message
  std::map<int64_t, std::set<uint16_t>> said_;
  const bool needs_account_;
  std::vector<std::string> secrets_;  ///< in each form in which they might go out
  bool has_account_ = false;
  bool asked_for_more_ = false;  ///< the last reply was the 3yz of an AUTH
  bool mail_refused_ = false;
  bool lost_count_ = false;
};

}  // namespace waybill::test
