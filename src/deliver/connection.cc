#include "deliver/connection.h"

#include <algorithm>
#include <utility>

#include "smtp/dot_stuff.h"

namespace waybill::deliver {
namespace {
/// A body up to this size is read through before it goes out; larger ones go by DATA, in one pass.
constexpr uint64_t kScanOctetsMax = 4 * 1024 * 1024;
/// After a failed write: how long the server's parting words are listened for.
constexpr Millis kLastWords{1'000};
/// A connection that waits for its next token or for its proof is kept so long, however short idle ones live:
/// closing it would only make another one.
constexpr Millis kHeldMax{30'000};

}  // namespace

void Reports::post(Report report) {
  const std::scoped_lock lock(mutex_);
  if (shut_) return;
  waiting_.push_back(std::move(report));
  if (waiting_.size() > 1) return;
  conductor_.post([self = shared_from_this()] { self->deliver(); });
}

void Reports::deliver() {
  std::vector<Report> taken;
  {
    const std::scoped_lock lock(mutex_);
    if (shut_) return;
    taken.swap(waiting_);
  }
  take_(std::move(taken));
}

void Reports::shut() {
  std::vector<Report> dropped;  // each holds a connection, and that one holds us: nobody would free either
  const std::scoped_lock lock(mutex_);
  shut_ = true;
  dropped.swap(waiting_);
}

/// Until wake(), or for so long.
struct Connection::Rest {
  Connection& connection;
  Millis span;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    connection.resting_ = handle;
    connection.rest_timer_ = connection.loop_.after(span, [&c = connection] {
      if (c.resting_) std::exchange(c.resting_, nullptr).resume();
    });
  }
  void await_resume() noexcept { connection.rest_timer_.cancel(); }
};

Connection::Connection(net::Loop& loop, ConnectionPlan plan)
    : loop_(loop), plan_(std::move(plan)), born_(net::steady_now()), dialogue_(plan_.dialogue) {}

void Connection::start() { loop_.spawn(run(shared_from_this())); }

void Connection::wake() {
  loop_.post([self = shared_from_this()] {
    if (self->resting_) std::exchange(self->resting_, nullptr).resume();
  });
}

void Connection::retire() {
  retire_ = true;
  wake();
}

void Connection::abort() {
  abort_ = true;
  retire_ = true;
  loop_.post([self = shared_from_this()] {
    if (self->stream_) self->stream_->close();
    if (self->resting_) std::exchange(self->resting_, nullptr).resume();
  });
}

void Connection::report(Report::What what) {
  Report out;
  out.what = what;
  out.connection = shared_from_this();
  out.job = std::move(job_);
  out.how = dialogue_.message_end();
  out.end = dialogue_.end();
  out.established = dialogue_.established();
  if (what == Report::What::returned || what == Report::What::closed) {
    out.why = std::make_unique<mail::Outcome>(dialogue_.end_outcome());
  }
  plan_.reports->post(std::move(out));
}

net::Task<void> Connection::run(std::shared_ptr<Connection> self) {
  Status connected = co_await self->open();
  if (connected) {
    co_await self->converse();
  } else if (connected.error().code == Errc::busy) {
    self->dialogue_.local_failure(connected.error().what);  // out of descriptors: the host is not to blame
  } else {
    self->dialogue_.not_connected(connected.error().what);
  }
  // Here and not in the destructor: a report may be the last that holds us, and it ends on the conductor's
  // thread.
  self->stream_.reset();
  self->report(Report::What::closed);
}

net::Task<Status> Connection::open() {
  const Steady deadline = net::deadline_in(plan_.connect_timeout);
  net::Task<Result<net::Stream>> making =
      plan_.peer.unix_path.empty() ? net::connect(loop_, plan_.peer.endpoint, plan_.source, deadline)
                                   : net::connect_unix(loop_, plan_.peer.unix_path, deadline);
  Result<net::Stream> made = co_await making;
  if (!made) co_return pass(made.error());
  if (abort_) co_return fail(Errc::closed, "stopped");
  stream_.emplace(std::move(*made));
  co_return Status{};
}

net::Task<void> Connection::converse() {
  while (true) {
    const Dialogue::Step step = dialogue_.next();
    switch (step.what) {
      case Dialogue::What::send:
        co_await on_send(step);
        break;
      case Dialogue::What::read:
        co_await on_read(step.stage);
        break;
      case Dialogue::What::start_tls:
        co_await on_tls();
        break;
      case Dialogue::What::ready:
        co_await on_ready();
        break;
      case Dialogue::What::message_done:
        on_message_done();
        break;
      case Dialogue::What::close:
        if (dialogue_.end() == Dialogue::End::quit) co_await stream_->shutdown(net::deadline_in(kLastWords));
        stream_->close();
        co_return;
    }
  }
}

net::Task<void> Connection::on_send(Dialogue::Step step) {
  const Sent sent = co_await send(step);
  replies_heard_ = ~0ULL;  // a new wait begins
  if (sent == Sent::whole) {
    dialogue_.sent();
  } else if (sent == Sent::body_unreadable) {
    dialogue_.local_failure(why_);
  } else {
    co_await hear_last_words();
    dialogue_.send_failed(why_);
  }
}

// The command and the body's first chunk leave in one write; of a large body one chunk is in memory at a
// time.
net::Task<Connection::Sent> Connection::send(Dialogue::Step step) {
  pieces_.clear();
  if (!step.text.empty()) pieces_.push_back(step.text);
  const bool encoded = step.body == BodyForm::stuffed || step.body == BodyForm::literal;
  smtp::BodyEncoder encoder(step.body == BodyForm::stuffed ? smtp::Dots::doubled : smtp::Dots::literal);
  const uint32_t chunks = step.body == BodyForm::none ? 0 : job_->delivery->body->chunk_count();
  uint64_t octets = 0;
  for (uint32_t n = 0; n == 0 || n < chunks; ++n) {
    Chunk chunk;
    if (n < chunks) {
      auto read = job_->delivery->body->chunk(n);
      if (!read) {
        why_ = "the message could not be read from the spool: " + read.error().what;
        co_return Sent::body_unreadable;
      }
      chunk = std::move(*read);
      octets += chunk.size();
      if (encoded) {
        encoder.encode(chunk.view(), pieces_);
      } else if (!chunk.empty()) {
        pieces_.push_back(chunk.view());
      }
    }
    // The octets must be what was announced: checked before the last of them go out.
    const bool last = n + 1 >= chunks;
    if (last && step.body != BodyForm::none && octets != job_->delivery->body->size_octets()) {
      why_ = "the message in the spool is not as long as it was";
      co_return Sent::body_unreadable;
    }
    if (last && encoded) encoder.finish(pieces_);
    const std::span<const std::string_view> all(pieces_);
    Status status = co_await stream_->write(all, net::deadline_in(plan_.timeouts.block));
    pieces_.clear();
    if (!status) {
      why_ = status.error().what;
      co_return Sent::failed;
    }
  }
  co_return Sent::whole;
}

// A server that has had enough says why and closes; the write fails while its words wait to be read.
net::Task<void> Connection::hear_last_words() {
  const Steady deadline = net::deadline_in(kLastWords);
  while (true) {
    const std::span<char> into(buffer_);
    Result<size_t> got = co_await stream_->read(into, deadline);
    if (!got) co_return;
    dialogue_.received({buffer_.data(), *got});
    if (dialogue_.end() != Dialogue::End::open) co_return;
  }
}

net::Task<void> Connection::on_read(Stage stage) {
  // One deadline a reply, not a read: a server that drips octets gains nothing (conformance 44).
  if (replies_heard_ != dialogue_.replies()) {
    replies_heard_ = dialogue_.replies();
    reply_deadline_ = net::deadline_in(timeout(stage));
  }
  const std::span<char> into(buffer_);
  Result<size_t> got = co_await stream_->read(into, reply_deadline_);
  if (got) {
    dialogue_.received({buffer_.data(), *got});
  } else if (got.error().code == Errc::timeout) {
    dialogue_.timed_out();
  } else {
    dialogue_.closed(got.error().what);
  }
}

net::Task<void> Connection::on_tls() {
  Status status = co_await stream_->start_tls_client(plan_.tls, plan_.host,
                                                     net::deadline_in(plan_.timeouts.tls_handshake));
  replies_heard_ = ~0ULL;
  if (status) {
    tls_ = true;
    dialogue_.tls_started();
  } else {
    dialogue_.tls_failed(status.error().what);
  }
}

bool Connection::should_leave() const {
  return retire_ || dialogue_.used_up() || dialogue_.messages() >= plan_.messages_max ||
         net::steady_now() - born_ >= plan_.age_max;
}

net::Task<void> Connection::on_ready() {
  if (should_leave() && (opened_ || retire_)) {
    leave();
    co_return;
  }
  const Steady now = net::steady_now();
  JobQueue::Taken taken = plan_.jobs->take_or_rest(shared_from_this(), now);
  // Reported after the job is taken: whoever counts the waiting jobs must not open a connection for this one.
  if (!std::exchange(opened_, true)) report(Report::What::opened);
  if (taken.job) {
    idle_since_.reset();
    begin(std::move(taken.job));
    co_return;
  }
  state_ = State::idle;
  const Steady leave_at =
      std::max(idle_since_.value_or(now) + plan_.timeouts.idle, taken.held ? now + kHeldMax : Steady::min());
  if (!idle_since_) idle_since_ = now;
  rested_ = true;
  dialogue_.rested();
  const Steady until = std::min(leave_at, taken.look_again.value_or(leave_at));
  co_await Rest{*this, std::max(Millis{1}, until - now)};
  // Still on the idle list: nobody has woken us. Otherwise a job is meant for us, and found by looking again.
  const bool unwanted = plan_.jobs->forget(this);
  if (unwanted && (retire_ || net::steady_now() >= leave_at)) leave();
}

// Said before the goodbye, so that a successor need not wait for the answer to it.
void Connection::leave() {
  report(Report::What::leaving);
  dialogue_.quit();
}

void Connection::begin(JobPtr job) {
  state_ = State::busy;
  job_ = std::move(job);
  const mail::Body& body = *job_->delivery->body;
  // Reading ahead pays for small bodies only; a server without 8BITMIME makes it necessary.
  const bool scan = body.size_octets() <= kScanOctetsMax || !dialogue_.offers().eight_bit_mime;
  const Result<BodyFacts> facts = scan ? scan_body(body) : Result<BodyFacts>(unscanned_body(body));
  if (facts) return dialogue_.begin(*job_->delivery, *facts, job_->outcomes);
  for (auto& outcome : job_->outcomes) {
    if (!outcome) outcome = mail::Outcome::deferred(451, {4, 3, 0}, facts.error().what);
  }
  report(Report::What::done);
}

void Connection::on_message_done() {
  messages_ = dialogue_.messages();
  report(dialogue_.message_end() == Dialogue::MessageEnd::settled ? Report::What::done
                                                                  : Report::What::returned);
}

Millis Connection::timeout(Stage stage) const {
  const Timeouts& t = plan_.timeouts;
  switch (stage) {
    case Stage::banner:
      return t.banner;
    case Stage::hello:
    case Stage::starttls:
    case Stage::auth:
    case Stage::rset:
      return t.hello;
    case Stage::mail:
      return t.mail;
    case Stage::rcpt:
      return t.rcpt;
    case Stage::data:
      return t.data;
    case Stage::dot:
      return t.dot;
    case Stage::quit:
      return t.quit;
  }
  return t.hello;
}

}  // namespace waybill::deliver
