// sendmail_tables.cc: local-host-names, relay-domains, mailertable, access, virtusertable, aliases.
#include "base/bytes.h"
#include "config/import/postfix.h"
#include "config/import/sendmail.h"

namespace waybill::config::moving {
namespace {

Origin origin_of(const Found& file, const Pair& pair) {
  return {file.file, pair.line, pair.value.empty() ? pair.key : pair.key + " " + pair.value};
}

std::string pattern_of(const std::string& key) { return to_lower(key.starts_with('.') ? "*" + key : key); }

// "error:5.7.0:550 no" or "error:nouser no such user": what the sender is told.
std::string text_of_error(std::string_view value) {
  std::string_view text = value.substr(value.find(':') + 1);
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) text = text.substr(colon + 1);
  if (text.size() > 4 && text[0] == '5' && text[3] == ' ') text = text.substr(4);
  return printable(trim(text), 200);
}
}  // namespace

void carry_local_hosts(SendmailImport& import, const Found& file) {
  for (const Pair& pair : table_pairs(file.text)) add_local_domain(import, pair.key, origin_of(file, pair));
}

void carry_relay_hosts(SendmailImport& import, const Found& file) {
  for (const Pair& pair : table_pairs(file.text)) {
    const Origin origin = origin_of(file, pair);
    if (const auto network = octets_network(pair.key)) {
      trust(import, *network, origin);
      continue;
    }
    const auto name = mail::Domain::parse(pair.key.starts_with('.') ? pair.key.substr(1) : pair.key);
    if (!name || name->is_literal()) {
      import.draft.leave(origin, "neither a domain nor a network", Weight::decides);
      continue;
    }
    add_relayed_domain(import, *name, origin);
    if (DraftDomain* domain = import.draft.find_domain(name->text()))
      domain->remarks.emplace_back(
          "hosts of that name may not send anywhere for it: name their networks in relay.trusted_networks");
  }
}

void carry_mailertable(SendmailImport& import, const Found& file) {
  for (const Pair& pair : table_pairs(file.text)) {
    const Origin origin = origin_of(file, pair);
    Draft& draft = import.draft;
    const size_t colon = pair.value.find(':');
    const std::string mailer = to_lower(pair.value.substr(0, colon));
    const std::string host(trim(colon == std::string::npos ? std::string_view()
                                                           : std::string_view(pair.value).substr(colon + 1)));
    const std::string pattern = pair.key == "." ? "*" : pattern_of(pair.key);
    if (mailer == "error") {
      if (route_has("senders"))
        draft.route(pattern, origin).via = in_quotes("refuse " + in_quotes(text_of_error(pair.value)));
      else
        draft.leave(origin, "a route that refuses mail", Weight::decides);
      continue;
    }
    if (mailer != "smtp" && mailer != "esmtp" && mailer != "relay" && mailer != "dsmtp" &&
        mailer != "smtp8") {
      draft.leave(origin, fmt::format("the mailer {} is not known here", printable(mailer, 60)),
                  Weight::decides);
      continue;
    }
    const auto via = host.empty() || host.find('%') != std::string::npos
                         ? Result<std::string>(fail(Errc::invalid, "no host"))
                         : via_of(host);
    if (!via) {
      draft.leave(origin, via.error().what, Weight::decides);
      continue;
    }
    draft.route(pattern, origin).via = in_quotes(*via);
    import.routed.insert(pattern);
    // A name of class w with a route goes there: mailertable is asked first.
    if (DraftDomain* domain = draft.find_domain(pattern)) domain->role = DomainRole::relay;
  }
}

void carry_access(SendmailImport& import, const Found& file) {
  for (const Pair& pair : table_pairs(file.text)) {
    const Origin origin = origin_of(file, pair);
    const std::string verdict = to_lower(pair.value.substr(0, pair.value.find_first_of(" \t")));
    if (verdict != "relay") {
      import.draft.leave(origin, verdict == "ok" ? "nothing refuses it here"
                                                 : "single clients and senders are not refused here");
      continue;
    }
    const std::string key = to_lower(pair.key);
    const bool to = key.starts_with("to:");
    const std::string what = key.substr(to ? 3 : key.starts_with("connect:") ? 8 : 0);
    const auto network = to ? std::nullopt : octets_network(what);
    const auto name = mail::Domain::parse(what);
    if (network) {
      trust(import, *network, origin);
    } else if (to && name && !name->is_literal()) {
      add_relayed_domain(import, *name, origin);
    } else if (what == "localhost" || what == "localhost.localdomain") {
      continue;  // loopback is trusted anyway
    } else {
      import.draft.leave(origin,
                         "clients are trusted by address only: name their networks in relay.trusted_networks",
                         Weight::decides);
    }
  }
}

void carry_virtusers(SendmailImport& import, const Found& file) {
  for (const Pair& pair : table_pairs(file.text)) {
    const Origin origin = origin_of(file, pair);
    const size_t at = pair.key.rfind('@');
    const auto name = mail::Domain::parse(at == std::string::npos ? std::string() : pair.key.substr(at + 1));
    DraftDomain* domain = name ? import.draft.find_domain(name->text()) : nullptr;
    if (domain == nullptr || domain->role != DomainRole::primary) {
      import.draft.leave(origin, "its domain is not one of this host's (local-host-names)", Weight::decides);
    } else if (pair.value.starts_with("error:")) {
      if (at > 0) import.draft.leave(origin, "leave the name out of users and aliases", Weight::decides);
      // "@example.org error:nouser": unknown names are refused anyway.
    } else if (pair.value.find('%') != std::string::npos) {
      import.draft.leave(origin, "a target made of the name that was asked for", Weight::decides);
    } else if (at > 0) {
      add_alias(import.draft, *domain, to_lower(pair.key.substr(0, at)), pair.value, "", origin);
    } else if (!domain_has("catch_all")) {
      import.draft.leave(origin, "a domain has no catch-all here", Weight::decides);
    } else {
      for (const std::string& target : list_items(pair.value))
        if (mail::Address::parse(target) || is_local_name(target)) domain->catch_all.push_back(target);
      domain->catch_all_origin = origin;
    }
  }
}

void carry_aliases(SendmailImport& import, const Found& file) {
  bool first = true;
  for (const std::string& name : import.local_domains) {
    DraftDomain* domain = import.draft.find_domain(name);
    if (domain == nullptr || domain->role != DomainRole::primary) continue;
    Draft elsewhere("", "");  // what can't be carried is told once, not for each name of the host
    for (const Pair& pair : alias_pairs(file.text))
      add_alias(first ? import.draft : elsewhere, *domain, to_lower(pair.key), pair.value, "",
                {file.file, pair.line, fmt::format("{}: {}", pair.key, pair.value)});
    first = false;
  }
}

}  // namespace waybill::config::moving
