// reckoning.h: where every letter of the demo is now: read from the mailboxes, not from what anyone claims.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/demo/world.h"

namespace waybill::cli::demo {

/// Every letter's number, and the hosts in whose mailboxes it stands (a report about it counts as standing at
/// the sender).
struct Reckoning {
  std::map<uint32_t, std::vector<std::string>> found;
  /// Of the letters 1 … sent: in no mailbox, and in more than one.
  [[nodiscard]] std::vector<uint32_t> missing(uint32_t sent) const;
  [[nodiscard]] std::vector<uint32_t> doubled() const;
};

inline constexpr std::string_view kSubject = "Subject: letter ";

[[nodiscard]] Reckoning reckon(const World& world);

/// Recipients that a host holds in its queue now. Errors: it does not answer.
[[nodiscard]] Result<uint64_t> queued(const Host& host);

}  // namespace waybill::cli::demo
