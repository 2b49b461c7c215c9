#include "base/file_identity.h"

#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace waybill {
namespace {
// The library's setgroups() changes every thread; the system call this one alone.
bool set_groups(const std::vector<gid_t>& groups) {
  return syscall(SYS_setgroups, groups.size(), groups.empty() ? nullptr : groups.data()) == 0;
}

// They return the identity before, whatever happened; asking again tells whether it changed.
constexpr auto kAsk = static_cast<uid_t>(-1);
}  // namespace

Result<FileIdentity> FileIdentity::become(uid_t user, gid_t group) {
  FileIdentity out;
  const int count = getgroups(0, nullptr);
  if (count > 0) {
    out.groups_.resize(static_cast<size_t>(count));
    if (getgroups(count, out.groups_.data()) != count)
      return fail(Errc::refused, "cannot read this process's groups");
  }
  if (!set_groups({})) return fail(Errc::refused, "cannot leave this process's groups: it is not root");
  out.active_ = true;
  setfsgid(group);
  setfsuid(user);  // last: with it go root's rights over files
  if (static_cast<uid_t>(setfsuid(kAsk)) != user || static_cast<gid_t>(setfsgid(kAsk)) != group)
    return fail(Errc::refused, "cannot reach files as user {} and group {}", user, group);
  return out;
}

FileIdentity::~FileIdentity() {
  if (!active_) return;
  setfsuid(geteuid());
  setfsgid(getegid());
  (void)set_groups(groups_);
}

}  // namespace waybill
