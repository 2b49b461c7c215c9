// postfix_settings.cc: names, limits, times, certificates.
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {

struct TimeOf {
  std::string_view parameter, section, key;
  char unit;
};
constexpr std::array<TimeOf, 6> kTimes{{
    {"minimal_backoff_time", "queue", "retry_first", 's'},
    {"maximal_backoff_time", "queue", "retry_max", 's'},
    {"maximal_queue_lifetime", "queue", "expire_after", 'd'},
    {"bounce_queue_lifetime", "queue", "expire_bounces_after", 'd'},
    {"delay_warning_time", "queue", "delay_notice_after", 'h'},
    {"smtp_connect_timeout", "deliver", "connect_timeout", 's'},
}};

// "5d" as parse_duration() reads it; format_duration() is for people.
std::string duration_literal(Millis time) {
  const auto seconds = std::chrono::duration_cast<Seconds>(time).count();
  if (seconds > 0 && seconds % 86'400 == 0) return fmt::format("\"{}d\"", seconds / 86'400);
  if (seconds > 0 && seconds % 3600 == 0) return fmt::format("\"{}h\"", seconds / 3600);
  if (seconds > 0 && seconds % 60 == 0) return fmt::format("\"{}m\"", seconds / 60);
  return fmt::format("\"{}s\"", seconds);
}

void carry_time(PostfixImport& import, const TimeOf& what) {
  const std::string name(what.parameter);
  if (!import.main.is_set(name)) return;
  const std::string text = import.value(name, Weight::other);
  const auto time = postfix_time(trim(text), what.unit);
  if (!time) return import.draft.leave(import.origin(name), "not a time such as 5d or 300s");
  import.draft.set(std::string(what.section), std::string(what.key), duration_literal(*time),
                   import.origin(name));
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

void carry_hostname(PostfixImport& import) {
  if (!import.main.is_set("myhostname")) return;
  const std::string name = import.value("myhostname");
  const auto domain = mail::Domain::parse(name);
  if (!domain || domain->is_literal())
    return import.draft.leave(import.origin("myhostname"), "not a host name", Weight::decides);
  import.draft.set("", "hostname", in_quotes(domain->text()), import.origin("myhostname"));
}

void carry_size(PostfixImport& import) {
  if (!import.main.is_set("message_size_limit")) return;
  const auto octets = number(trim(import.value("message_size_limit", Weight::other)));
  const Origin origin = import.origin("message_size_limit");
  if (!octets) return import.draft.leave(origin, "not a number");
  if (*octets == 0) return import.draft.leave(origin, "there is always a limit here: limits.message_size");
  import.draft.set("limits", "message_size", fmt::format("{}", *octets), origin);
}

void carry_certificate(PostfixImport& import) {
  const std::string chain = import.value("smtpd_tls_chain_files", Weight::other);
  const auto files = list_items(chain);
  if (files.size() == 1) {
    // postconf(5): the key first, then its certificate and the chain, in one file.
    const Origin origin = import.origin("smtpd_tls_chain_files");
    import.draft.set("tls", "certificate", in_quotes(files[0]), origin);
    import.draft.set("tls", "key", in_quotes(files[0]), origin);
    return;
  }
  if (files.size() > 1)
    import.draft.leave(import.origin("smtpd_tls_chain_files"),
                       "one certificate only: [tls] certificate and key");
  const std::string certificate(trim(import.value("smtpd_tls_cert_file", Weight::other)));
  const std::string key(trim(import.value("smtpd_tls_key_file", Weight::other)));
  if (certificate.empty() || certificate == "none" || !files.empty()) return;
  if (!certificate.starts_with('/') || !key.starts_with('/'))
    return import.draft.leave(import.origin("smtpd_tls_cert_file"), "not the full path of a file");
  import.draft.set("tls", "certificate", in_quotes(certificate), import.origin("smtpd_tls_cert_file"));
  import.draft.set("tls", "key", in_quotes(key), import.origin("smtpd_tls_key_file"));
}

void carry_source(PostfixImport& import, const char* parameter, const char* key) {
  if (!import.main.is_set(parameter)) return;
  const std::string text(trim(import.value(parameter, Weight::other)));
  if (text.empty()) return;
  const auto ip = IpAddress::parse(text);
  if (!ip) return import.draft.leave(import.origin(parameter), "not an address");
  import.draft.set("deliver", key, in_quotes(ip->to_string()), import.origin(parameter));
}
}  // namespace

void carry_settings(PostfixImport& import) {
  carry_hostname(import);
  const auto proxies = list_items(import.value("proxy_interfaces"));
  std::string own;
  for (const std::string& one : proxies) {
    if (const auto ip = IpAddress::parse(one)) {
      own += fmt::format("{}{}", own.empty() ? "" : ", ", in_quotes(ip->to_string()));
    } else {
      import.draft.leave(import.origin("proxy_interfaces"), one + " is not an address", Weight::decides);
    }
  }
  if (!own.empty())
    import.draft.set("", "self_addresses", "[" + own + "]", import.origin("proxy_interfaces"));
  carry_size(import);
  for (const TimeOf& what : kTimes) carry_time(import, what);
  carry_certificate(import);
  carry_source(import, "smtp_bind_address", "source_ipv4");
  carry_source(import, "smtp_bind_address6", "source_ipv6");
  if (import.value("smtp_tls_security_level", Weight::other) == "none")
    import.draft.set("deliver", "tls", "\"off\"", import.origin("smtp_tls_security_level"));
}

}  // namespace waybill::config::moving
