// postfix_listeners.cc: master.cf's smtpd services on inet_interfaces (master(5)).
#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {

struct Service {
  std::string host;  ///< empty: inet_interfaces
  std::string port;
  std::map<std::string, std::string> options;  ///< of -o
  Origin origin;
};

// "submission", "[::1]:25", "127.0.0.1:10025"
Service service_of(const std::string& name) {
  Service out;
  const size_t colon = name.rfind(':');
  const bool bare_v6 = colon != std::string::npos && name.ends_with(']');
  if (colon == std::string::npos || bare_v6) {
    out.port = name;
  } else {
    out.host = name.substr(0, colon);
    out.port = name.substr(colon + 1);
  }
  std::erase_if(out.host, [](char c) { return c == '[' || c == ']'; });
  if (out.port == "smtp") out.port = "25";
  if (out.port == "submission") out.port = "587";
  if (out.port == "smtps" || out.port == "submissions" || out.port == "urd") out.port = "465";
  return out;
}

void read_options(const std::vector<std::string>& words, size_t from, Service& out) {
  for (size_t i = from; i < words.size(); ++i) {
    std::string option;
    if (words[i] == "-o" && i + 1 < words.size()) {
      option = words[++i];
    } else if (words[i].starts_with("-o")) {
      option = words[i].substr(2);
    }
    if (option.starts_with('{') && option.ends_with('}')) option = option.substr(1, option.size() - 2);
    const size_t equals = option.find('=');
    if (equals != std::string::npos)
      out.options[std::string(trim(std::string_view(option).substr(0, equals)))] =
          std::string(trim(std::string_view(option).substr(equals + 1)));
  }
}

std::vector<Service> services_of(PostfixImport& import, const Found& master) {
  std::vector<Service> out;
  for (const Line& line : logical_lines(master.text)) {
    const std::vector<std::string> words = list_items(line.text);
    // service type private unprivileged chroot wakeup maxproc command
    if (words.size() < 8 || words[1] != "inet") continue;
    Service service = service_of(words[0]);
    service.origin = {master.file, line.number, line.text};
    if (words[7] != "smtpd" && words[7] != "postscreen") {
      import.draft.leave(service.origin, words[7] + " is not SMTP");
      continue;
    }
    read_options(words, 8, service);
    out.push_back(std::move(service));
  }
  return out;
}

std::vector<std::string> addresses_of(PostfixImport& import) {
  const std::string protocols = import.value("inet_protocols", Weight::other);
  const bool v4 = protocols.find("ipv6") == std::string::npos ||
                  protocols.find("ipv4") != std::string::npos || protocols.find("all") != std::string::npos;
  const bool v6 = protocols.find("ipv6") != std::string::npos || protocols.find("all") != std::string::npos;
  const Origin origin = import.origin("inet_interfaces");
  std::vector<std::string> out;
  for (const std::string& item : list_items(import.value("inet_interfaces"))) {
    if (item == "all") {
      if (v4) out.emplace_back("0.0.0.0");
      if (v6) out.emplace_back("::");
    } else if (item == "loopback-only" || item == "localhost") {
      if (v4) out.emplace_back("127.0.0.1");
      if (v6) out.emplace_back("::1");
    } else if (const auto ip =
                   IpAddress::parse(item.starts_with('[') ? item.substr(1, item.size() - 2) : item)) {
      out.push_back(ip->to_string());
    } else {
      import.draft.leave(origin, item + " is a name: give its addresses as [[listener]]", Weight::decides);
    }
  }
  return out;
}

std::string role_of(const Service& service) {
  const auto option = [&](const char* name) {
    const auto at = service.options.find(name);
    return at == service.options.end() ? std::string() : at->second;
  };
  if (option("smtpd_tls_wrappermode") == "yes" || service.port == "465") return "submissions";
  return service.port == "587" ? "submission" : "mx";
}

void add_listener(PostfixImport& import, const Service& service, const std::vector<std::string>& interfaces,
                  bool has_certificate) {
  Draft& draft = import.draft;
  if (!std::ranges::all_of(service.port, [](char c) { return c >= '0' && c <= '9'; }) || service.port.empty())
    return draft.leave(service.origin, "its port is not a number that is known here", Weight::decides);
  const std::string role = role_of(service);
  if (role == "submissions" && !has_certificate)
    return draft.leave(service.origin, "TLS from the first octet needs a certificate: [tls]",
                       Weight::decides);
  std::vector<std::string> hosts = interfaces;
  if (!service.host.empty()) hosts = {service.host == "localhost" ? "127.0.0.1" : service.host};
  for (const std::string& host : hosts) {
    const auto ip = IpAddress::parse(host);
    if (!ip) {
      draft.leave(service.origin, host + " is a name: give its address as [[listener]]", Weight::decides);
      continue;
    }
    const std::string address = ip->is_v4() ? host + ":" + service.port : "[" + host + "]:" + service.port;
    const auto same = [&](const Draft::DraftListener& l) { return l.address == address; };
    if (std::ranges::none_of(draft.listeners, same))
      draft.listeners.push_back({address, role, service.origin});
  }
  for (const auto& [name, value] : service.options) {
    if (name == "smtpd_sasl_auth_enable" && value == "yes") {
      draft.leave(service.origin,
                  "-o smtpd_sasl_auth_enable=yes: users can't authenticate to waybill, only "
                  "relay.trusted_networks may send anywhere",
                  Weight::decides);
    } else if (name != "smtpd_tls_wrappermode" && name != "syslog_name" && name != "smtpd_sasl_auth_enable" &&
               name != "smtpd_tls_security_level") {
      draft.leave(service.origin, fmt::format("-o {}={} is not carried", name, value));
    }
  }
}
}  // namespace

void carry_listeners(PostfixImport& import) {
  const std::vector<std::string> interfaces = addresses_of(import);
  const bool has_certificate = import.main.is_set("smtpd_tls_cert_file") ||
                               list_items(import.main.text("smtpd_tls_chain_files")).size() == 1;
  const auto master = import.places.find("master.cf");
  std::vector<Service> services;
  if (master) {
    services = services_of(import, *master);
  } else {
    services.push_back({"", "25", {}, import.origin("inet_interfaces")});
  }
  for (const Service& service : services) add_listener(import, service, interfaces, has_certificate);
  if (!import.draft.listeners.empty()) return;
  // Postfix that only sends still takes what its own programs hand in; nobody else may come in.
  import.draft.listeners.push_back(
      {"127.0.0.1:25",
       "mx",
       {master ? master->file : import.places.folder(), 0, "no SMTP service: loopback only"}});
}

}  // namespace waybill::config::moving
