// config_recipients.h: what only the files tell of a configuration's users and aliases: whether they can be
// read, and whether every alias leads to somebody.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/config_check.h"

namespace waybill::cli {

struct RecipientFinding {
  std::string_view id;  ///< "alias-loop"
  Level level = Level::error;
  std::string subject;  ///< the key; empty: see `file`
  std::string message;
  std::string fix;
  std::string file;  ///< where the alias stands; empty: where the key does
  config::Where where;
};

/// `may_read`: whether the daemon's user may read a file; a reload reads them as that user. At most 100.
[[nodiscard]] std::vector<RecipientFinding> check_recipients(
    const config::Config& config, const std::string& file,
    const std::function<bool(const std::string&)>& may_read);

}  // namespace waybill::cli
