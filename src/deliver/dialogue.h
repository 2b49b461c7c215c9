// dialogue.h: the client's side of SMTP and LMTP (RFC 5321, 2033) as a plain state machine. Events go in
// (octets, losses, messages to send), steps come out; no socket, no clock, no disk. One per connection.
//
// The shell's loop: `step = next()`, do it, report what came of it, again.
//   send         write text, then the body in the given form; then sent(), or send_failed() with the reason
//   start_tls    shake hands, then tls_started() or tls_failed()
//   read         read within the stage's timeout, then received(), timed_out() or closed()
//   ready        the session waits for begin() or quit()
//   message_done see message_end(); outcomes are filled in; then next() again
//   close        the session is over: see end()
//
// Never: says delivered without a 2yz to the whole body; rejects what is unknown; sends a bare CR or LF
// (conformance 68); keeps more than one reply and one transaction's commands in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deliver/commands.h"
#include "deliver/targets.h"
#include "mail/delivery.h"
#include "smtp/ehlo_reply.h"
#include "smtp/reply_parser.h"

namespace waybill::deliver {

enum class Protocol : uint8_t { smtp, lmtp };
enum class UseTls : uint8_t {
  when_offered,
  never,
  required,    ///< by STARTTLS, or nothing goes out
  from_start,  ///< before the greeting (RFC 8314 3.3)
};

struct DialogueSettings {
  std::string hostname;  ///< for EHLO
  std::string host;      ///< the peer's name, for outcomes
  std::string address;   ///< the peer's address and port, for outcomes
  Protocol protocol = Protocol::smtp;
  UseTls tls = UseTls::when_offered;
  /// Who we are there; null: nobody in particular. Sent under TLS only, whatever `tls` says.
  std::shared_ptr<const Credentials> credentials;
  uint32_t recipients_max = 100;  ///< a transaction
  uint64_t pipelined_body_octets_max = 64 * 1024;
};

/// What the session waits for; the shell knows how long each may take (RFC 5321 4.5.3.2).
enum class Stage : uint8_t { banner, hello, starttls, auth, mail, rcpt, data, dot, rset, quit };
[[nodiscard]] std::string_view to_string(Stage stage);

/// One outcome a recipient of the delivery; empty: not settled yet.
using Outcomes = std::vector<std::optional<mail::Outcome>>;

class Dialogue {
 public:
  explicit Dialogue(DialogueSettings settings);

  enum class What : uint8_t { read, send, start_tls, ready, message_done, close };
  struct Step {
    What what = What::read;
    std::string_view text;  ///< for send; valid until the next event
    BodyForm body = BodyForm::none;
    Stage stage = Stage::banner;  ///< for read
  };
  [[nodiscard]] Step next();

  /// There is no connection to talk over.
  void not_connected(const std::string& why);
  void received(std::string_view octets);
  void sent();
  void timed_out();
  /// The peer went away, or the connection broke.
  void closed(const std::string& why);
  /// The write did not finish: what the step held was not sent whole. Replies that came before may still be
  /// fed with received() first.
  void send_failed(const std::string& why);
  void tls_started();
  void tls_failed(const std::string& why);

  /// REQUIRES: the last step was `ready`. Both stay where they are until message_done. Recipients that are
  /// settled in `outcomes` are left alone.
  void begin(const mail::Delivery& delivery, const BodyFacts& facts, Outcomes& outcomes);
  /// Trouble of our own: no descriptors left, or the spool could not give the body's octets. The connection
  /// can't be saved; the message, if there is one, is deferred.
  void local_failure(const std::string& why);
  /// REQUIRES: the last step was `ready`.
  void quit();

  /// The session stood idle, whether or not it has carried mail: the server may have left meanwhile, which
  /// says nothing about the next message or the host.
  void rested() { rested_ = true; }

  /// How the message that is done ended.
  enum class MessageEnd : uint8_t {
    settled,      ///< every recipient has its outcome
    interrupted,  ///< the session ended; those without an outcome may be tried at another host at once
    stale,        ///< as interrupted, but a connection kept for later was simply gone: the same host, afresh
  };
  [[nodiscard]] MessageEnd message_end() const { return message_end_; }

  enum class End : uint8_t {
    open,
    quit,          ///< our goodbye, or a session that we had no use for
    refused,       ///< the greeting or EHLO was answered with 4yz or 5yz
    shutdown,      ///< 421
    lost,          ///< broken or timed out
    garbage,       ///< the peer does not speak SMTP
    tls_failed,    ///< the handshake: worth another try in plaintext where policy allows
    unauthorized,  ///< our credentials were refused, or could not be sent safely
    local,         ///< our own trouble
  };
  [[nodiscard]] End end() const { return end_; }
  /// Why it ended: the server's reply, or ours (always 4yz then). Fit for an outcome.
  [[nodiscard]] const mail::Reply& end_reply() const { return end_reply_; }
  /// True when `end_reply` is the server's own.
  [[nodiscard]] bool end_is_remote() const { return end_is_remote_; }

  /// The session has once been ready for mail.
  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] bool tls() const { return tls_; }
  /// Grows with every reply: the shell restarts its deadline then, and only then.
  [[nodiscard]] uint64_t replies() const { return replies_; }
  [[nodiscard]] uint64_t messages() const { return messages_; }
  /// RFC 9422 MAILMAX is used up: quit instead of begin.
  [[nodiscard]] bool used_up() const { return offers_.mail_max != 0 && mails_ >= offers_.mail_max; }
  [[nodiscard]] const smtp::PeerOffers& offers() const { return offers_; }
  /// Outcome of a recipient that only this session's end explains.
  [[nodiscard]] mail::Outcome end_outcome() const;

 private:
  enum class Phase : uint8_t { opening, starting_tls, ready, message, quitting, over };
  struct Expected {
    Stage stage;
    uint32_t recipient = 0;
  };
  /// One MAIL with its recipients.
  struct Transaction {
    enum class Answer : uint8_t { none, accepted, postponed, refused };
    std::vector<uint32_t> recipients;  ///< indexes into the delivery's
    std::vector<Answer> answers;       ///< one each
    size_t rcpts_sent = 0;
    uint32_t accepted = 0;
    uint32_t replies = 0;
    BodyForm form = BodyForm::stuffed;
    bool rset_sent = false;
    bool mail_sent = false;
    bool mail_accepted = false;
    bool mail_refused = false;
    bool body_command_sent = false;  ///< DATA or BDAT
    bool body_offered = false;       ///< a step with the body, or the lone dot, was handed out
    bool body_sent = false;          ///< and it was written whole
    bool taken = false;              ///< 2yz to the body
    mail::Reply postponed;           ///< the server's words about too many recipients
  };

  void expect(Stage stage, uint32_t recipient = 0) { expected_.push_back({stage, recipient}); }
  void send_now() { send_pending_ = true; }
  /// The connection is not fresh: it may have gone stale before this message.
  [[nodiscard]] bool kept() const { return messages_ > 0 || rested_; }
  void finish(End end, mail::Reply reply, bool remote);
  void lose(End end, const std::string& why);
  void say_goodbye();

  void on_reply(const mail::Reply& reply);
  void on_banner(const mail::Reply& reply);
  void on_hello(const mail::Reply& reply);
  void on_starttls(const mail::Reply& reply);
  void send_hello();
  void on_ready();

  // dialogue_auth.cc
  enum class Auth : uint8_t { none, plain, login_user, login_password, login_done, done };
  [[nodiscard]] bool needs_tls() const;
  void authenticate();
  void say_plain();
  void say_login();
  void on_auth(const mail::Reply& reply);
  void give_up(mail::Reply reply, bool remote);

  // dialogue_transaction.cc
  void start_transaction();
  void pump();
  void pump_body_command();
  void on_transaction_reply(Expected expected, const mail::Reply& reply);
  void on_mail(const mail::Reply& reply);
  void on_rcpt(uint32_t slot, const mail::Reply& reply);
  void on_data(const mail::Reply& reply);
  void on_dot(uint32_t slot, const mail::Reply& reply);
  void end_transaction();
  void end_message(MessageEnd end);
  [[nodiscard]] bool tried_before() const;
  void leave_in_doubt(const std::string& why);
  void settle(uint32_t recipient, mail::Fate fate, const mail::Reply& reply, bool remote);
  void settle_slot(size_t slot, const mail::Reply& reply);
  void settle_open(const mail::Reply& reply);
  [[nodiscard]] bool transaction_has_more() const;

  DialogueSettings settings_;
  smtp::ReplyParser parser_;
  smtp::PeerOffers offers_;
  Phase phase_ = Phase::opening;
  std::vector<Expected> expected_;
  size_t expected_at_ = 0;

  std::string out_;
  BodyForm out_body_ = BodyForm::none;
  bool send_pending_ = false;
  bool sending_ = false;
  bool tls_pending_ = false;
  bool message_done_ = false;
  bool helo_ = false;
  Auth auth_ = Auth::none;

  const mail::Delivery* delivery_ = nullptr;
  Outcomes* outcomes_ = nullptr;
  BodyFacts facts_;
  Transaction transaction_;
  bool needs_rset_ = false;
  uint32_t rcpt_max_;
  MessageEnd message_end_ = MessageEnd::settled;

  End end_ = End::open;
  mail::Reply end_reply_;
  bool end_is_remote_ = false;
  bool established_ = false;
  bool rested_ = false;
  bool tls_ = false;
  uint64_t replies_ = 0;
  uint64_t messages_ = 0;
  uint64_t mails_ = 0;
};

}  // namespace waybill::deliver
