#include "receive/server_session.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "receive/answer_slot.h"
#include "receive/session.h"

namespace waybill::receive {
namespace {
constexpr size_t kReadOctets = 4096;           // what an idle session holds
constexpr size_t kReadOctetsBulk = 64 * 1024;  // while a message comes in
constexpr Millis kCloseTimeout{5'000};
constexpr Millis kHandshakeTimeout{60'000};

class Shell final : public Stoppable {
 public:
  Shell(net::Stream stream, std::shared_ptr<const Settings> settings, Services services)
      : stream_(std::move(stream)),
        settings_(std::move(settings)),
        services_(services),
        started_(net::steady_now()) {}

  net::Task<void> run();
  void on_stop() override;
  void on_kill() override { stream_.close(); }
  void on_shed() override;

 private:
  enum class Next : uint8_t { go_on, end };

  net::Task<Status> handshake();
  net::Task<bool> talks_early();
  net::Task<Next> carry_out_all();
  net::Task<Next> carry_out(Action action);
  net::Task<void> ask_gate(Action action);
  net::Task<void> commit(Accepted message);
  net::Task<Status> begin_tls();
  net::Task<Next> read_more();
  net::Task<void> write_out();
  net::Task<void> drained();
  net::Task<void> hang_up();
  void say_farewell();
  void flush();
  void make_room();
  [[nodiscard]] std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] Steady session_deadline() const;
  [[nodiscard]] Steady read_deadline();
  [[nodiscard]] std::string tls_comment() const;

  net::Stream stream_;  // before writer_: the writer's frame refers to it
  std::shared_ptr<const Settings> settings_;
  Services services_;
  Steady started_;
  Steady command_started_{};
  std::optional<Session> session_;

  std::unique_ptr<char[]> buffer_;
  size_t buffer_octets_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;

  std::string writing_;  ///< what the writer is sending
  std::optional<net::Task<void>> writer_;
  bool writer_busy_ = false;
  bool write_failed_ = false;
  bool close_when_written_ = false;
  std::coroutine_handle<> waits_for_writer_;
};

/// Waits until the writer has nothing left to write.
struct WriterDone {
  const bool& busy;
  std::coroutine_handle<>& waiter;
  bool await_ready() const noexcept { return !busy; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { waiter = handle; }
  void await_resume() const noexcept {}
};

net::Task<void> Shell::run() {
  const bool tls_first = settings_->role == Role::submissions;
  if (tls_first) {
    const Status secured = co_await handshake();
    if (!secured) co_return;
  }
  ClientFacts facts{
      stream_.remote(), settings_->listener, settings_->role, {}, tls_first ? Secured::yes : Secured::no, {}};
  session_.emplace(settings_, std::move(facts), tls_first ? tls_comment() : std::string());
  make_room();
  const bool early = co_await talks_early();
  if (early) session_->on_early_talk();
  session_->start();
  command_started_ = net::steady_now();
  while (true) {
    const Next carried = co_await carry_out_all();
    if (carried == Next::end) break;
    if (begin_ < end_ && session_->wants_input()) {
      const size_t used = session_->feed(unread());
      begin_ += used;
      if (used > 0) continue;
    }
    const Next read = co_await read_more();
    if (read == Next::end) break;
  }
  co_await hang_up();
}

net::Task<Status> Shell::handshake() {
  if (!settings_->tls) co_return fail(Errc::unsupported, "no certificate");
  const Steady deadline = std::min(net::deadline_in(kHandshakeTimeout), session_deadline());
  Status status = co_await stream_.start_tls_server(settings_->tls, deadline);
  if (!status) {
    log::info("TLS handshake failed",
              {{"client", stream_.remote().to_string()}, {"why", status.error().what}});
  }
  co_return status;
}

std::string Shell::tls_comment() const {
  const auto info = stream_.tls();
  return info ? fmt::format("using {} with cipher {}", info->protocol, info->cipher) : std::string();
}

/// RFC 5321 3.1, RFC 2920 3.1: the client waits for the banner. Those that talk at once are found by a
/// glance.
net::Task<bool> Shell::talks_early() {
  if (settings_->banner_delay <= Millis{0} || settings_->role != Role::mx) co_return false;
  const IpAddress client = stream_.remote().ip;
  for (const IpNetwork& network : settings_->no_delay) {
    if (network.contains(client)) co_return false;
  }
  const Result<size_t> got =
      co_await stream_.read({buffer_.get(), buffer_octets_}, net::deadline_in(settings_->banner_delay));
  if (!got) co_return false;  // silence; if the connection is gone, the next read will say so
  end_ = *got;
  co_return true;
}

net::Task<Shell::Next> Shell::carry_out_all() {
  while (true) {
    std::optional<Action> action = session_->take_action();
    if (!action) co_return Next::go_on;
    const Next next = co_await carry_out(std::move(*action));
    if (next == Next::end) co_return Next::end;
  }
}

net::Task<Shell::Next> Shell::carry_out(Action action) {
  if (std::holds_alternative<Close>(action)) co_return Next::end;
  if (std::holds_alternative<Begin>(action)) {
    session_->on_begun(services_.intake.begin(), services_.clock.now());
  } else if (auto* spill = std::get_if<Spill>(&action)) {
    const Status kept = services_.intake.spill(spill->id, spill->n, std::move(spill->chunk));
    if (!kept) {
      log::error("chunk not kept", {{"id", spill->id}, {"why", kept.error().what}});
      session_->on_spill_failed(kept.error());
    }
  } else if (const auto* abandoned = std::get_if<Abandon>(&action)) {
    services_.intake.abandon(abandoned->id, abandoned->chunks);
  } else if (auto* message = std::get_if<Commit>(&action)) {
    co_await commit(std::move(message->message));
  } else if (std::holds_alternative<BeginTls>(action)) {
    const Status secured = co_await begin_tls();
    if (!secured) {
      session_->on_disconnect();
      co_return Next::end;
    }
    session_->on_tls_started(tls_comment());
  } else {
    co_await ask_gate(std::move(action));
  }
  co_return Next::go_on;
}

net::Task<void> Shell::ask_gate(Action action) {
  AnswerSlot<Verdict> slot(stream_.loop());
  const ClientFacts& client = session_->client();
  std::string what = "client refused";
  if (std::holds_alternative<AskConnect>(action)) {
    services_.gate.on_connect(client, slot.completer());
  } else if (std::holds_alternative<AskMail>(action)) {
    what = "sender refused";
    services_.gate.on_mail(client, session_->from(), session_->declared_octets(), slot.completer());
  } else {
    what = "recipient refused";
    services_.gate.on_rcpt(client, session_->from(), session_->candidate(), slot.completer());
  }
  Verdict verdict = co_await slot;
  if (verdict.refusal) {
    log::info(what, {{"client", client.remote.to_string()},
                     {"helo", client.helo},
                     {"from", mail::to_string(session_->from())},
                     {"to", session_->candidate().to_string()},
                     {"reply", verdict.refusal->to_string()}});
  }
  session_->on_verdict(std::move(verdict));
}

net::Task<void> Shell::commit(Accepted message) {
  flush();  // replies to what came before need not wait for the disk
  const MessageId id = message.id;
  AnswerSlot<Status> slot(stream_.loop());
  services_.intake.commit(std::move(message), slot.completer());
  const Status status = co_await slot;
  if (!status) log::error("message not kept", {{"id", id}, {"why", status.error().what}});
  session_->on_committed(status);
  command_started_ = net::steady_now();  // the time that we took is not the client's
}

net::Task<Status> Shell::begin_tls() {
  flush();
  co_await drained();
  // RFC 3207 4, CVE-2011-0411: what was read in the clear must not be taken for what TLS protects.
  if (begin_ < end_) co_return fail(Errc::refused, "octets before the handshake");
  Status status = co_await handshake();
  command_started_ = net::steady_now();
  co_return status;
}

Steady Shell::session_deadline() const {
  const uint64_t rate = std::max<uint64_t>(settings_->progress_octets_per_second, 1);
  const uint64_t content_octets =
      session_ ? session_->content_octets() : 0;  // none before TLS that comes first
  const Millis earned{static_cast<Millis::rep>(content_octets / rate * 1000)};
  return started_ + settings_->session_timeout + earned;
}

Steady Shell::read_deadline() {
  // A command has its time as a whole, however its octets drip in, also one between two chunks of a message.
  // A message's content, which is taken as it comes, has it for each block, and its whole from the session's
  // deadline.
  if (begin_ == end_) command_started_ = net::steady_now();
  return std::min(command_started_ + settings_->command_timeout, session_deadline());
}

/// What an unfinished command leaves goes to the front; a message under way earns a bigger buffer, an idle
/// session gives it back.
void Shell::make_room() {
  const size_t small = std::max(kReadOctets, settings_->command_octets_max * 2);
  const size_t wanted = session_->in_message() && end_ == buffer_octets_ ? kReadOctetsBulk
                        : session_->in_message()                         ? std::max(buffer_octets_, small)
                                                                         : small;
  const size_t held = end_ - begin_;
  if (wanted != buffer_octets_ && held <= wanted) {
    auto fresh = std::make_unique_for_overwrite<char[]>(wanted);
    if (held > 0) std::memcpy(fresh.get(), buffer_.get() + begin_, held);
    buffer_ = std::move(fresh);
    buffer_octets_ = wanted;
  } else if (begin_ > 0 && held > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
  }
  begin_ = 0;
  end_ = held;
}

net::Task<Shell::Next> Shell::read_more() {
  flush();
  if (session_->output().size() > settings_->output_octets_max) {
    // The client does not read its replies. That much is enough to hold for it.
    co_await drained();
  }
  if (session_->closed() || write_failed_) {
    session_->on_disconnect();
    co_return Next::go_on;  // what the session has to release, it does as actions; then Close
  }
  const Steady deadline = read_deadline();
  make_room();
  const Result<size_t> got = co_await stream_.read({buffer_.get() + end_, buffer_octets_ - end_}, deadline);
  if (got) {
    end_ += *got;
  } else if (session_->closed()) {
    co_return Next::go_on;  // told to stop meanwhile
  } else if (got.error().code == Errc::timeout) {
    session_->on_timeout();
  } else {
    session_->on_disconnect();
  }
  co_return Next::go_on;
}

/// Starts to write what the session has said, unless that is under way already: reading goes on meanwhile, so
/// that a client that sends without reading never finds us in the same state (RFC 2920 3.1).
void Shell::flush() {
  if (writer_busy_ || write_failed_ || session_->output().empty()) return;
  writer_busy_ = true;
  writer_.emplace(write_out());
  writer_->await_suspend(std::noop_coroutine()).resume();
}

net::Task<void> Shell::write_out() {
  while (!session_->output().empty() && !write_failed_) {
    writing_.clear();
    std::swap(writing_, session_->output());
    const Steady deadline = std::min(net::deadline_in(settings_->command_timeout), session_deadline());
    const Status written = co_await stream_.write(std::string_view(writing_), deadline);
    if (!written) write_failed_ = true;
  }
  writer_busy_ = false;
  if (write_failed_ || close_when_written_) stream_.close();
  if (waits_for_writer_) {
    // Through the loop: resumed here, our waiter could destroy this very frame under us.
    stream_.loop().post([waiter = std::exchange(waits_for_writer_, nullptr)] { waiter.resume(); });
  }
}

net::Task<void> Shell::drained() {
  WriterDone done{writer_busy_, waits_for_writer_};
  co_await done;
}

net::Task<void> Shell::hang_up() {
  flush();
  co_await drained();
  co_await stream_.shutdown(net::deadline_in(kCloseTimeout));
}

void Shell::on_stop() {
  if (!session_) return stream_.close();
  const bool was_closed = session_->closed();
  session_->on_shutdown();
  if (!was_closed && session_->closed()) say_farewell();
}

void Shell::on_shed() {
  if (!session_ || session_->closed()) return;
  session_->on_shed();
  if (session_->closed()) say_farewell();
}

/// The read under way has to end, but only after the farewell is on its way.
void Shell::say_farewell() {
  close_when_written_ = true;
  flush();
  if (!writer_busy_) stream_.close();
}
}  // namespace

net::Task<void> serve_session(net::Stream stream, std::shared_ptr<const Settings> settings, Services services,
                              SessionRegistry::Ticket ticket) {
  net::Loop& loop = stream.loop();
  const auto shell = std::make_shared<Shell>(std::move(stream), std::move(settings), services);
  ticket.enlist(loop, shell);
  co_await shell->run();
}

net::Task<void> turn_away(net::Stream stream, std::shared_ptr<const Settings> settings,
                          SessionRegistry::Admission why, Patience patience) {
  const bool overloaded = why == SessionRegistry::Admission::overloaded;
  const std::string text =
      fmt::format("421 {} {} {}\r\n", overloaded ? "4.3.2" : "4.7.0", settings->hostname,
                  overloaded ? "has too much to do at the moment, try again later"
                  : why == SessionRegistry::Admission::too_many ? "too many connections: try again later"
                                                                : "too many connections from your address");
  log::info("connection turned away",
            {{"client", stream.remote().to_string()}, {"reply", text.substr(0, text.size() - 2)}});
  // RFC 8314: before TLS there is nobody to talk to on this port.
  if (settings->role != Role::submissions) {
    const Status written = co_await stream.write(std::string_view(text), net::deadline_in(kCloseTimeout));
    if (!written) co_return;
  }
  if (patience == Patience::none) co_return stream.close();
  co_await stream.shutdown(net::deadline_in(kCloseTimeout));
}

}  // namespace waybill::receive
