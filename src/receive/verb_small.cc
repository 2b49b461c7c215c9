// RSET, QUIT, VRFY, HELP (RFC 5321 4.1.1.5 to 4.1.1.10).
#include "receive/session.h"

namespace waybill::receive {

void Session::rset(const smtp::Command& command) {
  if (refuse_argument(command)) return;
  reset_transaction();
  say(250, {2, 0, 0}, "ok");
}

void Session::quit(const smtp::Command& command) {
  if (refuse_argument(command)) return;
  close_with(221, {2, 0, 0}, fmt::format("{} closing", settings_->hostname));
}

void Session::vrfy(const smtp::Command& command) {
  if (command.argument.empty()) return refuse(501, {5, 5, 4}, "VRFY needs an address");
  // RFC 5321 3.5.3 and 7.3: neither yes nor no, so that nobody reads out the list of users.
  say(252, {2, 1, 5}, "send it and see");
}

void Session::help() { say(214, {2, 0, 0}, "RFC 5321 says it all\nEHLO lists what is offered here"); }

}  // namespace waybill::receive
