// gate_quota.h: the step of the gate for mailboxes with a quota: a full one is told of in the dialogue, where
// the client keeps the mail, rather than by a report to a sender that may be forged.
//
// Thread rule: question(), ask() and configure() are thread-safe. Mailboxes are read on a loop of their own,
// counted on another, and answers are timed on a third; none of them may run any more when this goes.
// Failure: what can't be found out within a moment is unknown, and unknown is accepted: delivery judges.
// What it never does: list a folder while a client waits, or read a mailbox more than once in five seconds.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/published.h"
#include "config/config.h"
#include "daemon/local_mail.h"
#include "deliver/maildir.h"
#include "net/loop.h"
#include "receive/gate.h"

namespace waybill::daemon {

/// The mailboxes of a domain whose mail ends in Maildir folders here, as delivery has them.
[[nodiscard]] deliver::MaildirTarget maildir_target(const config::Domain& domain, const LocalMail& mail);

class MailboxRoom {
 public:
  static constexpr Seconds kSeenFor{5};
  static constexpr Millis kWaitMax{2'000};

  struct Loops {
    net::Loop& timing;    ///< any that never waits for a disk
    net::Loop& reading;   ///< where mailboxes are read
    net::Loop& counting;  ///< where they are counted: that may take minutes
  };
  /// All references outlive it.
  MailboxRoom(Loops loops, FileSystem& files, const Clock& clock);

  /// At start, and at every reload.
  void configure(const config::Config& config, const LocalMail& mail);

  struct Box {
    deliver::MaildirTarget target;
    mail::Address address;
    std::string folder;
  };
  struct Question {
    std::vector<Box> boxes;              ///< that all who receive the mail have; each may refuse
    uint64_t octets = 1;                 ///< of the message; 1: not known
    std::optional<mail::Reply> refusal;  ///< none of them could ever hold it: nothing need be read
  };
  /// What must be found out about a recipient; none: nothing, it is taken. `instead`: who receives the mail
  /// in its place, as in receive::Verdict. Whoever submits mail is asked for nothing but what never fits: a
  /// mail program has no queue in which it could wait.
  [[nodiscard]] std::optional<Question> question(const receive::ClientFacts& client, const mail::Address& to,
                                                 const std::vector<mail::Address>& instead) const;
  /// `answer` is called once, at once or later, on any thread.
  using Answer = std::function<void(std::optional<mail::Reply> refusal)>;
  void ask(Question question, Answer answer);

 private:
  /// By the domain's text; of those that have a quota.
  using Targets = std::map<std::string, deliver::MaildirTarget, std::less<>>;
  struct Seen {
    Steady when;
    std::optional<deliver::MaildirUse> use;
  };
  struct Waiting;
  /// What a mailbox was seen to hold a moment ago; none: that is not known.
  [[nodiscard]] std::optional<Seen> seen_lately(const std::string& folder) const;
  [[nodiscard]] Seen look(const Box& box);
  /// The reply when no mailbox has room.
  [[nodiscard]] static std::optional<mail::Reply> judge(const Question& question,
                                                        const std::vector<Seen>& seen);
  void count_soon(const Box& box);
  static void finish(const std::shared_ptr<Waiting>& waiting, std::optional<mail::Reply> refusal);

  Loops loops_;
  const Clock& clock_;
  deliver::Maildir maildir_;
  Published<const Targets> targets_{std::make_shared<const Targets>()};
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Seen> seen_;  ///< by folder
  std::set<std::string> counting_;              ///< folders whose count is on its way
  std::atomic<size_t> waiting_{0};
};

}  // namespace waybill::daemon
