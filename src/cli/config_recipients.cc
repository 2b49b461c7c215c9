#include "cli/config_recipients.h"

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "daemon/local_mail.h"

namespace waybill::cli {
namespace {
constexpr size_t kFindingsMax = 100;

class Check {
 public:
  Check(const config::Config& config, const std::string& file,
        const std::function<bool(const std::string&)>& may_read)
      : config_(config), file_(file), may_read_(may_read) {}

  std::vector<RecipientFinding> run() {
    for (const config::Domain& domain : config_.domains) {
      const std::string scope = scope_of(domain);
      readable(scope + ".users_file", domain.users_file);
      readable(scope + ".aliases_file", domain.aliases_file);
      if (domain.forward_srs && config_.srs.secret_file.empty()) {
        add({"srs-off",
             Level::warning,
             scope + ".forward_srs",
             "senders stay as they are: [srs] has no secret_file",
             "[srs]\nsecret_file = \"srs.secret\"",
             {},
             {}});
      }
    }
    readable("srs.secret_file", config_.srs.secret_file);
    secret_is_private();
    auto listed = config::load_recipients(config_, file_);
    if (!listed) {
      for (const config::Located& error : listed.error())
        add({"recipients", Level::error, {}, error.message, {}, error.file, {error.line, error.column}});
      return std::move(findings_);
    }
    const daemon::LocalMail local(config_, *listed, SystemClock());
    for (const config::Domain& domain : config_.domains) {
      if (domain.role == config::DomainRole::primary)
        check(domain, listed->domains.at(domain.name.text()), local);
    }
    return std::move(findings_);
  }

 private:
  static std::string scope_of(const config::Domain& domain) {
    return fmt::format("domain.\"{}\"", domain.name.text());
  }

  void add(RecipientFinding finding) {
    if (findings_.size() < kFindingsMax) findings_.push_back(std::move(finding));
  }

  void readable(const std::string& key, const std::string& path) {
    if (path.empty() || may_read_(path)) return;
    add({"recipients-unreadable",
         Level::error,
         key,
         fmt::format("{} can't be read by {}: waybill would not start, nor reload", path,
                     config_.user.empty() ? "this user" : "user " + config_.user),
         fmt::format("chgrp {} {} && chmod 640 {}", config_.user.empty() ? "waybill" : config_.user, path,
                     path),
         {},
         {}});
  }

  void secret_is_private() {
    const std::string& path = config_.srs.secret_file;
    struct stat status{};
    if (path.empty() || stat(path.c_str(), &status) != 0 || (status.st_mode & 07) == 0) return;
    add({"srs-secret-open",
         Level::warning,
         "srs.secret_file",
         fmt::format("every user of this machine may read {}, and sign senders that we would believe", path),
         fmt::format("chmod 640 {}", path),
         {},
         {}});
  }

  void check(const config::Domain& domain, const config::DomainRecipients& listed,
             const daemon::LocalMail& local) {
    for (const auto& [name, alias] : listed.aliases) {
      judge(fmt::format("the alias {}", printable(name, 64)), {name, domain.name}, local, alias.file,
            alias.where);
    }
    const std::string key = scope_of(domain) + ".catch_all";
    for (const mail::Address& one : listed.catch_all)
      judge("the catch-all", one, local, file_, config_.positions.find(key));
  }

  void judge(const std::string& who, const mail::Address& address, const daemon::LocalMail& local,
             const std::string& file, config::Where where) {
    const auto expansion = local.recipients().expand(address);
    if (expansion.accepted()) {
      for (const mail::Address& lost : expansion.nowhere) {
        add({"alias-to-nobody",
             Level::warning,
             {},
             fmt::format("{} names {}, whom nobody has: that part of it is left out", who, lost.to_string()),
             "add the user, or take the name out",
             file,
             where});
      }
      return;
    }
    if (expansion.refusal->permanent()) {
      return add({"alias-to-nobody",
                  Level::error,
                  {},
                  fmt::format("{} leads to nobody: its mail is refused with 550", who),
                  "add the user, or take the alias out",
                  file,
                  where});
    }
    add({"alias-loop",
         Level::error,
         {},
         fmt::format("{}: {}; its mail is refused with 451", who, expansion.refusal->text),
         "break the circle",
         file,
         where});
  }

  const config::Config& config_;
  const std::string& file_;
  const std::function<bool(const std::string&)>& may_read_;
  std::vector<RecipientFinding> findings_;
};
}  // namespace

std::vector<RecipientFinding> check_recipients(const config::Config& config, const std::string& file,
                                               const std::function<bool(const std::string&)>& may_read) {
  return Check(config, file, may_read).run();
}

}  // namespace waybill::cli
