#include "deliver/maildir.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"

namespace waybill::deliver {
namespace {
constexpr size_t kNameOctetsMax = 200;
constexpr int kNamesMax = 10;
constexpr Millis kStaleAfter{36 * 3'600'000};
constexpr size_t kStaleMax = 1'000;
/// Folders remembered as cleaned; beyond that they are looked through again.
constexpr size_t kCleanedMax = 100'000;

/// CRLF to LF, chunk after chunk. A CR that stands alone stays what it is.
class LineEnds {
 public:
  /// Replaces `out`.
  void convert(std::string_view text, std::string& out) {
    out.clear();
    if (text.empty()) return;
    if (held_cr_ && text.front() != '\n') out += '\r';
    held_cr_ = text.back() == '\r';
    if (held_cr_) text.remove_suffix(1);
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find("\r\n", at), text.size());
      out.append(text, at, end - at);
      at = end == text.size() ? end : end + 1;  // the LF follows with the next piece
    }
  }
  [[nodiscard]] bool held_cr() const { return held_cr_; }

 private:
  bool held_cr_ = false;
};

// Maildir names begin with the second of their making.
std::optional<Time> made_at(std::string_view name) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), seconds);
  if (error != std::errc{} || end == name.data() + name.size() || *end != '.') return std::nullopt;
  if (seconds < 0 || seconds > 1'000'000'000'000) return std::nullopt;
  return Time{Millis{seconds * 1'000}};
}

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.size() > kNameOctetsMax || name.front() == '.') return false;
  return std::ranges::all_of(name, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet >= 0x20 && octet != 0x7f && c != '/';
  });
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// Every directory from "/" down to `path`, shortest first.
std::vector<std::string> directories_to(const std::string& path) {
  std::vector<std::string> all;
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    all.push_back(path.substr(0, at));
  }
  all.push_back(path);
  return all;
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// The part of the template that an operator wrote whole: links there are the operator's own business.
std::string fixed_root(const std::string& path_template) {
  const size_t brace = path_template.find('{');
  if (brace == std::string::npos) return path_template;
  return parent_of(path_template.substr(0, brace) + "x");
}

mail::Outcome into_outcome(const Error& error) {
  mail::Outcome out =
      error.code == Errc::no_space
          ? mail::Outcome::deferred(452, {4, 3, 1}, "the mailbox's disk is full: " + error.what)
          : mail::Outcome::deferred(451, {4, 3, 0}, "the mailbox can't be written: " + error.what);
  out.host = "maildir";
  return out;
}
}  // namespace

std::string mailbox_user(const MaildirTarget& target, const mail::Address& address) {
  std::string user = to_lower(address.local);
  if (target.delimiter.empty() || (target.users && target.users->contains(user))) return user;
  if (const size_t end = user.find(target.delimiter); end != std::string::npos && end > 0) user.resize(end);
  return user;
}

Result<std::string> maildir_path(const MaildirTarget& target, const mail::Address& address) {
  const std::string& path_template = target.path_template;
  if (path_template.empty() || path_template.front() != '/') {
    return fail(Errc::invalid, "the mailbox path '{}' is not absolute", printable(path_template));
  }
  const std::string user = mailbox_user(target, address);
  if (!is_safe_name(user))
    return fail(Errc::invalid, "'{}' can't be a mailbox", printable(address.local, 80));
  const std::string& domain = address.domain.text();
  if (!is_safe_name(domain)) return fail(Errc::invalid, "'{}' can't be a folder", printable(domain, 80));
  std::string path = path_template;
  // The user last: "{domain}" in a local part stays what it is.
  replace_all(path, "{domain}", domain);
  replace_all(path, "{user}", user);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.find("/../") != std::string::npos || path.ends_with("/..")) {
    return fail(Errc::invalid, "the mailbox path '{}' contains '..'", printable(path));
  }
  return path;
}

Maildir::Maildir(FileSystem& files, std::string hostname, unsigned mode)
    : files_(files), quota_(files), hostname_(std::move(hostname)), mode_(mode) {
  // The Maildir convention for what must not stand in a file name.
  replace_all(hostname_, "/", "\\057");
  replace_all(hostname_, ":", "\\072");
}

Status Maildir::ensure_directory(const std::string& path) {
  auto kind = files_.kind(path);
  if (!kind) return pass(kind.error());
  if (*kind == FileSystem::Kind::directory) return {};
  if (*kind == FileSystem::Kind::symlink) {
    return fail(Errc::refused, "'{}' is a symbolic link, which could lead anywhere", path);
  }
  if (*kind != FileSystem::Kind::absent) return fail(Errc::io, "'{}' is not a folder", path);
  const Status made = files_.make_directory(path, 0700);
  // Another thread may have been first.
  if (!made && made.error().code != Errc::exists) return made;
  return files_.sync_directory(parent_of(path));
}

Status Maildir::prepare(const std::string& path_template, const std::string& folder) {
  const std::string root = fixed_root(path_template);
  for (const std::string& directory : directories_to(folder)) {
    if (directory.size() <= root.size()) {
      auto kind = files_.kind(directory);
      if (!kind) return pass(kind.error());
      if (*kind == FileSystem::Kind::symlink) continue;
    }
    if (auto status = ensure_directory(directory); !status) return status;
  }
  for (const char* part : {"/tmp", "/new", "/cur"}) {
    if (auto status = ensure_directory(folder + part); !status) return status;
  }
  return {};
}

// And nothing that prepare() would refuse leads there.
bool Maildir::is_there(const std::string& path_template, const std::string& folder) {
  const std::string root = fixed_root(path_template);
  return std::ranges::all_of(directories_to(folder), [this, &root](const std::string& directory) {
    const auto kind = files_.kind(directory);
    return kind && (*kind == FileSystem::Kind::directory ||
                    (*kind == FileSystem::Kind::symlink && directory.size() <= root.size()));
  });
}

// What a crash left in tmp/ is nobody's mail. Best effort: the delivery at hand does not depend on it.
void Maildir::clean_once(const std::string& folder, Time now) {
  {
    const std::scoped_lock lock(mutex_);
    if (cleaned_.size() >= kCleanedMax) cleaned_.clear();
    if (!cleaned_.insert(folder).second) return;
  }
  const auto names = files_.list(folder + "/tmp");
  if (!names) return;
  size_t removed = 0;
  for (const std::string& name : *names) {
    const auto made = made_at(name);
    if (!made || now - *made <= kStaleAfter) continue;
    const std::string path = folder + "/tmp/" + name;
    const auto kind = files_.kind(path);
    if (!kind || *kind != FileSystem::Kind::file) continue;
    (void)files_.remove(path);
    if (++removed == kStaleMax) return;
  }
}

Result<Maildir::Written> Maildir::write_tmp(const std::string& folder, const mail::Delivery& delivery,
                                            const mail::Recipient& recipient, const std::string& name) {
  Written out;
  out.path = folder + "/tmp/" + name;
  auto file = files_.create(out.path, mode_);
  if (!file) return pass(file.error());
  const auto write = [&](std::string_view text) {
    out.octets += text.size();
    return (*file)->write(text);
  };
  const auto write_all = [&]() -> Status {
    // RFC 5321 4.4: the last hop writes the reverse-path down.
    const std::string head = fmt::format("Return-Path: <{}>\nDelivered-To: {}\n",
                                         to_string(delivery.envelope->from), recipient.address.to_string());
    if (auto status = write(head); !status) return status;
    uint64_t octets = 0;
    LineEnds ends;
    std::string text;
    for (uint32_t n = 0; n < delivery.body->chunk_count(); ++n) {
      const auto chunk = delivery.body->chunk(n);
      if (!chunk) return pass(chunk.error(), "reading the message");
      ends.convert(chunk->view(), text);
      if (auto status = write(text); !status) return status;
      octets += chunk->size();
    }
    if (ends.held_cr()) {
      if (auto status = write("\r"); !status) return status;
    }
    if (octets != delivery.body->size_octets())
      return fail(Errc::corrupt, "the message is cut short in the spool");
    if (auto status = (*file)->sync(); !status) return status;
    return (*file)->close();
  };
  if (auto status = write_all(); !status) {
    file->reset();
    (void)files_.remove(out.path);  // best effort: what stays in tmp/ is no mail
    return pass(status.error());
  }
  return out;
}

// Under a name that tells its size, as Maildir++ has it. Errc::exists: the name is taken.
Result<std::string> Maildir::into_new(const std::string& folder, const Written& tmp, std::string name) {
  name += fmt::format(",S={}", tmp.octets);
  // A rename would do on a sound system; a link can't overwrite on any.
  const std::string final_path = folder + "/new/" + name;
  if (auto status = files_.link(tmp.path, final_path); !status) return pass(status.error());
  if (auto status = files_.sync_directory(folder + "/new"); !status) {
    // Whether the name survives is unknown; it is taken back so that the next attempt makes no second copy.
    (void)files_.remove(final_path);
    return pass(status.error());
  }
  return name;
}

// Errc::exists: the name is taken, by a clock that jumped back or what a crash left.
Result<mail::Outcome> Maildir::store(const std::string& folder, const MaildirTarget& target,
                                     const mail::Delivery& delivery, const mail::Recipient& recipient,
                                     Time now) {
  // Unique for ever: the message's id, a time, a process and a serial number.
  const auto since_epoch = now.time_since_epoch().count();
  const std::string name = fmt::format("{}.M{}P{}Q{}_{}.{}", since_epoch / 1000, since_epoch % 1000,
                                       ::getpid(), serial_.fetch_add(1), delivery.id.to_string(), hostname_);
  const auto tmp = write_tmp(folder, delivery, recipient, name);
  if (!tmp) return pass(tmp.error());
  const bool limited = target.quota_octets + target.quota_messages > 0;
  if (limited) {
    auto refused = quota_.refuse(folder, target, tmp->octets, now);
    if (!refused || *refused) {
      (void)files_.remove(tmp->path);
      return refused ? Result<mail::Outcome>(std::move(**refused)) : pass(refused.error());
    }
  }
  const auto kept = into_new(folder, *tmp, name);
  (void)files_.remove(tmp->path);
  if (!kept) return pass(kept.error());
  if (limited) quota_.added(folder, tmp->octets);
  mail::Outcome out;
  out.fate = mail::Fate::delivered;
  out.reply = {250, {2, 0, 0}, "delivered to the mailbox as " + *kept};
  out.host = "maildir";
  out.final_delivery = true;
  return out;
}

// Of the mailbox's folder, or of the nearest above it that exists.
Result<FileSystem::Info> Maildir::owner_of(const std::string& folder) {
  std::string at = folder;
  while (true) {
    auto found = files_.info(at);
    if (!found || found->kind != FileSystem::Kind::absent || at == "/") return found;
    at = parent_of(at);
  }
}

Result<std::optional<FileIdentity>> Maildir::become_owner(const std::string& folder) {
  std::optional<FileIdentity> none;
  if (::geteuid() != 0) return none;
  const auto owner = owner_of(folder);
  if (!owner) return pass(owner.error());
  if (owner->owner == 0) return none;
  auto identity = FileIdentity::become(owner->owner, owner->group);
  if (!identity) return pass(identity.error());
  return std::optional(std::move(*identity));
}

std::optional<MaildirUse> Maildir::use(const MaildirTarget& target, const mail::Address& recipient) {
  const auto folder = maildir_path(target, recipient);
  if (!folder) return std::nullopt;
  const auto identity = become_owner(*folder);
  if (!identity || !is_there(target.path_template, *folder)) return std::nullopt;
  return quota_.read(*folder, target);
}

bool Maildir::recount(const MaildirTarget& target, const mail::Address& recipient, Time now) {
  const auto folder = maildir_path(target, recipient);
  if (!folder) return false;
  const auto identity = become_owner(*folder);
  if (!identity || !is_there(target.path_template, *folder)) return false;
  return quota_.recount(*folder, target, now);
}

mail::Outcome Maildir::deliver(const MaildirTarget& target, const mail::Delivery& delivery,
                               const mail::Recipient& recipient, Time now) {
  const auto folder = maildir_path(target, recipient.address);
  const bool known =
      folder && (!target.users || target.users->contains(mailbox_user(target, recipient.address)));
  if (!known) {
    mail::Outcome out = mail::Outcome::rejected(
        550, {5, 1, 1}, folder ? "no such mailbox here" : "no such mailbox here: " + folder.error().what);
    out.host = "maildir";
    return out;
  }
  const auto identity = become_owner(*folder);
  if (!identity) return into_outcome(identity.error());
  return deliver_to(*folder, target, delivery, recipient, now);
}

mail::Outcome Maildir::deliver_to(const std::string& folder, const MaildirTarget& target,
                                  const mail::Delivery& delivery, const mail::Recipient& recipient,
                                  Time now) {
  if (auto status = prepare(target.path_template, folder); !status) return into_outcome(status.error());
  clean_once(folder, now);
  Result<mail::Outcome> outcome = fail(Errc::exists, "no free name");
  for (int attempt = 0; attempt < kNamesMax && !outcome && outcome.error().code == Errc::exists; ++attempt) {
    outcome = store(folder, target, delivery, recipient, now);
  }
  return outcome ? std::move(*outcome) : into_outcome(outcome.error());
}

}  // namespace waybill::deliver
