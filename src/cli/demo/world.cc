#include "cli/demo/world.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "control/client.h"
#include "net/listener.h"

namespace waybill::cli::demo {
namespace {
namespace fs = std::filesystem;

struct Plan {
  const char* name;
  const char* place;
  const char* ip;
  const char* domain;  ///< whose mailboxes it has
  const char* extra;   ///< further configuration
};

// One host a line. The backups know the domain they stand in for; nobody else relays for strangers.
constexpr Plan kHosts[] = {
    {"mail.sender.test", "the sender", "127.9.1.1", "sender.test", ""},
    {"mx1.town.test", "primary", "127.9.2.1", "town.test", ""},
    {"mx2.town.test", "primary", "127.9.2.2", "town.test", ""},
    {"backup1.safe.test", "backup", "127.9.5.1", "", "[domain.\"town.test\"]\nrole = \"backup\"\n"},
    {"backup2.safe.test", "backup", "127.9.5.2", "", "[domain.\"town.test\"]\nrole = \"backup\"\n"},
    {"plain.test", "address only", "127.9.3.1", "plain.test", ""},
    {"mail.hosting.test", "hosting", "127.9.4.1", "shop.town.test", ""},
};
constexpr const char* kNameServer = "127.9.0.53";

constexpr const char* kZone = R"($ORIGIN test.
$TTL 60
@               SOA  ns.test. hostmaster.test. 1 3600 600 86400 5
@               NS   ns.test.
ns              A    127.9.0.53

; A domain with two equal primaries, which share the load, and two equal backups.
town            MX   10 mx1.town
town            MX   10 mx2.town
town            MX   20 backup1.safe
town            MX   20 backup2.safe
mx1.town        A    127.9.2.1
mx2.town        A    127.9.2.2
backup1.safe    A    127.9.5.1
backup2.safe    A    127.9.5.2

; A subdomain whose mail is hosted elsewhere.
shop.town       MX   10 mail.hosting
mail.hosting    A    127.9.4.1

; A domain with no MX, only an address: the address is the implicit MX (RFC 5321 5.1).
plain           A    127.9.3.1

; A domain that says it takes no mail (RFC 7505).
silent          MX   0 .
silent          A    127.9.3.2

; The sender's own domain: bounces come home to it.
sender          MX   10 mail.sender
mail.sender     A    127.9.1.1
)";

bool port_is_free(const Endpoint& at) {
  net::Loop loop;
  return net::Listener::open(loop, at).has_value();
}

IpAddress ip(const char* text) { return IpAddress::parse(text).value_or(IpAddress{}); }

Result<uint16_t> find_port() {
  for (uint16_t port = 2525; port < 2625; ++port) {
    bool free = port_is_free({ip(kNameServer), port});
    for (const Plan& host : kHosts) free = free && port_is_free({ip(host.ip), port});
    if (free) return port;
  }
  return fail(Errc::busy,
              "no port between 2525 and 2624 is free on the loopback addresses that the demo needs");
}

std::string config_text(const Plan& host, const std::string& folder, const Endpoint& dns, uint16_t port) {
  std::string out = fmt::format(
      R"(# {} ({}), one host of waybill's demo
hostname = "{}"
data_dir = "{}/data"
threads = 1
shutdown_grace = "3s"

[log]
level = "info"

[dns]
mode = "forward"
servers = ["{}"]
dnssec = false            # the demo's zone is not signed

[[listener]]
address = "{}:{}"
role = "mx"

[relay]
trusted_networks = [{}]

[deliver]
port = {}
source_ipv4 = "{}"

[queue]                   # a real server waits 30 minutes before the first retry; nobody watches a demo that long
retry_first = "2s"
retry_max = "4s"

[control]
socket = "{}/control.sock"
)",
      host.name, host.place, host.name, folder, dns.to_string(), host.ip, port,
      std::string_view(host.place) == "the sender" ? "\"127.9.1.0/24\"" : "", port, host.ip, folder);
  if (*host.domain != '\0') {
    out += fmt::format(
        "\n[domain.\"{}\"]\nrole = \"primary\"\nmailboxes = \"maildir:{}/mail/{{domain}}/{{user}}\"\nusers = "
        "[\"ann\", \"bob\", \"postmaster\"]\n",
        host.domain, folder);
  }
  if (*host.extra != '\0') out += fmt::format("\n{}", host.extra);
  return out;
}

Status write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) return fail(Errc::io, "cannot write {}", path);
  return {};
}

// A query for the zone's SOA over UDP: the server is up once it answers anything.
bool dns_answers(const Endpoint& at) {
  static constexpr unsigned char kQuery[] = {0x12, 0x34, 0x01, 0x00, 0,   1,   0, 0, 0, 0, 0,
                                             0,    4,    't',  'e',  's', 't', 0, 0, 6, 0, 1};
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const timeval patience{0, 200'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(at.port);
  std::memcpy(&to.sin_addr, at.ip.octets().data(), 4);
  char reply[512];
  const bool answered = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
                        ::send(fd, kQuery, sizeof kQuery, 0) == static_cast<ssize_t>(sizeof kQuery) &&
                        ::recv(fd, reply, sizeof reply, 0) > 12;
  ::close(fd);
  return answered;
}

template <class Ready>
Status wait_for(const std::string& what, const std::string& log_file, Process& process, Millis patience,
                Ready ready) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (ready()) return {};
    if (!process.running()) return fail(Errc::closed, "{} ended at once; its log is {}", what, log_file);
    std::this_thread::sleep_for(Millis{20});
  }
  return fail(Errc::timeout, "{} is not up after {}; its log is {}", what, format_duration(patience),
              log_file);
}
}  // namespace

Result<World> World::create() {
  char folder[] = "/tmp/waybill-demo-XXXXXX";
  if (::mkdtemp(folder) == nullptr) return pass(errno_error("cannot make a folder in /tmp"));
  World world;
  world.folder_ = folder;
  auto port = find_port();
  if (!port) return pass(port.error());
  world.port_ = *port;
  world.dns_ = {ip(kNameServer), *port};
  if (Status written = world.write_files(); !written) return pass(written.error());
  return world;
}

World::World(World&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      zone_file_(std::move(other.zone_file_)),
      dns_(other.dns_),
      port_(other.port_),
      hosts_(std::move(other.hosts_)),
      name_server_(std::move(other.name_server_)),
      kept_(other.kept_) {}

World::~World() {
  if (folder_.empty()) return;
  for (auto& [name, host] : hosts_) host.process.kill();
  name_server_.kill();
  if (kept_) return;
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

Status World::write_files() {
  zone_file_ = folder_ + "/test.zone";
  if (Status zone = write_file(zone_file_, kZone); !zone) return zone;
  for (const Plan& plan : kHosts) {
    Host host;
    host.name = plan.name;
    host.place = plan.place;
    host.ip = ip(plan.ip);
    host.domain = plan.domain;
    host.folder = folder_ + "/" + plan.name;
    host.config = host.folder + "/waybill.toml";
    std::error_code error;
    fs::create_directories(host.folder, error);
    if (Status written = write_file(host.config, config_text(plan, host.folder, dns_, port_)); !written)
      return written;
    hosts_.emplace(plan.name, std::move(host));
  }
  return {};
}

Status World::start_dns(Millis patience) {
  const std::string log = folder_ + "/dns.log";
  auto process = Process::start({"dns", "--zone", zone_file_, "--listen", dns_.to_string()}, log);
  if (!process) return pass(process.error());
  name_server_ = std::move(*process);
  return wait_for("the name server", log, name_server_, patience, [this] { return dns_answers(dns_); });
}

Status World::start(const std::string& name, Millis patience) {
  Host& host = hosts_.at(name);
  auto process = Process::start({"serve", "--config", host.config}, host.log_file());
  if (!process) return pass(process.error());
  host.process = std::move(*process);
  const control::Client client(host.control_socket(), Millis{1000});
  return wait_for(host.name, host.log_file(), host.process, patience, [&client] {
    const auto status = client.status();
    return status && status->phase == "running";
  });
}

Status World::start_all(Millis patience) {
  if (Status up = start_dns(patience); !up) return up;
  for (auto& [name, host] : hosts_) {
    if (Status up = start(name, patience); !up) return up;
  }
  return {};
}

size_t World::mailbox_count(const std::string& name) const {
  const Host& host = hosts_.at(name);
  size_t count = 0;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(host.folder + "/mail", error);
       at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (error) break;
    if (at->is_regular_file(error) && at->path().parent_path().filename() == "new") ++count;
  }
  return count;
}

}  // namespace waybill::cli::demo
