#include "deliver/callout.h"

#include "net/dialer.h"

namespace waybill::deliver {

net::Task<Status> CalloutSession::open(CalloutHost to, std::optional<IpAddress> source) {
  Opened opened = co_await try_open(to, source);
  if (opened == Opened::tls_failed) {
    to.tls = UseTls::never;
    opened = co_await try_open(to, source);
  }
  if (opened != Opened::ready) co_return fail(Errc::closed, "{}", why_);
  co_return Status{};
}

net::Task<CalloutSession::Opened> CalloutSession::try_open(CalloutHost to, std::optional<IpAddress> source) {
  const std::string address = to.endpoint.to_string();
  stream_.reset();
  Result<net::Stream> made =
      co_await net::connect(loop_, to.endpoint, source, net::deadline_in(patience_.connect));
  if (!made) {
    why_ = made.error().what;
    co_return Opened::no;
  }
  stream_.emplace(std::move(*made));
  Dialogue opening({.hostname = hostname_, .host = to.host, .address = address, .tls = to.tls});
  // One deadline for all of it: who drips octets gains nothing.
  const Steady deadline = net::deadline_in(patience_.reply);
  while (true) {
    const Dialogue::Step step = opening.next();
    if (step.what == Dialogue::What::ready) {
      asking_.emplace(opening.offers());
      co_return Opened::ready;
    }
    if (step.what == Dialogue::What::send) {
      const Status sent = co_await stream_->write(step.text, deadline);
      sent ? opening.sent() : opening.send_failed(sent.error().what);
    } else if (step.what == Dialogue::What::start_tls) {
      const Status shaken =
          co_await stream_->start_tls_client(net::TlsContext::opportunistic_client(), to.host, deadline);
      shaken ? opening.tls_started() : opening.tls_failed(shaken.error().what);
    } else if (step.what == Dialogue::What::read) {
      const Result<size_t> got = co_await read(deadline);
      if (got) {
        opening.received({buffer_.data(), *got});
      } else if (got.error().code == Errc::timeout) {
        opening.timed_out();
      } else {
        opening.closed(got.error().what);
      }
    } else {
      why_ = opening.end_reply().to_string();
      stream_->close();
      co_return opening.end() == Dialogue::End::tls_failed ? Opened::tls_failed : Opened::no;
    }
  }
}

net::Task<Result<size_t>> CalloutSession::read(Steady deadline) {
  const std::span<char> into(buffer_);
  Result<size_t> got = co_await stream_->read(into, deadline);
  co_return got;
}

net::Task<CalloutAnswer> CalloutSession::ask(mail::Address recipient) {
  asking_->ask(recipient);
  const Steady deadline = net::deadline_in(patience_.reply);
  while (true) {
    const CalloutDialogue::Step step = asking_->next();
    if (step.what == CalloutDialogue::What::send) {
      const Status sent = co_await stream_->write(step.text, deadline);
      if (sent) {
        asking_->sent();
      } else {
        asking_->lost(sent.error().what);
      }
    } else if (step.what == CalloutDialogue::What::read) {
      const Result<size_t> got = co_await read(deadline);
      if (got) {
        asking_->received({buffer_.data(), *got});
      } else {
        asking_->lost(
            fmt::format("no answer while waiting for {}: {}", to_string(step.stage), got.error().what));
      }
    } else if (step.what == CalloutDialogue::What::answered) {
      co_return asking_->take_answer();
    } else {
      co_return CalloutAnswer{RecipientWord::unknown, {451, {4, 4, 2}, "the session was over"}};
    }
  }
}

net::Task<void> CalloutSession::leave() {
  if (!stream_) co_return;
  if (asking_ && !asking_->is_gone()) {
    const Steady deadline = net::deadline_in(patience_.quit);
    const Status sent = co_await stream_->write("QUIT\r\n", deadline);
    // Its reply is read so that the server finds no connection torn from it; what it says changes nothing.
    if (sent) {
      const Result<size_t> heard = co_await read(deadline);
      (void)heard;
    }
    co_await stream_->shutdown(deadline);
  }
  stream_->close();
}

}  // namespace waybill::deliver
