// ETRN (RFC 1985): a host that is back asks for the mail that waits for it.
#include <algorithm>

#include "receive/session.h"

namespace waybill::receive {
namespace {
EtrnNode::What what_of(char option) {
  if (option == '@') return EtrnNode::What::and_all_below;
  return option == '#' ? EtrnNode::What::queue : EtrnNode::What::node;
}
}  // namespace

bool Session::offers_etrn() const {
  return settings_->role == Role::mx &&
         std::ranges::any_of(settings_->etrn_from, [this](const IpNetwork& network) {
           return network.contains(client_.remote.ip);
         });
}

void Session::etrn(const smtp::Command& command) {
  // RFC 5321 4.2.4: known, and not configured.
  if (settings_->role != Role::mx || settings_->etrn_from.empty())
    return refuse(502, {5, 5, 1}, "not implemented here");
  if (!greeting_) return refuse(503, {5, 5, 1}, "EHLO first");
  if (transaction_ != Transaction::none) return refuse(503, {5, 5, 1}, "not within a mail transaction");
  std::string_view name = command.argument;
  if (name.empty() || name.find_first_of(" \t") != std::string_view::npos)
    return refuse(500, {5, 5, 2}, "ETRN takes one domain");
  const char option = name.front();
  if (option == '@' || option == '#') name.remove_prefix(1);
  auto domain = mail::Domain::parse(name);
  if (!domain || domain->is_literal() || domain->empty())
    return refuse(501, {5, 5, 4}, "that is no domain name");
  etrn_ = {what_of(option), std::move(*domain)};
  phase_ = Phase::etrn;
  actions_.emplace_back(AskEtrn{});
}

void Session::on_etrn(const mail::Reply& reply) {
  if (phase_ != Phase::etrn) return;  // closed meanwhile
  phase_ = Phase::command;
  if (reply.positive()) {
    say(reply);
  } else {
    refuse(reply);
  }
  if (stopping_) on_shutdown();
}

}  // namespace waybill::receive
