// AUTH: who we are at a smart host (RFC 4954). Only ever under TLS; whatever stands in the way of it ends the
// session before any mail, with words of our own or the server's. Never a bounce: the fault is between this
// host and its smart host, and neither sender nor recipient can mend it.
#include "deliver/dialogue.h"
#include "smtp/auth.h"

namespace waybill::deliver {
namespace {
// RFC 4954 4: the mechanism is too weak for this user, or not known after all.
bool refuses_mechanism(const mail::Reply& reply) { return reply.code == 504 || reply.code == 534; }
}  // namespace

bool Dialogue::needs_tls() const {
  return settings_.credentials != nullptr || settings_.tls == UseTls::required ||
         settings_.tls == UseTls::from_start;
}

void Dialogue::authenticate() {
  // RFC 4954 4: nothing that was said in the clear counts, and no secret goes out there.
  if (!tls_) return give_up({451, {4, 7, 0}, "credentials are not sent without TLS"}, false);
  if (!offers_.auth_plain && !offers_.auth_login) {
    return give_up({451, {4, 7, 0}, "the host offers neither AUTH PLAIN nor AUTH LOGIN"}, false);
  }
  offers_.auth_plain ? say_plain() : say_login();
}

void Dialogue::say_plain() {
  auth_ = Auth::plain;
  // RFC 4954 4: with the initial response, which saves a round trip.
  out_ = "AUTH PLAIN " + smtp::plain_response(settings_.credentials->user, settings_.credentials->password) +
         "\r\n";
  expect(Stage::auth);
  send_now();
}

void Dialogue::say_login() {
  auth_ = Auth::login_user;
  out_ = "AUTH LOGIN\r\n";
  expect(Stage::auth);
  send_now();
}

void Dialogue::on_auth(const mail::Reply& reply) {
  if (reply.code < 300) {
    auth_ = Auth::done;
    return on_ready();
  }
  if (reply.code >= 400) {
    if (auth_ == Auth::plain && refuses_mechanism(reply) && offers_.auth_login) return say_login();
    return give_up(reply, true);
  }
  // 334: it wants the next part. What the prompt says is not looked at: servers say all sorts of things.
  if (auth_ == Auth::login_user) {
    auth_ = Auth::login_password;
    out_ = smtp::base64(settings_.credentials->user);
  } else if (auth_ == Auth::login_password) {
    auth_ = Auth::login_done;
    out_ = smtp::base64(settings_.credentials->password);
  } else {
    return lose(End::garbage, "AUTH asked for more than there is");
  }
  out_ += "\r\n";
  expect(Stage::auth);
  send_now();
}

void Dialogue::give_up(mail::Reply reply, bool remote) {
  end_ = settings_.credentials != nullptr ? End::unauthorized : End::refused;
  end_reply_ = std::move(reply);
  end_is_remote_ = remote;
  say_goodbye();
}

}  // namespace waybill::deliver
