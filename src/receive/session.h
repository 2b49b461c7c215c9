// session.h: the server's side of one SMTP or LMTP session (RFC 5321, RFC 2033) as a pure state machine: no
// clock, no socket, no disk. Octets go in, replies and actions come out; server_session.h moves them.
//
// The order of things: call start(), then until a Close action was taken
//   - carry out actions from take_action() and answer those that want an answer,
//   - write what output() holds, before BeginTls, before Close and before waiting for input,
//   - feed() unread octets; it takes none while an answer is open (wants_input() is false), and leaves an
//     incomplete command line to be fed again with more behind it.
// The same octets in any split give the same actions and replies, except where talking early is refused.
//
// Thread rule: none; one session, one thread. Failure modes: none of its own; whatever the client sends gets
// a reply. It never says 250 to a message before on_committed, never takes a bare CR or LF for a line end
// (RFC 5321 2.3.8), and keeps nothing of one transaction for the next.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "receive/actions.h"
#include "receive/etrn.h"
#include "receive/gate.h"
#include "receive/message_builder.h"
#include "receive/received_field.h"
#include "receive/settings.h"
#include "smtp/command.h"
#include "smtp/reply_writer.h"

namespace waybill::receive {

class Session {
 public:
  /// `client.tls` is yes where TLS came before SMTP (RFC 8314); `tls_comment` then describes it.
  Session(std::shared_ptr<const Settings> settings, ClientFacts client, std::string tls_comment = {});

  void start();
  /// The client sent octets before the banner (RFC 5321 3.1): refused, if that is the policy. Before start(),
  /// or in place of the verdict on the connection.
  void on_early_talk();
  /// Returns how many octets were taken.
  [[nodiscard]] size_t feed(std::string_view octets);
  void on_verdict(Verdict verdict);
  void on_etrn(const mail::Reply& reply);
  void on_begun(MessageId id, Time now);
  void on_spill_failed(const Error& error);
  void on_committed(const Status& status);
  /// For Received: "TLSv1.3 TLS_AES_256_GCM_SHA384".
  void on_tls_started(std::string tls_comment);
  /// The client kept silent for too long, or the session's time is over.
  void on_timeout();
  /// We are going down: idle sessions end now with 421 4.3.2, a message under way may finish first.
  /// Something runs short: ends with 421 unless a transaction is under way.
  void on_shed();
  void on_shutdown();
  /// The connection is gone: releases what a message under way holds (Abandon), then is closed.
  void on_disconnect();

  [[nodiscard]] std::optional<Action> take_action();
  /// Replies not yet written. The shell takes them away (std::exchange, clear).
  [[nodiscard]] std::string& output() { return output_; }

  [[nodiscard]] bool wants_input() const;
  [[nodiscard]] bool closed() const { return phase_ == Phase::closed; }
  /// Between DATA or the first BDAT and the message's final reply.
  [[nodiscard]] bool in_message() const { return message_.has_value(); }
  /// The content of messages so far: what earns a session more time.
  [[nodiscard]] uint64_t content_octets() const;

  [[nodiscard]] const ClientFacts& client() const { return client_; }
  [[nodiscard]] const mail::ReversePath& from() const { return envelope_.from; }
  [[nodiscard]] uint64_t declared_octets() const { return client_.declared_octets; }
  /// The recipient that AskRcpt is about.
  [[nodiscard]] const mail::Address& candidate() const { return candidate_.address; }
  [[nodiscard]] const mail::Envelope& envelope() const { return envelope_; }
  /// What AskEtrn is about.
  [[nodiscard]] const EtrnNode& etrn_node() const { return etrn_; }

 private:
  enum class Phase : uint8_t {
    idle,       ///< before start()
    connect,    ///< waiting for the gate, before the banner
    command,    ///< reading commands
    long_line,  ///< reading on to the end of a command line that is too long
    mail,       ///< waiting for the gate's word on MAIL
    rcpt,       ///< the same for RCPT
    etrn,       ///< waiting for the daemon's word on ETRN
    begin,      ///< waiting for a message id
    data,       ///< reading content up to CRLF.CRLF
    bdat,       ///< reading a BDAT chunk
    bdat_skip,  ///< reading a BDAT chunk that was refused already
    commit,     ///< waiting for the store
    tls,        ///< waiting for the handshake
    closed,
  };
  enum class Transaction : uint8_t {
    none,
    open,  ///< MAIL was accepted
    bdat,  ///< a first BDAT was accepted; only BDAT may follow (RFC 3030 2)
  };
  struct Message {
    MessageId id;
    MessageBuilder builder;
    uint32_t chunks_spilled = 0;
    std::optional<mail::Reply> failure;  ///< the store's: what the client will be told
  };

  // session.cc: input, dispatch and replies
  size_t feed_line(std::string_view octets);
  size_t feed_long_line(std::string_view octets);
  void run_line(std::string_view line);
  void dispatch(const smtp::Command& command);
  void say(uint16_t code, mail::EnhancedStatus enhanced, std::string text);
  void say(const mail::Reply& reply);
  /// Says a negative reply and counts it; too many end the session.
  void refuse(const mail::Reply& reply);
  void refuse(uint16_t code, mail::EnhancedStatus enhanced, std::string text);
  void close();
  void close_with(uint16_t code, mail::EnhancedStatus enhanced, std::string text);
  [[nodiscard]] bool refuse_argument(const smtp::Command& command);
  [[nodiscard]] bool refuse_early_talk();
  [[nodiscard]] bool is_lmtp() const { return settings_->role == Role::lmtp; }
  void reset_transaction();
  void abandon_message();

  // one file a verb: verb_hello.cc, verb_mail.cc, verb_rcpt.cc, verb_data.cc, verb_bdat.cc, verb_starttls.cc,
  // verb_small.cc, verb_etrn.cc
  void hello(const smtp::Command& command);
  [[nodiscard]] std::string offers() const;
  void mail(const smtp::Command& command);
  void mail_decided(const Verdict& verdict);
  void rcpt(const smtp::Command& command);
  void rcpt_decided(const Verdict& verdict);
  void take_recipients(const Verdict& verdict);
  void data(const smtp::Command& command);
  [[nodiscard]] std::optional<mail::Reply> data_refusal() const;
  size_t feed_data(std::string_view octets);
  void spill_full_chunks();
  void content_ended();
  [[nodiscard]] std::optional<mail::Reply> content_refusal() const;
  /// The final reply to a message: once, or in LMTP once for each recipient (RFC 2033 4.2).
  void say_final(const mail::Reply& reply, bool counts_as_error);
  void bdat(const smtp::Command& command);
  [[nodiscard]] std::optional<mail::Reply> bdat_refusal(const smtp::Bdat& bdat) const;
  size_t feed_bdat(std::string_view octets);
  size_t feed_bdat_skip(std::string_view octets);
  void bdat_chunk_ended();
  void starttls(const smtp::Command& command);
  void quit(const smtp::Command& command);
  void rset(const smtp::Command& command);
  void vrfy(const smtp::Command& command);
  void help();
  void etrn(const smtp::Command& command);
  [[nodiscard]] bool offers_etrn() const;

  std::shared_ptr<const Settings> settings_;
  ClientFacts client_;
  std::string tls_comment_;
  std::string output_;
  std::deque<Action> actions_;

  Phase phase_ = Phase::idle;
  std::optional<Protocol::Greeting> greeting_;
  Transaction transaction_ = Transaction::none;
  bool more_buffered_ = false;       ///< octets follow the command that is being run
  bool long_line_cr_ = false;        ///< long_line: the last octet was a CR
  bool after_refused_data_ = false;  ///< the next line may be the text of a message, not a command
  bool stopping_ = false;

  mail::Envelope envelope_;
  std::vector<std::string> tags_;  ///< header fields that the gate wants in this message
  mail::Recipient candidate_;
  EtrnNode etrn_;
  std::vector<mail::Expanded> expanded_;  ///< which of the accepted RCPTs stand for others
  uint32_t rcpts_accepted_ = 0;           ///< of this transaction: LMTP answers each (RFC 2033 4.2)
  std::optional<Message> message_;

  uint64_t bdat_octets_left_ = 0;
  smtp::Last bdat_last_ = smtp::Last::no;
  mail::Reply bdat_skip_reply_;

  uint64_t content_octets_done_ = 0;
  uint32_t errors_ = 0;
  uint32_t commands_ = 0;
  uint32_t rejected_recipients_ = 0;
  uint32_t messages_ = 0;
};

}  // namespace waybill::receive
