#include "cli/config_check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>
#include <tuple>

#include "base/bytes.h"
#include "cli/config_certificate.h"
#include "cli/config_folder.h"
#include "cli/config_recipients.h"
#include "dns/zone_file.h"

namespace waybill::cli {
namespace {
namespace fs = std::filesystem;

// Who the daemon will be: for questions of permission.
struct Identity {
  uid_t uid = geteuid();
  gid_t gid = getegid();
};

class Checker {
 public:
  Checker(const config::Config& config, std::string file, Time now)
      : config_(config), file_(std::move(file)), now_(now) {}

  std::vector<ConfigFinding> run() {
    check_hostname();
    check_user();
    check_data_dir();
    check_control();
    check_listeners();
    check_sources();
    check_zones();
    check_domains();
    check_files_of_recipients();
    check_networks();
    sort();
    return std::move(findings_);
  }

 private:
  void add(Level level, std::string_view id, std::string subject, std::string message, std::string fix = {}) {
    const config::Where at = position_of(subject);
    findings_.push_back({fmt::format("config.{}", id), level, std::move(subject), std::move(message),
                         std::move(fix), file_, at.line, at.column});
  }

  // A key that the file leaves at its default stands for its section's place, if that is there.
  [[nodiscard]] config::Where position_of(std::string_view subject) const {
    while (!subject.empty()) {
      if (const config::Where at = config_.positions.find(subject); at.line != 0) return at;
      const size_t dot = subject.rfind('.');
      // The dots of a quoted name are its own.
      subject = dot == std::string_view::npos || subject.ends_with('"') ? std::string_view()
                                                                        : subject.substr(0, dot);
    }
    return {};
  }

  // In the order of the file, what concerns no line first; other files (zones) last.
  void sort() {
    std::ranges::stable_sort(findings_, [this](const ConfigFinding& a, const ConfigFinding& b) {
      return std::tuple(a.file != file_, a.line, a.column) < std::tuple(b.file != file_, b.line, b.column);
    });
  }

  void check_hostname() {
    if (config_.hostname.text().find('.') == std::string::npos) {
      add(Level::warning, "hostname-short", "hostname",
          fmt::format("the name '{}' has no domain: other servers will not believe it",
                      config_.hostname.text()),
          "hostname = \"mx1.example.org\", with an A or AAAA record of that name");
    }
  }

  void check_user() {
    if (!config_.group.empty()) {
      if (const group* found = getgrnam(config_.group.c_str())) {
        identity_.gid = found->gr_gid;
      } else {
        add(Level::error, "no-group", "group",
            fmt::format("there is no group '{}' on this machine", config_.group));
      }
    }
    if (config_.user.empty()) {
      if (geteuid() == 0) {
        add(Level::warning, "runs-as-root", "user", "started as root it stays root",
            "user = \"waybill\", a user of its own");
      }
      return;
    }
    const passwd* found = getpwnam(config_.user.c_str());
    if (found == nullptr)
      return add(Level::error, "no-user", "user",
                 fmt::format("there is no user '{}' on this machine", config_.user));
    identity_.uid = found->pw_uid;
    if (config_.group.empty()) identity_.gid = found->pw_gid;
    if (found->pw_uid == 0) add(Level::warning, "runs-as-root", "user", "becoming root is no protection");
  }

  // By owner and mode, for the user that the daemon becomes; by the kernel for ourselves.
  [[nodiscard]] bool may(const fs::path& path, int what) const {
    if (identity_.uid == geteuid()) return faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
    if (identity_.uid == 0) return true;
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) return false;
    const auto bits = static_cast<mode_t>(what);
    if (status.st_uid == identity_.uid) return (status.st_mode >> 6 & bits) == bits;
    if (status.st_gid == identity_.gid) return (status.st_mode >> 3 & bits) == bits;
    return (status.st_mode & bits) == bits;
  }

  void check_data_dir() {
    std::error_code error;
    const fs::path folder = config_.data_dir;
    if (!fs::exists(folder, error)) return check_new_data_dir(folder);
    if (!fs::is_directory(folder, error))
      return add(Level::error, "data-dir-no-folder", "data_dir",
                 fmt::format("{} is not a folder", config_.data_dir));
    if (!may(folder, W_OK | X_OK)) {
      return add(Level::error, "data-dir-read-only", "data_dir",
                 fmt::format("{} can't be written to by {}", config_.data_dir,
                             config_.user.empty() ? "this user" : "user " + config_.user));
    }
    check_room(folder);
  }

  // Root prepares the folder, and those above it, before it drops its privileges.
  void check_new_data_dir(const fs::path& folder) {
    const fs::path parent = nearest_existing(folder);
    if (const std::string why = why_no_folder_below(parent); !why.empty()) {
      return add(Level::error, "data-dir-missing", "data_dir",
                 fmt::format("{} does not exist, and can't be made: {}", config_.data_dir, why));
    }
    add(Level::notice, "data-dir-new", "data_dir",
        fmt::format("{} does not exist yet; `waybill serve` makes it", config_.data_dir));
    check_room(parent);
  }

  void check_room(const fs::path& folder) {
    struct statvfs space{};
    if (statvfs(folder.c_str(), &space) != 0) return;
    const uint64_t free_octets = uint64_t{space.f_bavail} * space.f_frsize;
    if (free_octets < config_.queue.reserve_octets) {
      add(Level::error, "disk-full", "queue.reserve",
          fmt::format("only {} MiB are free at {}: less than the reserve, so all mail would get 452",
                      free_octets >> 20, config_.data_dir));
    }
  }

  void check_control() {
    const fs::path socket = config_.control.socket;
    constexpr size_t kSocketPathMax = 107;  // sockaddr_un
    if (socket.string().size() > kSocketPathMax) {
      return add(Level::error, "socket-path-long", "control.socket",
                 fmt::format("a socket's path has {} octets at most", kSocketPathMax));
    }
    std::error_code error;
    if (socket.parent_path() != fs::path(config_.data_dir) &&
        !fs::is_directory(socket.parent_path(), error)) {
      add(Level::error, "socket-folder-missing", "control.socket",
          fmt::format("the folder {} does not exist", socket.parent_path().string()));
    }
    if (!config_.http.listen) return;
    check_local(config_.http.listen->ip, "http.listen");
    if (!config_.http.listen->ip.is_loopback()) {
      add(Level::warning, "http-open", "http.listen",
          fmt::format("{} is open to the network, and asks nobody for a password",
                      config_.http.listen->to_string()),
          "listen on 127.0.0.1, with a proxy that authenticates in front");
    }
  }

  // A bind to port 0 takes nothing from anybody, and the kernel knows best which addresses are ours.
  void check_local(const IpAddress& ip, const std::string& subject) {
    sockaddr_storage address{};
    socklen_t size = 0;
    if (ip.is_v4()) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
      v4->sin_family = AF_INET;
      std::memcpy(&v4->sin_addr, ip.octets().data(), 4);
      size = sizeof *v4;
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
      v6->sin6_family = AF_INET6;
      std::memcpy(&v6->sin6_addr, ip.octets().data(), 16);
      size = sizeof *v6;
    }
    const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
      return add(Level::warning, "no-address-family", subject,
                 fmt::format("this machine has no {}", ip.is_v4() ? "IPv4" : "IPv6"));
    const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0;
    const int why = errno;
    close(fd);
    if (!bound) {
      add(Level::error, "address-not-local", subject,
          why == EADDRNOTAVAIL ? fmt::format("{} is no address of this machine", ip.to_string())
                               : fmt::format("{}: {}", ip.to_string(), std::strerror(why)));
    }
  }

  void check_tls(const config::TlsFiles& files, const std::string& certificate, const std::string& key) {
    if (!files.present() || !certificates_seen_.emplace(files.certificate, files.key).second) return;
    for (const CertificateFault& fault :
         check_certificate(files.certificate, files.key, config_.hostname.text(), now_)) {
      add(fault.grave ? Level::error : Level::warning, fault.id, fault.about_key ? key : certificate,
          fault.message, fault.fix);
    }
  }

  void check_listeners() {
    check_tls(config_.tls, "tls.certificate", "tls.key");
    for (size_t i = 0; i < config_.listeners.size(); ++i) {
      const std::string path = fmt::format("listener[{}]", i);
      check_local(config_.listeners[i].address.ip, path + ".address");
      check_tls(config_.listeners[i].tls, path + ".tls_certificate", path + ".tls_key");
    }
  }

  void check_sources() {
    if (config_.deliver.source_ipv4) check_local(*config_.deliver.source_ipv4, "deliver.source_ipv4");
    if (config_.deliver.source_ipv6) check_local(*config_.deliver.source_ipv6, "deliver.source_ipv6");
  }

  void check_zones() {
    if (config_.dns.mode == config::DnsMode::recursive && !config_.dns.servers.empty()) {
      add(Level::notice, "dns-servers-unused", "dns.servers", "only mode = \"forward\" asks these servers");
    }
    std::set<std::string> seen;
    for (size_t i = 0; i < config_.dns.zones.size(); ++i) {
      const std::string& path = config_.dns.zones[i];
      const std::string subject = fmt::format("dns.zones[{}]", i);
      if (!seen.insert(path).second)
        add(Level::warning, "zone-twice", subject, fmt::format("{} stands in the list twice", path));
      const dns::ZoneFile zone = dns::read_zone_file(path);
      for (const dns::ZoneError& error : zone.errors) add_zone(Level::error, "zone-error", subject, error);
      for (const dns::ZoneError& notice : zone.notices)
        add_zone(Level::notice, "zone-notice", subject, notice);
    }
  }

  void add_zone(Level level, std::string_view id, const std::string& subject, const dns::ZoneError& error) {
    findings_.push_back({fmt::format("config.{}", id),
                         level,
                         subject,
                         error.what,
                         {},
                         error.file,
                         static_cast<uint32_t>(std::max(error.line, 0)),
                         static_cast<uint32_t>(std::max(error.column, 0))});
  }

  void check_domains() {
    for (const config::Domain& domain : config_.domains) {
      if (domain.mailboxes) check_mailboxes(domain);
      if (domain.role == config::DomainRole::backup && !domain.users && domain.users_file.empty())
        warn_of_backscatter(domain);
    }
    if (config_.domains.empty() && config_.relay.trusted_networks.empty()) {
      add(Level::warning, "no-mail", "relay.trusted_networks",
          "no domain and no trusted network: every message will be refused",
          "[domain.\"example.org\"], or a network in relay.trusted_networks");
    }
  }

  void warn_of_backscatter(const config::Domain& domain) {
    const std::string& name = domain.name.text();
    add(Level::warning, "backscatter", fmt::format("domain.\"{}\".users", name),
        fmt::format(
            "without a list of users, mail for names that {} does not have is accepted here and bounced "
            "once its better MX refuses it, often to somebody whose address spam has forged "
            "(backscatter)",
            name),
        "users = [\"…\"]: all that the better MX takes mail for");
  }

  void check_mailboxes(const config::Domain& domain) {
    const std::string subject = fmt::format("domain.\"{}\".mailboxes", domain.name.text());
    const config::Mailboxes& mailboxes = *domain.mailboxes;
    std::error_code error;
    if (mailboxes.kind == config::Mailboxes::Kind::lmtp_unix && !fs::is_socket(mailboxes.path, error)) {
      add(Level::warning, "lmtp-no-socket", subject,
          fmt::format("there is no socket {} at the moment", mailboxes.path));
    }
    if (mailboxes.kind != config::Mailboxes::Kind::maildir) return;
    if (!domain.users && domain.users_file.empty() && mailboxes.path.find("{user}") != std::string::npos) {
      add(Level::warning, "mailbox-for-anyone", fmt::format("domain.\"{}\".users", domain.name.text()),
          fmt::format("{}: every name that a stranger tries gets a mailbox of its own", domain.name.text()),
          "users = [\"…\"], or one mailbox without {user}");
    }
    // The folder above the first placeholder must be there; what is below is made on delivery.
    fs::path folder = mailboxes.path.substr(0, mailboxes.path.find('{'));
    if (!mailboxes.path.ends_with('/') && folder.has_filename()) folder = folder.parent_path();
    while (folder.has_parent_path() && folder != folder.parent_path() && !fs::exists(folder, error))
      folder = folder.parent_path();
    if (!may(folder, W_OK | X_OK)) {
      add(Level::error, "mailbox-read-only", subject,
          fmt::format("{} can't be written to by {}", folder.string(),
                      config_.user.empty() ? "this user" : "user " + config_.user));
    }
  }

  // As the user that reads them at a reload.
  void check_files_of_recipients() {
    for (RecipientFinding& finding :
         check_recipients(config_, file_, [this](const std::string& path) { return may(path, R_OK); })) {
      const config::Where at = finding.file.empty() ? position_of(finding.subject) : finding.where;
      findings_.push_back({fmt::format("config.{}", finding.id), finding.level, std::move(finding.subject),
                           std::move(finding.message), std::move(finding.fix),
                           finding.file.empty() ? file_ : std::move(finding.file), at.line, at.column});
    }
  }

  void check_networks() {
    const auto& networks = config_.relay.trusted_networks;
    for (size_t i = 0; i < networks.size(); ++i) {
      if (std::find(networks.begin(), networks.begin() + static_cast<long>(i), networks[i]) ==
          networks.begin() + static_cast<long>(i))
        continue;
      add(Level::warning, "network-twice", fmt::format("relay.trusted_networks[{}]", i),
          fmt::format("{} stands in the list twice", networks[i].to_string()));
    }
  }

  const config::Config& config_;
  std::string file_;
  Time now_;
  Identity identity_;
  std::set<std::pair<std::string, std::string>> certificates_seen_;
  std::vector<ConfigFinding> findings_;
};
}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::error:
      return "error";
    case Level::warning:
      return "warning";
    case Level::notice:
      return "notice";
  }
  return "error";
}

std::vector<ConfigFinding> check_machine(const config::Config& config, const std::string& file, Time now) {
  return Checker(config, file, now).run();
}

std::vector<ConfigFinding> as_findings(const config::Errors& errors) {
  std::vector<ConfigFinding> out;
  for (const config::Located& error : errors) {
    out.push_back(
        {"config.syntax", Level::error, "", error.message, "", error.file, error.line, error.column});
  }
  return out;
}

}  // namespace waybill::cli
