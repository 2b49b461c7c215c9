// file_identity.h: as root, reach files as somebody else: what is made is theirs, and what they may not
// reach, or have turned into a link, is out of reach for us too. Thread rule: concerns the thread that holds
// it alone (Linux: setfsuid), and must end on it.
#pragma once

#include <sys/types.h>

#include <utility>
#include <vector>

#include "base/result.h"

namespace waybill {

class FileIdentity {
 public:
  /// Errors: refused, when this process may not (it is not root).
  [[nodiscard]] static Result<FileIdentity> become(uid_t user, gid_t group);
  ~FileIdentity();
  FileIdentity(FileIdentity&& other) noexcept
      : active_(std::exchange(other.active_, false)), groups_(std::move(other.groups_)) {}
  FileIdentity& operator=(FileIdentity&&) = delete;
  FileIdentity(const FileIdentity&) = delete;
  FileIdentity& operator=(const FileIdentity&) = delete;

 private:
  FileIdentity() = default;
  bool active_ = false;
  std::vector<gid_t> groups_;  ///< those of before
};

}  // namespace waybill
