#include "deliver/maildir_quota.h"

#include <charconv>
#include <limits>

#include "base/bytes.h"

namespace waybill::deliver {
namespace {
/// Maildir++: a longer file is written anew, so that reading it stays cheap.
constexpr size_t kFileOctetsMax = 5120;
/// A mailbox that stays full is listed no more often than this, whoever writes to it.
constexpr Millis kCountEvery{15 * 60'000};
constexpr size_t kCountedMax = 10'000;
constexpr std::string_view kFile = "/maildirsize";

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool fits(const MaildirUse& use, const MaildirTarget& limits, uint64_t octets) {
  const bool room = limits.quota_octets == 0 ||
                    (use.octets <= limits.quota_octets && octets <= limits.quota_octets - use.octets);
  return room && (limits.quota_messages == 0 || use.messages < limits.quota_messages);
}

// "1700000000.M1P2Q3.mx,S=1234:2,ST": the flags behind ":2,".
bool is_deleted(std::string_view name) {
  const size_t flags = name.rfind(":2,");
  return flags != std::string_view::npos && name.find('T', flags + 3) != std::string_view::npos;
}

std::string limit_text(const MaildirTarget& limits) {
  std::string out;
  if (limits.quota_octets > 0) out += fmt::format("{} octets", limits.quota_octets);
  if (limits.quota_messages > 0)
    out += fmt::format("{}{} messages", out.empty() ? "" : ", ", limits.quota_messages);
  return out;
}

mail::Outcome of_maildir(mail::Outcome outcome) {
  outcome.host = "maildir";
  return outcome;
}
}  // namespace

std::string maildirsize_head(const MaildirTarget& limits) {
  std::string out;
  if (limits.quota_octets > 0) out += fmt::format("{}S", limits.quota_octets);
  if (limits.quota_messages > 0) out += fmt::format("{}{}C", out.empty() ? "" : ",", limits.quota_messages);
  return out;
}

std::optional<MaildirUse> parse_maildirsize(std::string_view text, const MaildirTarget& limits) {
  if (text.size() > kFileOctetsMax || !text.ends_with('\n')) return std::nullopt;
  const auto lines = split(text.substr(0, text.size() - 1), '\n');
  if (lines.size() < 2 || trim(lines[0]) != maildirsize_head(limits)) return std::nullopt;
  int64_t octets = 0;
  int64_t messages = 0;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::string_view line = trim(lines[i]);
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto size = number(line.substr(0, space));
    const auto count = number(trim(line.substr(space)));
    // What is removed has a minus; no sum of a few hundred lines comes near the edge of 64 bits.
    constexpr int64_t kMost = int64_t{1} << 50;
    if (!size || !count || *size > kMost || *size < -kMost || *count > kMost || *count < -kMost)
      return std::nullopt;
    octets += *size;
    messages += *count;
  }
  if (octets < 0 || messages < 0) return std::nullopt;
  return MaildirUse{static_cast<uint64_t>(octets), static_cast<uint64_t>(messages)};
}

std::optional<mail::Outcome> never_fits(const MaildirTarget& limits, uint64_t octets) {
  if (limits.quota_octets == 0 || octets <= limits.quota_octets) return std::nullopt;
  // RFC 3463 3.3: no waiting makes it fit.
  return of_maildir(mail::Outcome::rejected(
      552, {5, 2, 2},
      fmt::format("the message has {} octets, more than the mailbox may ever hold ({})", octets,
                  limit_text(limits))));
}

std::optional<mail::Outcome> refuse_by(const MaildirUse& use, const MaildirTarget& limits, uint64_t octets) {
  if (auto never = never_fits(limits, octets)) return never;
  if (fits(use, limits, octets)) return std::nullopt;
  return of_maildir(
      mail::Outcome::deferred(452, {4, 2, 2},
                              fmt::format("the mailbox is full: {} octets in {} messages, of {}", use.octets,
                                          use.messages, limit_text(limits))));
}

std::optional<uint64_t> size_in_name(std::string_view name) {
  name = name.substr(0, name.rfind(":2,"));
  const size_t at = name.find(",S=");
  if (at == std::string_view::npos) return std::nullopt;
  name.remove_prefix(at + 3);
  const auto size = number(name.substr(0, name.find(',')));
  if (!size || *size < 0 || *size > int64_t{1} << 50) return std::nullopt;
  return static_cast<uint64_t>(*size);
}

std::optional<MaildirUse> MaildirQuota::read(const std::string& folder, const MaildirTarget& limits) {
  const std::string path = folder + std::string(kFile);
  const auto found = files_.info(path);
  if (!found || found->kind != FileSystem::Kind::file || found->size_octets > kFileOctetsMax)
    return std::nullopt;
  const auto text = files_.read(path, kFileOctetsMax);
  return text ? parse_maildirsize(*text, limits) : std::nullopt;
}

Status MaildirQuota::count_part(const std::string& part, MaildirUse& use) {
  const auto kind = files_.kind(part);
  if (!kind) return pass(kind.error());
  if (*kind != FileSystem::Kind::directory) return {};
  const auto names = files_.list(part);
  if (!names) return pass(names.error());
  for (const std::string& name : *names) {
    if (name.starts_with('.') || is_deleted(name)) continue;
    auto size = size_in_name(name);
    if (!size) {
      const auto found = files_.info(part + "/" + name);
      if (!found) return pass(found.error());
      if (found->kind != FileSystem::Kind::file) continue;  // read and gone meanwhile
      size = found->size_octets;
    }
    use.octets += *size;
    ++use.messages;
  }
  return {};
}

Result<MaildirUse> MaildirQuota::count(const std::string& folder) {
  MaildirUse use;
  const auto names = files_.list(folder);
  if (!names) return pass(names.error());
  std::vector<std::string> folders{folder};
  for (const std::string& name : *names) {
    if (name.starts_with('.') && name != ".Trash")
      folders.push_back(folder + "/" + name);  // Maildir++ folders
  }
  for (const std::string& one : folders) {
    if (const auto kind = files_.kind(one); !kind || *kind != FileSystem::Kind::directory) continue;
    for (const char* part : {"/new", "/cur"}) {
      if (auto status = count_part(one + part, use); !status) return pass(status.error());
    }
  }
  return use;
}

Result<MaildirUse> MaildirQuota::count_anew(const std::string& folder, const MaildirTarget& limits,
                                            Time now) {
  const auto use = count(folder);
  if (!use) return use;
  const std::string fresh = fmt::format("{}/tmp/{}.maildirsize", folder, now.time_since_epoch().count());
  // Best effort: without the account the next message counts again.
  if (auto file = files_.create(fresh, 0600)) {
    const bool written =
        (*file)->write(fmt::format("{}\n{} {}\n", maildirsize_head(limits), use->octets, use->messages)) &&
        (*file)->close() && files_.rename(fresh, folder + std::string(kFile));
    if (!written) (void)files_.remove(fresh);
  }
  return use;
}

bool MaildirQuota::counted_lately(const std::string& folder, Time now) {
  const std::scoped_lock lock(mutex_);
  const auto at = counted_.find(folder);
  if (at != counted_.end() && now >= at->second && now - at->second < kCountEvery) return true;
  if (counted_.size() >= kCountedMax) counted_.clear();
  counted_.insert_or_assign(folder, now);
  return false;
}

bool MaildirQuota::recount(const std::string& folder, const MaildirTarget& limits, Time now) {
  return !counted_lately(folder, now) && count_anew(folder, limits, now).has_value();
}

Result<std::optional<mail::Outcome>> MaildirQuota::refuse(const std::string& folder,
                                                          const MaildirTarget& limits, uint64_t octets,
                                                          Time now) {
  if (auto never = never_fits(limits, octets)) return never;
  std::optional<MaildirUse> use = read(folder, limits);
  const bool from_account = use.has_value();
  if (!use) {
    const auto counted = count_anew(folder, limits, now);
    if (!counted) return pass(counted.error());
    use = *counted;
  }
  // The account may be wrong, when mail was removed by a program that knows nothing of it.
  if (from_account && !fits(*use, limits, octets) && !counted_lately(folder, now)) {
    const auto counted = count_anew(folder, limits, now);
    if (!counted) return pass(counted.error());
    use = *counted;
  }
  return refuse_by(*use, limits, octets);
}

void MaildirQuota::added(const std::string& folder, uint64_t octets) {
  const std::string path = folder + std::string(kFile);
  // An account that lacks a message would let one more in: none at all is counted anew.
  if (!files_.append(path, fmt::format("{} 1\n", octets))) (void)files_.remove(path);
}

}  // namespace waybill::deliver
