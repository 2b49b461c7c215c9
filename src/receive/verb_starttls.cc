// STARTTLS (RFC 3207).
#include "receive/session.h"

namespace waybill::receive {

void Session::starttls(const smtp::Command& command) {
  if (refuse_argument(command)) return;  // RFC 3207 4: 501
  if (client_.tls == Secured::yes) return refuse(503, {5, 5, 1}, "TLS is active already");
  if (settings_->starttls == StartTls::unavailable) return refuse(454, {4, 7, 0}, "TLS is not available");
  if (!greeting_ || *greeting_ == Protocol::Greeting::helo) return refuse(503, {5, 5, 1}, "say EHLO first");
  if (transaction_ == Transaction::bdat) return refuse(503, {5, 5, 1}, "the message has begun already");
  if (more_buffered_) {
    // RFC 3207 4: nothing may follow STARTTLS. Octets sent in the clear would be run as if they had come
    // through TLS (CVE-2011-0411), so the session ends here.
    return close_with(554, {5, 5, 0}, "nothing may follow STARTTLS before the handshake");
  }
  say(220, {2, 0, 0}, "go ahead");
  phase_ = Phase::tls;
  actions_.emplace_back(BeginTls{});
}

void Session::on_tls_started(std::string tls_comment) {
  if (phase_ != Phase::tls) return;
  // RFC 3207 4.2: whatever the client said before, it did not say to us.
  reset_transaction();
  greeting_.reset();
  client_.helo.clear();
  client_.user.clear();
  client_.tls = Secured::yes;
  tls_comment_ = std::move(tls_comment);
  phase_ = Phase::command;
  if (stopping_) on_shutdown();
}

}  // namespace waybill::receive
