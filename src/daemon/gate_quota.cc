#include "daemon/gate_quota.h"

#include <algorithm>

#include "base/log.h"

namespace waybill::daemon {
namespace {
constexpr size_t kSeenMax = 10'000;
/// Of one alias; one that leads to more is taken.
constexpr size_t kBoxesMax = 20;
/// A disk that hangs holds up no more clients than this; the others are accepted.
constexpr size_t kWaitingMax = 1'000;

bool submits(const receive::ClientFacts& client) {
  return client.role == receive::Role::submission || client.role == receive::Role::submissions ||
         !client.user.empty();
}
}  // namespace

deliver::MaildirTarget maildir_target(const config::Domain& domain, const LocalMail& mail) {
  deliver::MaildirTarget out;
  if (!domain.mailboxes) return out;
  out.path_template = domain.mailboxes->path;
  out.delimiter = domain.recipient_delimiter;
  out.quota_octets = domain.quota_octets;
  out.quota_messages = domain.quota_messages;
  if (const auto listed = mail.users(domain.name)) {
    auto users = *listed;
    users.insert("postmaster");  // RFC 5321 4.5.1: accepted always, so it must have a mailbox
    out.users = std::make_shared<const std::set<std::string, std::less<>>>(std::move(users));
  }
  return out;
}

/// A RCPT whose answer waits for a disk. On the loop that times it.
struct MailboxRoom::Waiting {
  Answer answer;  ///< null: it was given
  net::Loop::Timer timer;
};

// Its Maildir makes no file, so that neither name nor mode matter.
MailboxRoom::MailboxRoom(Loops loops, FileSystem& files, const Clock& clock)
    : loops_(loops), clock_(clock), maildir_(files, "", 0600) {}

void MailboxRoom::configure(const config::Config& config, const LocalMail& mail) {
  auto targets = std::make_shared<Targets>();
  for (const config::Domain& domain : config.domains) {
    const bool limited = domain.role == config::DomainRole::primary && domain.mailboxes &&
                         domain.mailboxes->kind == config::Mailboxes::Kind::maildir &&
                         (domain.quota_octets > 0 || domain.quota_messages > 0);
    if (limited) targets->emplace(domain.name.text(), maildir_target(domain, mail));
  }
  targets_.store(std::move(targets));
  const std::scoped_lock lock(mutex_);
  seen_.clear();  // other limits, perhaps
}

std::optional<MailboxRoom::Question> MailboxRoom::question(const receive::ClientFacts& client,
                                                           const mail::Address& to,
                                                           const std::vector<mail::Address>& instead) const {
  const auto targets = targets_.load();
  if (targets->empty()) return std::nullopt;
  const size_t count = std::max<size_t>(instead.size(), 1);
  if (count > kBoxesMax) return std::nullopt;
  Question out;
  out.octets = std::max<uint64_t>(client.declared_octets, 1);
  for (size_t n = 0; n < count; ++n) {
    const mail::Address& one = instead.empty() ? to : instead[n];
    const auto target = targets->find(one.domain.text());
    // One who has no quota here, or has the mail elsewhere, is enough for the mail to be welcome.
    if (target == targets->end()) return std::nullopt;
    auto folder = deliver::maildir_path(target->second, one);
    if (!folder) return std::nullopt;
    if (auto never = deliver::never_fits(target->second, out.octets)) {
      out.refusal = std::move(never->reply);
      continue;
    }
    if (submits(client)) return std::nullopt;
    out.boxes.push_back({target->second, one, std::move(*folder)});
  }
  return out;
}

std::optional<MailboxRoom::Seen> MailboxRoom::seen_lately(const std::string& folder) const {
  const std::scoped_lock lock(mutex_);
  const auto at = seen_.find(folder);
  if (at == seen_.end() || clock_.steady() - at->second.when >= kSeenFor) return std::nullopt;
  return at->second;
}

// On the loop for reading.
MailboxRoom::Seen MailboxRoom::look(const Box& box) {
  if (auto seen = seen_lately(box.folder)) return *seen;
  Seen out{clock_.steady(), maildir_.use(box.target, box.address)};
  const std::scoped_lock lock(mutex_);
  if (seen_.size() >= kSeenMax) seen_.clear();
  seen_.insert_or_assign(box.folder, out);
  return out;
}

std::optional<mail::Reply> MailboxRoom::judge(const Question& question, const std::vector<Seen>& seen) {
  for (size_t n = 0; n < question.boxes.size(); ++n) {
    if (!seen[n].use) return std::nullopt;
    const Box& box = question.boxes[n];
    const auto full = deliver::refuse_by(*seen[n].use, box.target, question.octets);
    if (!full) return std::nullopt;
    log::debug("no room for a recipient", {{"to", box.address.to_string()}, {"why", full->reply.text}});
  }
  // RFC 3463 3.3: full, for now. How full is nobody's business but its owner's.
  return mail::Reply{452, {4, 2, 2}, "the mailbox is full"};
}

// The account may be wrong, when mail was removed by a program that knows nothing of it. No client waits for
// the count: the next try finds it.
void MailboxRoom::count_soon(const Box& box) {
  {
    const std::scoped_lock lock(mutex_);
    if (counting_.size() >= kSeenMax || !counting_.insert(box.folder).second) return;
  }
  loops_.counting.post([this, box] {
    const bool counted = maildir_.recount(box.target, box.address, clock_.now());
    const std::scoped_lock lock(mutex_);
    counting_.erase(box.folder);
    if (counted) seen_.erase(box.folder);
  });
}

void MailboxRoom::ask(Question question, Answer answer) {
  if (question.boxes.empty()) return answer(std::move(question.refusal));
  if (waiting_.load() >= kWaitingMax) return answer(std::nullopt);
  std::vector<Seen> seen;
  for (const Box& box : question.boxes) {
    auto one = seen_lately(box.folder);
    if (!one) break;
    seen.push_back(*one);
  }
  if (seen.size() == question.boxes.size()) return answer(judge(question, seen));
  auto waiting = std::make_shared<Waiting>();
  waiting->answer = std::move(answer);
  ++waiting_;
  loops_.timing.post([this, waiting, question = std::move(question)]() mutable {
    waiting->timer = loops_.timing.after(kWaitMax, [keep = std::weak_ptr(waiting)] {
      const auto still = keep.lock();  // else the timer would keep itself
      if (still) finish(still, std::nullopt);
    });
    loops_.reading.post([this, waiting, question = std::move(question)] {
      std::vector<Seen> found;
      for (const Box& box : question.boxes) found.push_back(look(box));
      auto refusal = judge(question, found);
      if (refusal) std::ranges::for_each(question.boxes, [this](const Box& box) { count_soon(box); });
      --waiting_;
      loops_.timing.post(
          [waiting, refusal = std::move(refusal)]() mutable { finish(waiting, std::move(refusal)); });
    });
  });
}

void MailboxRoom::finish(const std::shared_ptr<Waiting>& waiting, std::optional<mail::Reply> refusal) {
  if (!waiting->answer) return;
  waiting->timer.cancel();
  const Answer answer = std::exchange(waiting->answer, nullptr);
  answer(std::move(refusal));
}

}  // namespace waybill::daemon
