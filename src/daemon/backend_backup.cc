// backend_backup.cc: what the control API tells of backup domains, and what it makes forget.
#include <algorithm>

#include "daemon/backend.h"

namespace waybill::daemon {
namespace {
std::string_view to_string(policy::Remembered::Word word) {
  return word == policy::Remembered::Word::exists ? "exists" : "refused";
}

/// Both forms of a name as they are learnt: an address's domain folded, a domain without its final dot.
Result<std::string> learnt_name(const std::string& name) {
  if (name.empty()) return name;
  if (name.find('@') == std::string::npos) {
    auto domain = mail::Domain::parse(name);
    if (!domain) return pass(domain.error());
    return domain->text();
  }
  auto address = mail::Address::parse(name);
  if (!address) return pass(address.error());
  return policy::remembered_key(*address);
}
}  // namespace

net::Task<std::vector<control::BackupStatus>> Backend::backups() {
  const auto config = parts_.config();
  std::vector<control::BackupStatus> out;
  for (const config::Domain& domain : config->domains) {
    if (domain.role != config::DomainRole::backup) continue;
    if (out.size() == kBackupsShown) break;
    const BackupPlace place = parts_.places.find(domain.name);
    control::BackupStatus one;
    one.domain = domain.name.text();
    one.place = to_string(place.state);
    one.why = place.why;
    one.recipients = config::to_string(domain.recipients);
    one.unknown = config::to_string(domain.unknown_recipients);
    out.push_back(std::move(one));
  }
  if (out.empty()) co_return out;
  // A table of millions is copied to be read: not on the loop of the signals.
  std::move_only_function<std::vector<LearntRecipient>()> read = [this] {
    return parts_.backup.list("", SIZE_MAX);
  };
  const std::vector<LearntRecipient> learnt =
      co_await on_reader<std::vector<LearntRecipient>>(std::move(read));
  for (const LearntRecipient& entry : learnt) {
    const size_t at = entry.name.rfind('@');
    const std::string_view domain =
        at == std::string::npos ? std::string_view(entry.name) : std::string_view(entry.name).substr(at + 1);
    const auto backup = std::ranges::find(out, domain, &control::BackupStatus::domain);
    if (backup == out.end()) continue;
    const bool exists = entry.remembered.word == policy::Remembered::Word::exists;
    if (at == std::string::npos) {
      backup->takes_all = exists;
    } else {
      ++(exists ? backup->known : backup->refused);
    }
  }
  co_return out;
}

net::Task<Result<control::RecipientsAnswer>> Backend::recipients(control::RecipientsRequest request) {
  auto name = learnt_name(request.name);
  if (!name) co_return pass(name.error());
  std::move_only_function<std::vector<LearntRecipient>()> read = [this, name = *name] {
    return parts_.backup.list(name, SIZE_MAX);
  };
  std::vector<LearntRecipient> learnt = co_await on_reader<std::vector<LearntRecipient>>(std::move(read));
  control::RecipientsAnswer out;
  out.total = learnt.size();
  if (learnt.size() > request.limit) learnt.resize(request.limit);
  for (LearntRecipient& one : learnt) {
    out.recipients.push_back({std::move(one.name), std::string(to_string(one.remembered.word)),
                              std::move(one.remembered.reply), one.remembered.learnt, one.expires});
  }
  co_return std::move(out);
}

net::Task<Result<control::ForgetRecipientsAnswer>> Backend::forget_recipients(
    control::ForgetRecipientsRequest request) {
  auto name = learnt_name(request.name);
  if (!name) co_return pass(name.error());
  if (name->empty())
    co_return fail(Errc::invalid, "name: an address, or a domain with all that is known of it");
  std::move_only_function<uint64_t()> forget = [this, name = *name] { return parts_.backup.forget(name); };
  const uint64_t forgotten = co_await on_reader<uint64_t>(std::move(forget));
  co_return control::ForgetRecipientsAnswer{forgotten};
}

}  // namespace waybill::daemon
