#include "daemon/gate_backup.h"

#include <algorithm>

#include "base/log.h"

namespace waybill::daemon {
namespace {
deliver::CalloutSettings callout_settings(const config::Config& config) {
  deliver::CalloutSettings out;
  out.hostname = config.hostname.text();
  out.source_v4 = config.deliver.source_ipv4;
  out.source_v6 = config.deliver.source_ipv6;
  out.connections_max = config.callout.connections;
  out.per_minute = config.callout.per_minute;
  return out;
}

policy::UnknownRecipients to_policy(config::UnknownRecipients unknown) {
  switch (unknown) {
    case config::UnknownRecipients::accept:
      return policy::UnknownRecipients::accept;
    case config::UnknownRecipients::defer:
      return policy::UnknownRecipients::defer;
    case config::UnknownRecipients::refuse:
      return policy::UnknownRecipients::refuse;
  }
  return policy::UnknownRecipients::accept;
}

policy::RecipientPolicy policy_of(const config::Config& config, const mail::Domain& domain) {
  policy::RecipientPolicy out;
  if (const config::Domain* known = config.find_domain(domain))
    out.unknown = to_policy(known->unknown_recipients);
  out.known_for = config.callout.known_for;
  out.refresh_after = config.callout.refresh_after;
  out.refused_for = config.callout.refused_for;
  return out;
}

policy::PrimaryWord to_policy(deliver::RecipientWord word) {
  switch (word) {
    case deliver::RecipientWord::unknown:
      return policy::PrimaryWord::unknown;
    case deliver::RecipientWord::exists:
      return policy::PrimaryWord::exists;
    case deliver::RecipientWord::refused:
      return policy::PrimaryWord::refused;
  }
  return policy::PrimaryWord::unknown;
}

policy::PrimarySays to_policy(const deliver::CalloutResult& result) {
  policy::PrimarySays out{to_policy(result.answer.word), result.answer.reply, std::nullopt};
  if (result.nobody) out.nobody = to_policy(*result.nobody);
  return out;
}

void log_decision(const mail::Address& to, const policy::RecipientDecision& decision) {
  log::debug("recipient of a backup",
             {{"to", to.to_string()},
              {"decision", decision.refusal ? decision.refusal->to_string() : "taken"},
              {"why", decision.why}});
}

bool belongs_to(std::string_view key, std::string_view name) {
  if (key == name) return true;
  const size_t at = key.rfind('@');
  return name.find('@') == std::string_view::npos && at != std::string_view::npos &&
         key.substr(at + 1) == name;
}
}  // namespace

/// A RCPT whose answer waits for the primary's.
struct BackupRecipients::Waiting {
  policy::RecipientPolicy policy;
  mail::Address to;
  policy::RecipientFacts facts;
  Answer answer;  ///< null: it was given
  net::Loop::Timer timer;
};

BackupRecipients::BackupRecipients(net::Loop& loop, deliver::Callouts::Route route, learn::Table& learnt,
                                   const Clock& clock, std::shared_ptr<const config::Config> config)
    : loop_(loop),
      learnt_(learnt),
      clock_(clock),
      config_(config),
      callouts_(
          loop, std::move(route),
          [this](const mail::Address& recipient, const deliver::CalloutResult& result) {
            heard(recipient, result);
          },
          callout_settings(*config)) {}

BackupRecipients::~BackupRecipients() = default;

void BackupRecipients::configure(std::shared_ptr<const config::Config> config) {
  loop_.post(
      [this, settings = callout_settings(*config)]() mutable { callouts_.configure(std::move(settings)); });
  config_.store(std::move(config));
}

policy::RecipientFacts BackupRecipients::facts_of(const mail::Address& to, bool trusted) const {
  policy::RecipientFacts facts;
  facts.now = clock_.now();
  facts.trusted = trusted;
  if (const auto known = learnt_.find(policy::remembered_key(to), facts.now))
    facts.recipient = policy::decode_remembered(*known);
  if (const auto known = learnt_.find(policy::remembered_key(to.domain), facts.now))
    facts.primary = policy::decode_remembered(*known);
  return facts;
}

void BackupRecipients::check(const mail::Address& to, bool trusted, Answer answer) {
  const auto config = config_.load();
  const config::Domain* domain = config->find_domain(to.domain);
  if (domain == nullptr || domain->role != config::DomainRole::backup ||
      domain->recipients != config::RecipientSource::callout) {
    return answer(std::nullopt);
  }
  auto waiting = std::make_shared<Waiting>();
  waiting->policy = policy_of(*config, to.domain);
  waiting->to = to;
  waiting->facts = facts_of(to, trusted);
  auto step = policy::decide_recipient(waiting->policy, to, waiting->facts);
  if (auto* decision = std::get_if<policy::RecipientDecision>(&step)) {
    log_decision(to, *decision);
    return answer(std::move(decision->refusal));
  }
  const bool test = std::get<Questions<policy::CalloutQuestion>>(step).front().test;
  waiting->answer = std::move(answer);
  loop_.post([this, waiting, test, timeout = config->callout.timeout] {
    callouts_.ask(waiting->to, test ? deliver::TestNobody::yes : deliver::TestNobody::no,
                  [waiting](const deliver::CalloutResult& result) { finish(waiting, to_policy(result)); });
    if (!waiting->answer) return;
    // The callout goes on: its answer is learnt for the client's next try.
    waiting->timer = loop_.after(timeout, [timeout, keep = std::weak_ptr(waiting)] {
      const auto still = keep.lock();  // else the timer would keep itself
      if (!still) return;
      const std::string why = fmt::format("no answer within {} (callout.timeout)", format_duration(timeout));
      finish(still, {policy::PrimaryWord::unknown, {451, {4, 4, 1}, why}, std::nullopt});
    });
  });
}

void BackupRecipients::finish(const std::shared_ptr<Waiting>& waiting, const policy::PrimarySays& says) {
  if (!waiting->answer) return;
  waiting->timer.cancel();
  const Answer answer = std::exchange(waiting->answer, nullptr);
  waiting->facts.says = says;
  auto step = policy::decide_recipient(waiting->policy, waiting->to, waiting->facts);
  auto* decision = std::get_if<policy::RecipientDecision>(&step);
  if (decision == nullptr)
    return answer(std::nullopt);  // never: one answer is enough; mail is not lost by a bug
  log_decision(waiting->to, *decision);
  answer(std::move(decision->refusal));
}

void BackupRecipients::remember(const std::string& key, const policy::Lesson& lesson) {
  learnt_.put(key, policy::encode(lesson.remembered), lesson.expires);
}

void BackupRecipients::heard(const mail::Address& recipient, const deliver::CalloutResult& result) {
  const Time now = clock_.now();
  const std::string domain_key = policy::remembered_key(recipient.domain);
  std::optional<policy::Remembered> primary;
  if (const auto known = learnt_.find(domain_key, now)) primary = policy::decode_remembered(*known);
  const policy::Lessons lessons =
      policy::learn_from(policy_of(*config_.load(), recipient.domain), to_policy(result), primary, now);
  log::debug("callout", {{"to", recipient.to_string()},
                         {"answer", deliver::to_string(result.answer.word)},
                         {"reply", result.answer.reply.to_string()},
                         {"learnt", lessons.recipient ? "yes" : "no"}});
  if (lessons.recipient) remember(policy::remembered_key(recipient), *lessons.recipient);
  if (!lessons.primary) return;
  const bool takes_all = lessons.primary->remembered.word == policy::Remembered::Word::exists;
  if (takes_all && !(primary && primary->word == policy::Remembered::Word::exists)) {
    log::warning(
        "the primary takes every recipient, so it can't tell who exists",
        {{"domain", recipient.domain.text()}, {"fix", "a list of users, or a primary that refuses at RCPT"}});
  }
  remember(domain_key, *lessons.primary);
}

void BackupRecipients::hosts_are_back(std::vector<mail::Domain> domains) {
  loop_.post([this, domains = std::move(domains)] {
    for (const mail::Domain& domain : domains) callouts_.host_is_back(domain);
  });
}

std::vector<LearntRecipient> BackupRecipients::list(const std::string& name, size_t max) const {
  std::vector<LearntRecipient> out;
  learnt_.for_each(clock_.now(), [&](const std::string& key, const learn::Entry& entry) {
    if (!name.empty() && !belongs_to(key, name)) return;
    if (auto remembered = policy::decode_remembered(entry.value))
      out.push_back({key, std::move(*remembered), entry.expires});
  });
  std::ranges::sort(out, {}, &LearntRecipient::name);
  if (out.size() > max) out.resize(max);
  return out;
}

uint64_t BackupRecipients::forget(const std::string& name) {
  std::vector<std::string> keys;
  learnt_.for_each(clock_.now(), [&](const std::string& key, const learn::Entry&) {
    if (belongs_to(key, name)) keys.push_back(key);
  });
  return static_cast<uint64_t>(
      std::ranges::count_if(keys, [this](const std::string& key) { return learnt_.erase(key); }));
}

}  // namespace waybill::daemon
