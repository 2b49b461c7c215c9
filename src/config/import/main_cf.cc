#include "config/import/main_cf.h"

#include <charconv>

#include "base/bytes.h"

namespace waybill::config::moving {
namespace {
constexpr size_t kExpandedMax = 1 * kMiB;
constexpr size_t kNestedMax = 50;
constexpr size_t kStepsMax = 100'000;

/// What postconf(5) says of parameters that decide something here.
const std::map<std::string, std::string, std::less<>>& defaults_of_postfix() {
  static const std::map<std::string, std::string, std::less<>> values{
      {"myorigin", "$myhostname"},
      {"mydestination", "$myhostname, localhost.$mydomain, localhost"},
      {"inet_interfaces", "all"},
      {"inet_protocols", "all"},
      {"alias_maps", "hash:/etc/aliases"},
      {"virtual_alias_domains", "$virtual_alias_maps"},
      {"virtual_mailbox_domains", "$virtual_mailbox_maps"},
      {"virtual_transport", "virtual"},
      {"local_transport", "local:$myhostname"},
      {"relay_transport", "relay"},
      {"default_transport", "smtp"},
      {"queue_directory", "/var/spool/postfix"},
      {"config_directory", "/etc/postfix"},
      {"mail_spool_directory", "/var/mail"},
      {"local_recipient_maps", "proxy:unix:passwd.byname $alias_maps"},
      {"smtpd_relay_restrictions", "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination"},
      {"smtpd_tls_key_file", "$smtpd_tls_cert_file"},
      {"mynetworks_style", "host"},
      {"mail_name", "Postfix"},
      {"multi_instance_name", ""},
  };
  return values;
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
}  // namespace

MainCf::MainCf(std::string_view text, std::string file, const std::string& machine_name)
    : file_(std::move(file)), machine_name_(machine_name) {
  for (Line& line : logical_lines(text)) {
    const size_t equals = line.text.find('=');
    const std::string name(trim(std::string_view(line.text).substr(0, equals)));
    if (equals == std::string::npos || name.empty() || name.find_first_of(" \t") != std::string::npos) {
      odd_.push_back(std::move(line));
      continue;
    }
    set_.insert_or_assign(
        name, Pair{line.number, name, std::string(trim(std::string_view(line.text).substr(equals + 1)))});
  }
}

Origin MainCf::origin(const std::string& name) const {
  const auto at = set_.find(name);
  if (at != set_.end()) return {file_, at->second.line, fmt::format("{} = {}", name, at->second.value)};
  const auto given = defaults_of_postfix().find(name);
  if (given == defaults_of_postfix().end()) return {file_, 0, name + " is not set"};
  return {file_, 0, fmt::format("{} is not set, Postfix means {}", name, given->second)};
}

Status MainCf::expand_name(const std::string& name, Expansion& expansion) const {
  // A name that stands for nothing twice, and so on, would take for ever without a word.
  if (++expansion.steps > kStepsMax) return fail(Errc::invalid, "it expands without end");
  if (expansion.open.size() >= kNestedMax || !expansion.open.insert(name).second)
    return fail(Errc::invalid, "${} refers to itself", name);
  Status done;
  if (const auto at = set_.find(name); at != set_.end()) {
    done = expand_into(at->second.value, expansion);
  } else if (name == "myhostname") {
    expansion.out += machine_name_;
  } else if (name == "mydomain") {
    Expansion host{expansion.open, "", expansion.steps};
    done = expand_name("myhostname", host);
    expansion.steps = host.steps;
    // postconf(5): its first label is left out.
    const size_t dot = host.out.find('.');
    if (dot == std::string::npos) {
      expansion.out += "localdomain";
    } else {
      expansion.out += host.out.find('.', dot + 1) == std::string::npos ? host.out : host.out.substr(dot + 1);
    }
  } else if (const auto given = defaults_of_postfix().find(name); given != defaults_of_postfix().end()) {
    done = expand_into(given->second, expansion);
  }
  expansion.open.erase(name);
  return done;
}

Status MainCf::expand_into(std::string_view text, Expansion& expansion) const {
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    expansion.out += text.substr(0, dollar);
    if (expansion.out.size() > kExpandedMax)
      return fail(Errc::invalid, "it expands to more than {} octets", kExpandedMax);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {  // "$$" is one
      expansion.out += '$';
      text.remove_prefix(1);
      continue;
    }
    const char bracket = text.starts_with('{') ? '}' : text.starts_with('(') ? ')' : '\0';
    if (bracket != '\0') text.remove_prefix(1);
    size_t end = 0;
    while (end < text.size() && is_name(text[end])) ++end;
    const std::string name(text.substr(0, end));
    text.remove_prefix(end);
    if (bracket != '\0') {
      if (!text.starts_with(bracket))
        return fail(Errc::unsupported, "${{{}…}}: a condition, or a bracket that does not close", name);
      text.remove_prefix(1);
    }
    if (name.empty()) return fail(Errc::invalid, "a '$' without a name");
    if (Status inner = expand_name(name, expansion); !inner) return inner;
  }
  return {};
}

Result<std::string> MainCf::expand(std::string_view text) const {
  Expansion expansion;
  if (Status done = expand_into(text, expansion); !done) return pass(done.error());
  return std::move(expansion.out);
}

Result<std::string> MainCf::value(const std::string& name) const {
  Expansion expansion;
  if (Status done = expand_name(name, expansion); !done) return pass(done.error());
  return std::move(expansion.out);
}

std::optional<Millis> postfix_time(std::string_view text, char default_unit) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || number > 1'000'000'000) return std::nullopt;
  const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  if (rest.size() > 1) return std::nullopt;
  switch (rest.empty() ? default_unit : rest.front()) {
    case 's':
      return Seconds{number};
    case 'm':
      return std::chrono::minutes{number};
    case 'h':
      return std::chrono::hours{number};
    case 'd':
      return std::chrono::days{number};
    case 'w':
      return std::chrono::weeks{number};
    default:
      return std::nullopt;
  }
}

}  // namespace waybill::config::moving
