// postfix_recipients.cc: who exists in each domain, and who stands for whom.
#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {
constexpr int kFirstPerson = 1000;  // uids of people, as adduser(8) gives them
constexpr int kLastPerson = 59'999;

void tell_unread(PostfixImport& import, const char* parameter, const ListContent& content) {
  for (const Unread& unread : content.unread)
    import.draft.leave(import.origin(parameter), fmt::format("{}: {}", unread.what, unread.why),
                       Weight::decides);
}

/// Users of mydestination; none: everyone is taken there.
std::optional<std::set<std::string>> local_users(PostfixImport& import, std::string& remark) {
  const Origin origin = import.origin("local_recipient_maps");
  const std::string maps = import.value("local_recipient_maps");
  if (trim(maps).empty()) return std::nullopt;
  std::set<std::string> out;
  if (maps.find("unix:passwd.byname") != std::string::npos) {
    const auto passwd = import.places.find_of_machine("/etc/passwd");
    if (passwd) {
      out = people_of(*passwd);
      remark = fmt::format("users: {}, uids {} to {}", passwd->file, kFirstPerson, kLastPerson);
    } else {
      import.draft.leave(origin, "who exists stands in the machine's passwd file: name them in users",
                         Weight::decides);
    }
  }
  const std::string aliases = import.main.text("alias_maps");
  for (const std::string& table : list_items(maps)) {
    if (table.find("unix:passwd.byname") != std::string::npos) continue;
    if (std::ranges::count(list_items(aliases), table) > 0) continue;  // names of aliases
    const ListContent content = read_tables(table, origin, import.places);
    tell_unread(import, "local_recipient_maps", content);
    for (const Listed& entry : content.items) {
      const std::string local = to_lower(entry.text.substr(0, entry.text.find('@')));
      if (is_local_name(local)) out.insert(local);
    }
  }
  return out;
}

std::vector<std::string> names_of_class(PostfixImport& import, const char* parameter) {
  std::vector<std::string> out;
  for (const Listed& item :
       read_list(import.main.text(parameter), import.origin(parameter), import.places).items)
    if (const auto name = mail::Domain::parse(item.text);
        name && import.draft.find_domain(name->text()) != nullptr)
      out.push_back(name->text());
  return out;
}

void carry_local(PostfixImport& import) {
  const std::vector<std::string> names = names_of_class(import, "mydestination");
  if (names.empty()) return;
  std::string remark;
  const auto users = local_users(import, remark);
  const ListContent aliases =
      read_tables(import.value("alias_maps"), import.origin("alias_maps"), import.places, true);
  tell_unread(import, "alias_maps", aliases);
  bool first = true;
  for (const std::string& name : names) {
    DraftDomain& domain = *import.draft.find_domain(name);
    if (users) {
      domain.own_directory = false;
      domain.users.insert(users->begin(), users->end());
      if (!remark.empty()) domain.remarks.push_back(remark);
    } else if (!domain.own_directory && domain.role == DomainRole::primary) {
      domain.users.insert("*");
    }
    // What can't be carried is told once, not for each name of the host.
    Draft elsewhere("", "");
    for (const Listed& entry : aliases.items)
      add_alias(first ? import.draft : elsewhere, domain, to_lower(entry.text), entry.value, "",
                entry.origin);
    first = false;
  }
}

/// The place of one mailbox as a template, if it is of the form that all others have.
std::optional<std::string> template_of(std::string_view path, std::string_view user,
                                       std::string_view domain) {
  if (!path.ends_with('/')) return std::nullopt;  // an mbox
  std::string out;
  for (const std::string_view part : split(path.substr(0, path.size() - 1), '/')) {
    if (!out.empty()) out += '/';
    out += iequals(part, user) ? "{user}" : iequals(part, domain) ? "{domain}" : std::string(part);
  }
  return out.find("{user}") == std::string::npos ? std::nullopt : std::optional(out);
}

void carry_virtual_mailboxes(PostfixImport& import) {
  const std::string base(trim(import.value("virtual_mailbox_base")));
  const ListContent maps =
      read_tables(import.value("virtual_mailbox_maps"), import.origin("virtual_mailbox_maps"), import.places);
  tell_unread(import, "virtual_mailbox_maps", maps);
  for (const Listed& entry : maps.items) {
    const auto address = mail::Address::parse(entry.text);
    if (entry.text.starts_with('@')) {
      import.draft.leave(entry.origin, "a mailbox for every name of a domain: use catch_all",
                         Weight::decides);
      continue;
    }
    DraftDomain* domain = address ? import.draft.find_domain(address->domain.text()) : nullptr;
    if (domain == nullptr) continue;  // a domain's own key, or one that is not ours
    if (!domain->own_directory && domain->role == DomainRole::primary) {
      const auto place = template_of(entry.value, address->local, address->domain.text());
      const std::string mailboxes = place ? "maildir:" + base + "/" + *place : "";
      if (place && domain->mailboxes.empty()) domain->mailboxes = mailboxes;
      if (!place || domain->mailboxes != mailboxes) {
        import.draft.leave(entry.origin,
                           "its mailbox is no Maildir named by its address as the others of its domain are",
                           Weight::decides);
        continue;
      }
    }
    add_user(import.draft, *domain, address->local, entry.origin);
  }
}

void carry_relay_recipients(PostfixImport& import) {
  if (!import.main.is_set("relay_recipient_maps")) return;
  const std::string value = import.value("relay_recipient_maps");
  const std::vector<std::string> names = names_of_class(import, "relay_domains");
  if (trim(value).empty()) {
    for (const std::string& name : names) import.draft.find_domain(name)->users_listed = false;
    return;
  }
  const ListContent maps = read_tables(value, import.origin("relay_recipient_maps"), import.places);
  for (const Listed& entry : maps.items) {
    const size_t at = entry.text.rfind('@');
    const auto name =
        mail::Domain::parse(at == std::string::npos ? std::string() : entry.text.substr(at + 1));
    DraftDomain* domain = name ? import.draft.find_domain(name->text()) : nullptr;
    if (domain == nullptr) continue;
    if (at == 0) {
      domain->users_listed = false;  // "@example.org": everyone
      domain->own_directory = domain->role == DomainRole::primary;
    } else {
      add_user(import.draft, *domain, entry.text.substr(0, at), entry.origin);
    }
  }
  if (maps.unread.empty()) return;
  // Who exists is not known: without the list unknown recipients would be accepted, which they are not now.
  for (const Unread& unread : maps.unread)
    import.draft.leave(
        import.origin("relay_recipient_maps"),
        fmt::format("{}: {}: the relay_domains are left out, for nobody knows here who exists there",
                    unread.what, unread.why),
        Weight::decides);
  for (const std::string& name : names) import.draft.domains.erase(name);
}

void carry_virtual_alias(PostfixImport& import, const Listed& entry, const std::string& origin_domain,
                         const std::vector<std::string>& local_names) {
  const size_t at = entry.text.rfind('@');
  if (at == std::string::npos) {
    if (entry.text.find('.') != std::string::npos &&
        import.draft.find_domain(to_lower(entry.text)) != nullptr)
      return;
    bool first = true;
    for (const std::string& name : local_names) {
      Draft elsewhere("", "");
      DraftDomain& domain = *import.draft.find_domain(name);
      add_alias(first ? import.draft : elsewhere, domain, to_lower(entry.text), entry.value, origin_domain,
                entry.origin);
      first = false;
    }
    return;
  }
  const auto name = mail::Domain::parse(std::string_view(entry.text).substr(at + 1));
  DraftDomain* domain = name ? import.draft.find_domain(name->text()) : nullptr;
  if (domain == nullptr || domain->role != DomainRole::primary) {
    return import.draft.leave(entry.origin, "an alias in a domain that does not end here", Weight::decides);
  }
  if (at > 0)
    return add_alias(import.draft, *domain, to_lower(entry.text.substr(0, at)), entry.value, origin_domain,
                     entry.origin);
  if (!domain_has("catch_all") || entry.value.find('@') == std::string::npos || entry.value.starts_with('@'))
    return import.draft.leave(entry.origin, "a catch-all needs an address, not another domain",
                              Weight::decides);
  for (const std::string& target : list_items(entry.value))
    if (mail::Address::parse(target)) domain->catch_all.push_back(target);
  domain->catch_all_origin = entry.origin;
}

void carry_virtual_aliases(PostfixImport& import) {
  const char* parameter = import.main.is_set("virtual_alias_maps") ? "virtual_alias_maps" : "virtual_maps";
  const ListContent maps = read_tables(import.value(parameter), import.origin(parameter), import.places);
  tell_unread(import, parameter, maps);
  const std::string origin_domain(trim(import.value("myorigin")));
  const auto local_names = names_of_class(import, "mydestination");
  for (const Listed& entry : maps.items) carry_virtual_alias(import, entry, origin_domain, local_names);
}
}  // namespace

std::set<std::string> people_of(const Found& passwd) {
  std::set<std::string> out{"root"};
  for (const std::string_view line : split(passwd.text, '\n')) {
    const auto fields = split(line, ':');
    int uid = 0;
    if (fields.size() < 3) continue;
    (void)std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), uid);
    if (uid >= kFirstPerson && uid <= kLastPerson && is_local_name(fields[0]))
      out.insert(to_lower(fields[0]));
  }
  return out;
}

void add_user(Draft& draft, DraftDomain& domain, std::string_view local, const Origin& origin) {
  if (!is_local_name(local))
    return draft.leave(origin, fmt::format("'{}' can't be a user here", printable(local, 64)),
                       Weight::decides);
  domain.users.insert(to_lower(local));
}

void add_alias(Draft& draft, DraftDomain& domain, const std::string& local, const std::string& targets,
               const std::string& origin_domain, const Origin& origin) {
  if (!domain_has("aliases")) return draft.leave(origin, "aliases can't be said here", Weight::decides);
  if (!is_local_name(local)) return draft.leave(origin, "this name can't be an alias here", Weight::decides);
  if (domain.aliases.contains(local))
    return draft.leave(origin, "the name stands there twice: the first counts");
  DraftAlias alias{{}, origin};
  for (std::string target : list_items(targets)) {
    if (target.starts_with('\\')) target.erase(0, 1);  // aliases(5): not expanded further
    // "|command" may stand in quotes, as "john doe"@example.org may.
    const std::string_view inside = std::string_view(target).substr(target.starts_with('"') ? 1 : 0);
    const bool special = inside.starts_with('|') || inside.starts_with('/') || inside.starts_with(':');
    const bool address = !special && mail::Address::parse(target).has_value();
    if (!address && (special || !is_local_name(target))) {
      draft.leave(origin, target + ": commands, files and :include: are not done here", Weight::decides);
    } else if (!address && to_lower(target) == local) {
      // To itself: the mailbox of that name, which it has anyway if there is one.
      if (targets.find(',') == std::string::npos) return;
      alias.to.push_back(target);
    } else {
      alias.to.push_back(address || origin_domain.empty() ? target : target + "@" + origin_domain);
    }
  }
  if (!alias.to.empty()) domain.aliases.emplace(local, std::move(alias));
}

void carry_recipients(PostfixImport& import) {
  const std::string delimiter(trim(import.value("recipient_delimiter", Weight::other)));
  for (auto& [name, domain] : import.draft.domains) domain.delimiter = delimiter.substr(0, 1);
  if (delimiter.size() > 1)
    import.draft.leave(import.origin("recipient_delimiter"), "one delimiter only: the first is carried",
                       Weight::decides);
  carry_local(import);
  carry_virtual_mailboxes(import);
  carry_relay_recipients(import);
  carry_virtual_aliases(import);
}

}  // namespace waybill::config::moving
