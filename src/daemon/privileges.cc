#include "daemon/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace waybill::daemon {
namespace {
struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

Result<Account> find_account(const std::string& user, const std::string& group) {
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) return fail(Errc::not_found, "there is no user '{}' on this machine", user);
  Account account{entry->pw_uid, entry->pw_gid};
  if (!group.empty()) {
    const ::group* found = ::getgrnam(group.c_str());
    if (found == nullptr) return fail(Errc::not_found, "there is no group '{}' on this machine", group);
    account.group = found->gr_gid;
  }
  return account;
}
}  // namespace

Status prepare_data_dir(const std::string& data_dir, const std::string& user, const std::string& group) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(data_dir, error);
  if (error) return pass(errno_error(fmt::format("cannot create {}", data_dir), error.value()));
  if (made && ::chmod(data_dir.c_str(), 0700) != 0)
    return pass(errno_error(fmt::format("cannot protect {}", data_dir)));
  if (user.empty() || ::geteuid() != 0) return {};
  auto account = find_account(user, group);
  if (!account) return pass(account.error());
  if (::chown(data_dir.c_str(), account->user, account->group) != 0) {
    return pass(errno_error(fmt::format("cannot give {} to {}", data_dir, user)));
  }
  return {};
}

Status drop_privileges(const std::string& user, const std::string& group) {
  if (user.empty()) return {};
  auto account = find_account(user, group);
  if (!account) return pass(account.error());
  if (::geteuid() == account->user && ::getegid() == account->group) return {};
  if (::geteuid() != 0) return fail(Errc::refused, "cannot become '{}': only root can", user);
  if (::initgroups(user.c_str(), account->group) != 0 || ::setgid(account->group) != 0 ||
      ::setuid(account->user) != 0) {
    return pass(errno_error(fmt::format("cannot become '{}'", user)));
  }
  if (account->user != 0 && ::setuid(0) == 0)
    return fail(Errc::internal, "root could be had back after becoming '{}'", user);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return {};
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace waybill::daemon
