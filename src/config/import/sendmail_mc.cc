// sendmail_mc.cc: the macro calls of sendmail.mc (m4, of which only calls with quoted arguments are read).
#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "config/import/postfix.h"
#include "config/import/sendmail.h"

namespace waybill::config::moving {
namespace {
constexpr size_t kCallsMax = 10'000;
constexpr size_t kArgumentsMax = 20;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// `text' with what m4 quotes around it, and white space, taken off.
std::string unquoted(std::string_view text) {
  text = trim(text);
  while (text.size() >= 2 && text.front() == '`' && text.back() == '\'')
    text = trim(text.substr(1, text.size() - 2));
  return std::string(text);
}

/// Arguments from behind the opening parenthesis on; returns where the call ends, npos if it never does.
size_t read_arguments(std::string_view text, size_t from, std::vector<std::string>& out) {
  size_t depth = 0, quotes = 0, start = from;
  for (size_t at = from; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '`') ++quotes;
    if (c == '\'' && quotes > 0) --quotes;
    if (quotes > 0) continue;
    if (c == '(') ++depth;
    const bool ends = c == ')' && depth == 0;
    if (c == ')' && depth > 0) --depth;
    if ((c == ',' && depth == 0) || ends) {
      if (out.size() < kArgumentsMax) out.push_back(unquoted(text.substr(start, at - start)));
      start = at + 1;
    }
    if (ends) return at + 1;
  }
  return std::string_view::npos;
}

struct Define {
  std::string_view name, section, key;
  enum class As : uint8_t { size, time, path } as;
};
constexpr std::array<Define, 5> kDefines{{
    {"confMAX_MESSAGE_SIZE", "limits", "message_size", Define::As::size},
    {"confTO_QUEUERETURN", "queue", "expire_after", Define::As::time},
    {"confTO_QUEUEWARN", "queue", "delay_notice_after", Define::As::time},
    {"confSERVER_CERT", "tls", "certificate", Define::As::path},
    {"confSERVER_KEY", "tls", "key", Define::As::path},
}};

/// They mean nothing here, or the same as what waybill does anyway.
constexpr std::array<std::string_view, 31> kNothing{"include",
                                                    "divert",
                                                    "VERSIONID",
                                                    "OSTYPE",
                                                    "MAILER",
                                                    "DOMAIN",
                                                    "EXPOSED_USER",
                                                    "CLIENT_OPTIONS",
                                                    "use_cw_file",
                                                    "use_ct_file",
                                                    "mailertable",
                                                    "virtusertable",
                                                    "access_db",
                                                    "blacklist_recipients",
                                                    "redirect",
                                                    "always_add_domain",
                                                    "nouucp",
                                                    "local_procmail",
                                                    "smrsh",
                                                    "no_default_msa",
                                                    "delay_checks",
                                                    "confPRIVACY_FLAGS",
                                                    "ALIAS_FILE",
                                                    "confCW_FILE",
                                                    "confCACERT_PATH",
                                                    "confCACERT",
                                                    "confCLIENT_CERT",
                                                    "confCLIENT_KEY",
                                                    "confDEF_USER_ID",
                                                    "confAUTO_REBUILD",
                                                    "PROCMAIL_MAILER_PATH"};

void carry_smart_host(SendmailImport& import, const McCall& call, const Origin& origin) {
  std::string host = call.arguments[1];
  if (host.empty()) return;
  for (const char* mailer : {"esmtp:", "smtp:", "relay:", "dsmtp:", "smtp8:"})
    if (to_lower(host).starts_with(mailer)) host.erase(0, std::string_view(mailer).size());
  const auto via = via_of(host);
  if (!via) return import.draft.leave(origin, via.error().what, Weight::decides);
  import.draft.route("*", origin).via = in_quotes(*via);
}

void carry_define(SendmailImport& import, const McCall& call, const Origin& origin) {
  if (call.arguments.size() < 2) return;
  const std::string& name = call.arguments[0];
  const std::string& value = call.arguments[1];
  if (name == "SMART_HOST") return carry_smart_host(import, call, origin);
  if (name == "confDOMAIN_NAME") {
    const auto domain = mail::Domain::parse(value);
    if (!domain || domain->is_literal())
      return import.draft.leave(origin, "not a host name", Weight::decides);
    return import.draft.set("", "hostname", in_quotes(domain->text()), origin);
  }
  const auto known = std::ranges::find(kDefines, name, &Define::name);
  if (known == kDefines.end()) {
    if (std::ranges::find(kNothing, name) != kNothing.end()) return;
    const bool decides = name == "LUSER_RELAY" || name == "MAIL_HUB" || name == "LOCAL_RELAY" ||
                         name == "BITNET_RELAY" || name == "UUCP_RELAY";
    return import.draft.leave(
        origin, name == "LUSER_RELAY" ? "write it as catch_all of the domain" : "waybill has no such setting",
        decides ? Weight::decides : Weight::other);
  }
  std::string literal;
  if (known->as == Define::As::path) {
    literal = in_quotes(value);
  } else if (known->as == Define::As::time) {
    const auto time = parse_duration(value);
    if (!time) return import.draft.leave(origin, "not a time such as 5d");
    literal = in_quotes(value);
  } else {
    uint64_t octets = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), octets);
    if (error != std::errc{} || end != value.data() + value.size() || octets == 0)
      return import.draft.leave(origin, "not a number of octets");
    literal = fmt::format("{}", octets);
  }
  import.draft.set(std::string(known->section), std::string(known->key), literal, origin);
}

void carry_feature(SendmailImport& import, const McCall& call, const Origin& origin) {
  if (call.arguments.empty()) return;
  const std::string& name = call.arguments[0];
  if (std::ranges::find(kNothing, name) != kNothing.end()) return;
  const bool relaying =
      name.starts_with("relay_") || name == "promiscuous_relay" || name == "loose_relay_check";
  const bool routing = name == "nullclient" || name == "genericstable" || name == "masquerade_envelope" ||
                       name == "ldap_routing" || name == "domaintable" || name == "virtuser_entire_domain";
  import.draft.leave(origin,
                     relaying ? "clients are trusted by address only: relay.trusted_networks"
                              : "waybill has no such feature",
                     relaying || routing ? Weight::decides : Weight::other);
  if (name != "nullclient" || call.arguments.size() < 2) return;
  if (const auto via = via_of(call.arguments[1])) import.draft.route("*", origin).via = in_quotes(*via);
}

// DAEMON_OPTIONS(`Port=smtp,Addr=127.0.0.1, Name=MTA, M=E')
void carry_daemon(SendmailImport& import, const McCall& call, const Origin& origin) {
  std::string text;
  for (const std::string& argument : call.arguments) text += argument + ",";
  std::string port = "25", address, modifiers;
  bool v6 = false;
  for (const std::string& item : list_items(text)) {
    const size_t equals = item.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = to_lower(item.substr(0, equals)), value = item.substr(equals + 1);
    if (key.starts_with("p")) port = value;
    if (key.starts_with("a")) address = value;
    if (key.starts_with("m")) modifiers = value;
    if (key.starts_with("fam")) v6 = to_lower(value) == "inet6";
  }
  if (port == "smtp") port = "25";
  if (port == "submission") port = "587";
  if (port == "smtps" || port == "465" || modifiers.find('s') != std::string::npos)
    return import.draft.leave(origin, "TLS from the first octet: write a [[listener]] of role submissions",
                              Weight::decides);
  if (address.empty()) address = v6 ? "::" : "0.0.0.0";
  const auto ip = IpAddress::parse(address);
  if (!ip) return import.draft.leave(origin, "not an address: write a [[listener]]", Weight::decides);
  if (modifiers.find('a') != std::string::npos)
    import.draft.leave(origin,
                       "users can't authenticate to waybill: only relay.trusted_networks may send anywhere",
                       Weight::decides);
  import.draft.listeners.push_back({fmt::format("{}:{}", ip->is_v4() ? address : "[" + address + "]", port),
                                    port == "587" ? "submission" : "mx", origin});
}
}  // namespace

std::vector<McCall> mc_calls(std::string_view text) {
  std::vector<McCall> out;
  uint32_t line = 1;
  size_t at = 0;
  while (at < text.size() && out.size() < kCallsMax) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (c == '#' || !is_word(c)) {
      at = c == '#' ? std::min(text.find('\n', at), text.size()) : at + 1;
      continue;
    }
    size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    if (word == "dnl") {  // m4: the rest of the line is a comment
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    at = end;
    if (end >= text.size() || text[end] != '(') continue;
    McCall call{line, std::string(word), {}, {}};
    const size_t behind = read_arguments(text, end + 1, call.arguments);
    if (behind == std::string_view::npos) break;  // a call that never ends
    call.text = std::string(text.substr(end - word.size(), behind - end + word.size()));
    line += static_cast<uint32_t>(std::ranges::count(call.text, '\n'));
    at = behind;
    out.push_back(std::move(call));
  }
  return out;
}

void carry_mc(SendmailImport& import, const Found& file) {
  for (const McCall& call : mc_calls(file.text)) {
    const Origin origin{file.file, call.line, call.text};
    if (call.name == "define") {
      carry_define(import, call, origin);
    } else if (call.name == "FEATURE") {
      carry_feature(import, call, origin);
    } else if (call.name == "DAEMON_OPTIONS") {
      carry_daemon(import, call, origin);
    } else if (call.name == "LOCAL_DOMAIN" && !call.arguments.empty()) {
      for (const std::string& name : list_items(call.arguments[0])) add_local_domain(import, name, origin);
    } else if (call.name == "RELAY_DOMAIN" && !call.arguments.empty()) {
      carry_relay_hosts(import, {file.file, call.arguments[0]});
    } else if (std::ranges::find(kNothing, call.name) == kNothing.end()) {
      const bool rewrites = call.name.starts_with("MASQUERADE") || call.name.starts_with("GENERICS");
      import.draft.leave(origin, rewrites ? "addresses are not rewritten" : "waybill has no such setting",
                         rewrites ? Weight::decides : Weight::other);
    }
  }
}

}  // namespace waybill::config::moving
