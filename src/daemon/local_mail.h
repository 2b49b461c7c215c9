// local_mail.h: the mail of the domains that end here: who receives it, and under which sender it goes on
// when that is elsewhere. Made from the configuration and the files that it names, at start and at every
// reload. Thread rule: immutable; share freely.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "config/recipients.h"
#include "mail/delivery.h"
#include "mail/expand.h"
#include "policy/recipients.h"
#include "policy/srs.h"
#include "receive/gate.h"

namespace waybill::daemon {

class LocalMail {
 public:
  using Users = std::set<std::string, std::less<>>;

  LocalMail() = default;
  LocalMail(const config::Config& config, config::Recipients listed, const Clock& clock);

  /// For RCPT: who receives it, or the refusal. `given` is as the client wrote it, `meant` what it stands for
  /// (`<postmaster>` without a domain).
  [[nodiscard]] receive::Verdict receivers(const mail::Address& given, const mail::Address& meant) const;
  /// What the bare `<postmaster>` means.
  [[nodiscard]] const mail::Address& postmaster() const { return postmaster_; }
  /// The answer to a report for a sender that was rewritten here; none: `to` is no such address.
  [[nodiscard]] std::optional<receive::Verdict> sender_of(const mail::Address& to) const;

  /// For mail of our own (reports): whoever receives it; the recipient itself when nobody would.
  [[nodiscard]] mail::Expanded expand(mail::Recipient recipient) const;
  /// The envelope under which a delivery leaves: its own, or with a sender that the next host's SPF check
  /// accepts from here.
  [[nodiscard]] std::shared_ptr<const mail::Envelope> outgoing(const mail::Delivery& delivery) const;

  /// The mailboxes of a domain; null: everyone has one.
  [[nodiscard]] std::shared_ptr<const Users> users(const mail::Domain& domain) const;
  [[nodiscard]] const policy::Recipients& recipients() const { return recipients_; }

 private:
  [[nodiscard]] bool wants_srs(const policy::Expansion& expansion) const;

  policy::Recipients recipients_;
  policy::Srs srs_;
  std::set<std::string> srs_domains_;  ///< whose aliases send on under a sender of our own
  std::map<std::string, std::shared_ptr<const Users>> users_;
  mail::Address postmaster_;
  const Clock* clock_ = nullptr;
};

}  // namespace waybill::daemon
