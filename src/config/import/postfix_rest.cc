// postfix_rest.cc: every parameter that main.cf sets and that nothing has carried: with the reason, or
// without a word where it means nothing here.
#include <algorithm>
#include <array>

#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {

struct Reason {
  std::string_view parameter;
  std::string_view why;
};

/// They decide where mail goes, or who may send.
constexpr std::array<Reason, 27> kDeciding{{
    {"content_filter", "mail does not pass through another program here"},
    {"always_bcc", "no copies are sent"},
    {"sender_bcc_maps", "no copies are sent"},
    {"recipient_bcc_maps", "no copies are sent"},
    {"canonical_maps", "addresses are not rewritten"},
    {"sender_canonical_maps", "addresses are not rewritten"},
    {"recipient_canonical_maps", "addresses are not rewritten"},
    {"smtp_generic_maps", "addresses are not rewritten"},
    {"masquerade_domains", "addresses are not rewritten"},
    {"relocated_maps", "refuse the name by leaving it out of users"},
    {"luser_relay", "write it as catch_all of the domain"},
    {"fallback_transport", "one place for a domain's mailboxes"},
    {"fallback_transport_maps", "one place for a domain's mailboxes"},
    {"mailbox_transport_maps", "one place for a domain's mailboxes"},
    {"mailbox_command_maps", "waybill runs no commands"},
    {"forward_path", "users' .forward files are not read"},
    {"default_transport", "write it as [route.\"*\"]"},
    {"relay_transport", "write it as a [route] of each domain"},
    {"smtp_fallback_relay", "write it as a second host in via of [route.\"*\"]"},
    {"fallback_relay", "write it as a second host in via of [route.\"*\"]"},
    {"sender_dependent_relayhost_maps", "write it as a [[route]] with senders"},
    {"sender_dependent_default_transport_maps", "write it as a [[route]] with senders"},
    {"permit_mx_backup_networks", "name each domain as [domain] with role = \"backup\""},
    {"smtpd_sasl_auth_enable",
     "users can't authenticate to waybill: only relay.trusted_networks may send anywhere"},
    {"virtual_maps", "written as virtual_alias_maps"},
    {"mailbox_transport", "see mailboxes of each domain"},
    {"disable_dns_lookups", "hosts are found by the DNS"},
}};

/// They mean nothing here, or the same as what waybill does anyway.
constexpr std::array<std::string_view, 52> kNothing{{
    "compatibility_level",
    "queue_directory",
    "command_directory",
    "daemon_directory",
    "data_directory",
    "mail_owner",
    "setgid_group",
    "sendmail_path",
    "newaliases_path",
    "mailq_path",
    "manpage_directory",
    "sample_directory",
    "readme_directory",
    "html_directory",
    "meta_directory",
    "shlib_directory",
    "debug_peer_level",
    "debugger_command",
    "unknown_local_recipient_reject_code",
    "biff",
    "append_dot_mydomain",
    "smtpd_banner",
    "alias_database",
    "mydomain",
    "maillog_file",
    "smtpd_use_tls",
    "smtp_use_tls",
    "smtpd_tls_security_level",
    "smtp_tls_security_level",
    "smtp_tls_session_cache_database",
    "smtpd_tls_session_cache_database",
    "smtpd_tls_auth_only",
    "smtpd_tls_loglevel",
    "smtp_tls_loglevel",
    "smtp_tls_CAfile",
    "smtp_tls_CApath",
    "smtpd_tls_received_header",
    "mynetworks_style",
    "smtp_sasl_security_options",
    "smtp_sasl_tls_security_options",
    "smtp_sasl_auth_enable",
    "smtp_sasl_password_maps",
    "virtual_uid_maps",
    "virtual_gid_maps",
    "virtual_minimum_uid",
    "virtual_mailbox_limit",
    "mailbox_size_limit",
    "disable_vrfy_command",
    "strict_rfc821_envelopes",
    "smtpd_helo_required",
    "config_directory",
    "mail_name",
}};
}  // namespace

void tell_rest(PostfixImport& import) {
  for (const auto& [name, pair] : import.main.all()) {
    if (import.seen.contains(name) || std::ranges::find(kNothing, name) != kNothing.end()) continue;
    if (pair.value.empty()) continue;  // switched off
    const auto deciding = std::ranges::find(kDeciding, name, &Reason::parameter);
    if (deciding != kDeciding.end()) {
      if (name == "smtpd_sasl_auth_enable" && pair.value != "yes") continue;
      import.draft.leave(import.origin(name), std::string(deciding->why), Weight::decides);
    } else {
      import.draft.leave(import.origin(name), "waybill has no such setting");
    }
  }
}

}  // namespace waybill::config::moving
