// postfix_domains.cc: which domains mail is accepted for, in what role, and where their mailboxes are.
#include <algorithm>

#include "base/bytes.h"
#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {

struct Transport {
  std::string type, nexthop;
};
Transport transport_of(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {std::string(text), ""};
  return {to_lower(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

bool by_smtp(const Transport& transport) {
  return transport.type == "smtp" || transport.type == "relay" || transport.type == "esmtp" ||
         (transport.type.empty() && !transport.nexthop.empty());
}

// "lmtp:unix:private/lmtp", "lmtp:inet:127.0.0.1:24", "lmtp:[127.0.0.1]:24"
std::optional<std::string> lmtp_mailboxes(PostfixImport& import, std::string_view text) {
  const Transport transport = transport_of(trim(text));
  if (transport.type != "lmtp") return std::nullopt;
  std::string where = transport.nexthop;
  if (where.starts_with("unix:")) {
    const std::string path = where.substr(5);
    if (path.empty()) return std::nullopt;
    return "lmtp:unix:" + (path.starts_with('/') ? path : import.main.text("queue_directory") + "/" + path);
  }
  if (where.starts_with("inet:")) where.erase(0, 5);
  if (const size_t close = where.find(']'); where.starts_with('[') && close != std::string::npos) {
    const std::string inside = where.substr(1, close - 1);
    const std::string rest = where.substr(close + 1);
    if (inside.find(':') == std::string::npos) where = inside + rest;
  }
  if (where.starts_with("localhost:")) where = "127.0.0.1:" + where.substr(10);
  if (where.find(':') == std::string::npos) where += ":24";  // lmtp_tcp_port
  return Endpoint::parse(where) ? std::optional("lmtp:" + where) : std::nullopt;
}

/// What names a domain in a list: without a table's keys that are addresses.
std::optional<mail::Domain> domain_of(PostfixImport& import, const Listed& item, std::string_view parameter) {
  if (item.text.find('@') != std::string::npos) return std::nullopt;
  auto name = mail::Domain::parse(item.text);
  if (name && !name->is_literal()) return *name;
  import.draft.leave(item.origin, fmt::format("{} in {} is not a domain name", item.text, parameter),
                     Weight::decides);
  return std::nullopt;
}

ListContent domains_in(PostfixImport& import, const char* parameter) {
  ListContent list = read_list(import.value(parameter), import.origin(parameter), import.places);
  for (const Unread& unread : list.unread)
    import.draft.leave(import.origin(parameter), fmt::format("{}: {}", unread.what, unread.why),
                       Weight::decides);
  return list;
}

/// Where the mail of mydestination ends. The remark tells what an operator has to look at.
struct Ending {
  std::string mailboxes;
  bool own_directory = false;
  std::string remark;
};
Ending local_ending(PostfixImport& import) {
  Draft& draft = import.draft;
  for (const char* parameter : {"mailbox_transport", "local_transport"}) {
    if (!import.main.is_set(parameter)) continue;
    const std::string value = import.value(parameter);
    if (value.empty() || value.starts_with("local")) continue;
    if (const auto lmtp = lmtp_mailboxes(import, value))
      return {*lmtp, true, import.origin(parameter).to_string()};
    draft.leave(import.origin(parameter), "only lmtp: to a socket or an address is known here",
                Weight::decides);
  }
  if (const std::string command = import.value("mailbox_command"); !command.empty())
    draft.leave(import.origin("mailbox_command"),
                "waybill runs no commands: mail goes to a Maildir, or by LMTP", Weight::decides);
  const std::string home(trim(import.value("home_mailbox")));
  if (home.ends_with('/'))
    return {"maildir:/home/{user}/" + home.substr(0, home.size() - 1), false,
            import.origin("home_mailbox").to_string() + ": waybill's user must be allowed to write there"};
  if (!home.empty()) {
    draft.leave(import.origin("home_mailbox"), "mbox files are not written: a Maildir is", Weight::decides);
    return {};
  }
  const std::string spool(trim(import.value("mail_spool_directory")));
  if (spool.ends_with('/'))
    return {"maildir:" + spool + "{user}", false, import.origin("mail_spool_directory").to_string()};
  draft.leave(import.origin("mail_spool_directory"),
              "mbox files are not written: a Maildir is, see mailboxes of each domain", Weight::decides);
  return {};
}

/// The role of a domain that transport_maps sends elsewhere by SMTP, whatever class it is of.
bool goes_elsewhere(const PostfixImport& import, const std::string& name) {
  const auto at = import.transports.find(name);
  return at != import.transports.end() && by_smtp(transport_of(at->second.value));
}

void add_ending(PostfixImport& import, const mail::Domain& name, const Listed& item, const Ending& ending) {
  DraftDomain& domain = import.draft.domain(name, item.origin);
  if (goes_elsewhere(import, name.text())) {
    domain.role = DomainRole::relay;
    domain.users_listed = true;
    return;
  }
  domain.role = DomainRole::primary;
  domain.mailboxes = ending.mailboxes;
  domain.own_directory = ending.own_directory;
  if (!ending.remark.empty()) domain.remarks.push_back(ending.remark);
  const auto at = import.transports.find(name.text());
  if (at == import.transports.end()) return;
  if (const auto lmtp = lmtp_mailboxes(import, at->second.value)) {
    domain.mailboxes = *lmtp;
    domain.own_directory = true;
    domain.remarks.push_back(at->second.origin.to_string());
  }
}

void carry_local_domains(PostfixImport& import) {
  const ListContent list = domains_in(import, "mydestination");
  if (list.items.empty()) return;
  std::optional<Ending> ending;
  for (const Listed& item : list.items) {
    const auto name = domain_of(import, item, "mydestination");
    if (!name || import.draft.find_domain(name->text()) != nullptr) continue;
    if (!ending) ending = local_ending(import);
    add_ending(import, *name, item, *ending);
  }
}

void carry_virtual_domains(PostfixImport& import) {
  const std::string transport = import.value("virtual_transport");
  Ending ending;
  if (const auto lmtp = lmtp_mailboxes(import, transport)) {
    ending = {*lmtp, true, import.origin("virtual_transport").to_string()};
  } else if (!transport.starts_with("virtual")) {
    import.draft.leave(import.origin("virtual_transport"), "only virtual and lmtp: are known here",
                       Weight::decides);
  }
  for (const Listed& item : domains_in(import, "virtual_mailbox_domains").items) {
    const auto name = domain_of(import, item, "virtual_mailbox_domains");
    if (name && import.draft.find_domain(name->text()) == nullptr) add_ending(import, *name, item, ending);
  }
  for (const Listed& item : domains_in(import, "virtual_alias_domains").items) {
    // By default these are the keys of virtual_alias_maps, of which only names with a dot mean domains.
    if (!import.main.is_set("virtual_alias_domains") && item.text.find('.') == std::string::npos) continue;
    const auto name = domain_of(import, item, "virtual_alias_domains");
    if (name && import.draft.find_domain(name->text()) == nullptr) import.draft.domain(*name, item.origin);
  }
}

void carry_relay_domains(PostfixImport& import) {
  const bool smart_host = !trim(import.main.text("relayhost")).empty();
  for (const Listed& item : domains_in(import, "relay_domains").items) {
    const auto name = domain_of(import, item, "relay_domains");
    if (!name || import.draft.find_domain(name->text()) != nullptr) continue;
    const auto at = import.transports.find(name->text());
    const auto lmtp = at == import.transports.end() ? std::nullopt : lmtp_mailboxes(import, at->second.value);
    DraftDomain& domain = import.draft.domain(*name, item.origin);
    domain.users_listed = import.main.is_set("relay_recipient_maps");
    if (lmtp) {
      domain.role = DomainRole::primary;
      domain.mailboxes = *lmtp;
      domain.own_directory = true;
    } else if (at != import.transports.end() || smart_host) {
      domain.role = DomainRole::relay;
    } else {
      // Without a route Postfix goes to the domain's own MXs that are better than itself: a backup MX.
      domain.role = DomainRole::backup;
    }
    domain.remarks.emplace_back("its subdomains, which Postfix includes, need a [domain] each");
  }
}
}  // namespace

void carry_domains(PostfixImport& import) {
  carry_local_domains(import);
  carry_virtual_domains(import);
  carry_relay_domains(import);
}

}  // namespace waybill::config::moving
