// maildir_quota.h: how much a mailbox may hold, kept in its file `maildirsize` as Maildir++ has it, so that
// other programs that write to or clear the mailbox count along. The file is an account, not mail: it is
// never synced, and whenever it is damaged, long, or says "full", the messages are counted anew.
//
// Thread rule: as FileSystem; several threads may ask at once, and each may let one message more in than the
// limit. Failure: what can't be read or written is counted anew the next time; only a mailbox that can't be
// listed is an error. Messages in .Trash, or marked as deleted, don't count.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fs.h"
#include "deliver/targets.h"
#include "mail/outcome.h"

namespace waybill::deliver {

struct MaildirUse {
  uint64_t octets = 0;
  uint64_t messages = 0;
  bool operator==(const MaildirUse&) const = default;
};

/// What `maildirsize` says, when it is for these limits and can be believed. Pure.
[[nodiscard]] std::optional<MaildirUse> parse_maildirsize(std::string_view text, const MaildirTarget& limits);
/// "1000000S,500C": its first line, without the end.
[[nodiscard]] std::string maildirsize_head(const MaildirTarget& limits);
/// May one more message of this size come in, where so much is already? None: yes. Else what its delivery
/// ends in: full for now (452 4.2.2), or larger than the mailbox could ever hold (552 5.2.2). Pure.
[[nodiscard]] std::optional<mail::Outcome> refuse_by(const MaildirUse& use, const MaildirTarget& limits,
                                                     uint64_t octets);
/// The second of these alone.
[[nodiscard]] std::optional<mail::Outcome> never_fits(const MaildirTarget& limits, uint64_t octets);
/// The size that a message's file name gives (",S=1234"); none: it gives none.
[[nodiscard]] std::optional<uint64_t> size_in_name(std::string_view name);

class MaildirQuota {
 public:
  explicit MaildirQuota(FileSystem& files) : files_(files) {}

  /// refuse_by() what the account says; the messages are counted where it must not be believed.
  [[nodiscard]] Result<std::optional<mail::Outcome>> refuse(const std::string& folder,
                                                            const MaildirTarget& limits, uint64_t octets,
                                                            Time now);
  /// One message more. Best effort.
  void added(const std::string& folder, uint64_t octets);

  /// What the account says; none: the messages would have to be counted.
  [[nodiscard]] std::optional<MaildirUse> read(const std::string& folder, const MaildirTarget& limits);
  /// Counts the messages anew, unless that was done lately: for an account that says "full". Best effort.
  /// True: they were counted.
  bool recount(const std::string& folder, const MaildirTarget& limits, Time now);

 private:
  [[nodiscard]] Result<MaildirUse> count(const std::string& folder);
  [[nodiscard]] Status count_part(const std::string& part, MaildirUse& use);
  [[nodiscard]] Result<MaildirUse> count_anew(const std::string& folder, const MaildirTarget& limits,
                                              Time now);
  [[nodiscard]] bool counted_lately(const std::string& folder, Time now);

  FileSystem& files_;
  std::mutex mutex_;
  std::map<std::string, Time> counted_;  ///< when a full mailbox was last counted
};

}  // namespace waybill::deliver
