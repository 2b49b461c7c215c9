// maildir.h: puts a message into a Maildir folder, crash-safe: written whole to tmp/, synced, linked into
// new/ under a name that never was, and the folder synced, before anyone hears "delivered".
//
// Thread rule: deliver() may be called from many threads; it blocks on the disk.
// Failure: no space or a quota of the file system is deferred with 4.3.1, a mailbox that is full by its own
// quota with 4.2.2 (maildir_quota.h), other trouble of the disk with 4.3.0; a user that can't be or does not
// exist is rejected with 5.1.1. As root it works as the owner of the mailbox's folder (of the nearest folder
// above it that exists, when it is new): what it makes belongs to that user. A crash leaves at most a file in
// tmp/, which is removed at the mailbox's first use after 36 hours, as the Maildir convention has it. Lines
// end in LF in the file, as everything that reads a Maildir expects. Never: leaves the root of the path
// template, follows a symbolic link below it, or overwrites a file.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/file_identity.h"
#include "base/fs.h"
#include "deliver/maildir_quota.h"
#include "deliver/targets.h"
#include "mail/delivery.h"

namespace waybill::deliver {

/// The folder for a recipient: "{domain}" and "{user}" replaced. Errors: invalid for what can't be a file
/// name
/// ('/', "..", control octets, a leading dot, over 200 octets) and for a template that is not absolute.
[[nodiscard]] Result<std::string> maildir_path(const MaildirTarget& target, const mail::Address& address);
/// The local part in lower case; when it is not itself a user's name, up to the delimiter (subaddressing) if
/// something stands before that.
[[nodiscard]] std::string mailbox_user(const MaildirTarget& target, const mail::Address& address);

class Maildir {
 public:
  /// `hostname` becomes part of file names.
  Maildir(FileSystem& files, std::string hostname, unsigned mode);
  [[nodiscard]] mail::Outcome deliver(const MaildirTarget& target, const mail::Delivery& delivery,
                                      const mail::Recipient& recipient, Time now);
  /// How much the recipient's mailbox holds, by its account. None: there is no mailbox yet, it can't be
  /// reached, or would have to be counted. Reads one small file, and makes nothing.
  [[nodiscard]] std::optional<MaildirUse> use(const MaildirTarget& target, const mail::Address& recipient);
  /// Counts the messages of a mailbox whose account says "full", unless that was done lately. It may take
  /// long. Best effort. True: they were counted.
  bool recount(const MaildirTarget& target, const mail::Address& recipient, Time now);

 private:
  [[nodiscard]] Status prepare(const std::string& path_template, const std::string& folder);
  [[nodiscard]] bool is_there(const std::string& path_template, const std::string& folder);
  void clean_once(const std::string& folder, Time now);
  [[nodiscard]] Status ensure_directory(const std::string& path);
  struct Written {
    std::string path;
    uint64_t octets = 0;
  };
  [[nodiscard]] Result<Written> write_tmp(const std::string& folder, const mail::Delivery& delivery,
                                          const mail::Recipient& recipient, const std::string& name);
  [[nodiscard]] Result<std::string> into_new(const std::string& folder, const Written& tmp, std::string name);
  [[nodiscard]] Result<mail::Outcome> store(const std::string& folder, const MaildirTarget& target,
                                            const mail::Delivery& delivery, const mail::Recipient& recipient,
                                            Time now);
  [[nodiscard]] mail::Outcome deliver_to(const std::string& folder, const MaildirTarget& target,
                                         const mail::Delivery& delivery, const mail::Recipient& recipient,
                                         Time now);
  [[nodiscard]] Result<FileSystem::Info> owner_of(const std::string& folder);
  /// As root, works on as the owner of the folder, while the result lives.
  [[nodiscard]] Result<std::optional<FileIdentity>> become_owner(const std::string& folder);

  FileSystem& files_;
  MaildirQuota quota_;
  std::string hostname_;
  unsigned mode_;
  std::atomic<uint64_t> serial_{0};
  std::mutex mutex_;
  std::set<std::string> cleaned_;  ///< folders whose tmp/ was looked through
};

}  // namespace waybill::deliver
