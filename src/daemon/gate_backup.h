// gate_backup.h: the step of the gate for recipients of backup domains: decided by policy/ from what was
// learnt and what the primary says when it is asked; what it says is learnt.
//
// Thread rule: check(), configure() and the reads are thread-safe; the callouts run on one loop, which must
// not run any more when this goes. Failure: whoever can't be found out about within [callout] timeout is
// unknown, and the domain's policy decides.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/published.h"
#include "config/config.h"
#include "deliver/callouts.h"
#include "learn/table.h"
#include "policy/recipient_check.h"

namespace waybill::daemon {

/// One line of what was learnt.
struct LearntRecipient {
  std::string name;  ///< an address; or a domain: what its primary does with a name that nobody has
  policy::Remembered remembered;
  Time expires{};
};

class BackupRecipients {
 public:
  using Answer = std::function<void(std::optional<mail::Reply> refusal)>;
  /// All references outlive it. `route`: as Callouts takes it.
  BackupRecipients(net::Loop& loop, deliver::Callouts::Route route, learn::Table& learnt, const Clock& clock,
                   std::shared_ptr<const config::Config> config);
  ~BackupRecipients();

  void configure(std::shared_ptr<const config::Config> config);
  /// `answer` is called once, at once or later, on any thread. `trusted`: the client may be told of failures
  /// later.
  void check(const mail::Address& to, bool trusted, Answer answer);
  /// Mail reached these domains' host.
  void hosts_are_back(std::vector<mail::Domain> domains);

  /// What was learnt of one domain, or of one address, in order of the name; at most `max`.
  [[nodiscard]] std::vector<LearntRecipient> list(const std::string& name, size_t max) const;
  /// Forgets an address, or all of a domain. Returns how many.
  uint64_t forget(const std::string& name);

 private:
  struct Waiting;
  [[nodiscard]] policy::RecipientFacts facts_of(const mail::Address& to, bool trusted) const;
  void heard(const mail::Address& recipient, const deliver::CalloutResult& result);
  void remember(const std::string& key, const policy::Lesson& lesson);
  static void finish(const std::shared_ptr<Waiting>& waiting, const policy::PrimarySays& says);

  net::Loop& loop_;
  learn::Table& learnt_;
  const Clock& clock_;
  Published<const config::Config> config_;
  deliver::Callouts callouts_;
};

}  // namespace waybill::daemon
