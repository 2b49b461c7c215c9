// callout_dialogue.h: asks a host whether it would take mail for a recipient, and sends none: MAIL FROM:<>,
// RCPT, and RSET before the next one (RFC 5321 3.3, 4.1.1.5). A plain state machine for the middle of a
// session whose opening is Dialogue's: octets in, steps out; no socket, no clock.
//
// The shell's loop: `step = next()`, do it, report what came of it, again.
//   idle      ask() the next one, or leave
//   send      write text; then sent()
//   read      read within the stage's timeout, then received() or lost()
//   answered  take_answer()
//   over      the session is of no further use: say goodbye, if that is still possible
//
// Never: sends DATA; takes anything for a word about the recipient that is not the host's own clear reply to
// RCPT.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "deliver/dialogue.h"
#include "mail/address.h"
#include "smtp/ehlo_reply.h"
#include "smtp/reply_parser.h"

namespace waybill::deliver {

/// What a host says of a recipient.
enum class RecipientWord : uint8_t {
  unknown,  ///< nothing clear
  exists,   ///< 250 or 251 to RCPT
  refused,  ///< 550, 551 or 553 to RCPT, for a reason that lies in the address
};
[[nodiscard]] std::string_view to_string(RecipientWord word);

/// A policy's refusal, a full mailbox or a sender that is not liked says nothing of the recipient (RFC
/// 3463 3.2, 3.3, 3.8): such an enhanced status makes the word unknown.
[[nodiscard]] RecipientWord read_rcpt_reply(const mail::Reply& reply);

struct CalloutAnswer {
  RecipientWord word = RecipientWord::unknown;
  mail::Reply reply;  ///< the host's, or ours (4yz) on why it has none
};

class CalloutDialogue {
 public:
  /// `offers`: what the host said to EHLO.
  explicit CalloutDialogue(smtp::PeerOffers offers) : offers_(std::move(offers)) {}

  enum class What : uint8_t { idle, send, read, answered, over };
  struct Step {
    What what = What::idle;
    std::string_view text;      ///< for send; valid until the next event
    Stage stage = Stage::mail;  ///< for read
  };
  [[nodiscard]] Step next() const;

  /// REQUIRES: next() says idle.
  void ask(const mail::Address& recipient);
  void sent();
  void received(std::string_view octets);
  /// The connection broke, or timed out.
  void lost(const std::string& why);
  /// REQUIRES: next() says answered.
  [[nodiscard]] CalloutAnswer take_answer();
  /// No word can come of this session any more (also while an answer is still to be taken).
  [[nodiscard]] bool is_over() const { return over_; }
  /// The host hung up, or speaks no SMTP: there is nobody to say goodbye to.
  [[nodiscard]] bool is_gone() const { return gone_; }

 private:
  enum class State : uint8_t { idle, rset, mail, rcpt, answered };
  void on_reply(const mail::Reply& reply);
  void send_mail();
  void answer(RecipientWord word, mail::Reply reply);
  void give_up(const std::string& why);

  smtp::PeerOffers offers_;
  smtp::ReplyParser parser_;
  State state_ = State::idle;
  mail::Address recipient_;
  CalloutAnswer answer_;
  std::string out_;
  bool send_pending_ = false;
  bool needs_rset_ = false;
  bool over_ = false;
  bool gone_ = false;
};

}  // namespace waybill::deliver
