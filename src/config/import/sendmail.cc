// sendmail.cc: import_sendmail(): which files there are, and the order in which they count.
#include "config/import/sendmail.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

enum class Kind : uint8_t { mc, local_hosts, mailertable, relay_hosts, access, aliases, virtusers };
struct Known {
  std::string_view name;
  Kind kind;
};
// In the order in which they are read: what later ones mean depends on the earlier.
constexpr std::array<Known, 8> kKnown{{{"sendmail.mc", Kind::mc},
                                       {"submit.mc", Kind::mc},
                                       {"local-host-names", Kind::local_hosts},
                                       {"mailertable", Kind::mailertable},
                                       {"relay-domains", Kind::relay_hosts},
                                       {"access", Kind::access},
                                       {"aliases", Kind::aliases},
                                       {"virtusertable", Kind::virtusers}}};

void carry(SendmailImport& import, Kind kind, const Found& file) {
  switch (kind) {
    case Kind::mc:
      return carry_mc(import, file);
    case Kind::local_hosts:
      return carry_local_hosts(import, file);
    case Kind::mailertable:
      return carry_mailertable(import, file);
    case Kind::relay_hosts:
      return carry_relay_hosts(import, file);
    case Kind::access:
      return carry_access(import, file);
    case Kind::aliases:
      return carry_aliases(import, file);
    case Kind::virtusers:
      return carry_virtusers(import, file);
  }
}

struct Input {
  Kind kind;
  Found file;
};

std::vector<Input> inputs(const std::vector<std::string>& places, const ReadFile& read, Draft& draft) {
  std::vector<Input> out;
  const auto add = [&](const std::string& path, Kind kind) {
    auto text = read(path);
    if (text) out.push_back({kind, {path, std::move(*text)}});
    return text.has_value();
  };
  for (std::string place : places) {
    while (place.size() > 1 && place.ends_with('/')) place.pop_back();
    const std::string name = base_name(place);
    const auto known = std::ranges::find(kKnown, name, &Known::name);
    if (known != kKnown.end() || name.ends_with(".mc")) {
      if (!add(place, known == kKnown.end() ? Kind::mc : known->kind))
        draft.leave({place, 0, ""}, "it can't be read", Weight::decides);
      continue;
    }
    size_t found = 0;
    for (const Known& one : kKnown)
      if (one.name != "submit.mc") found += add(place + "/" + std::string(one.name), one.kind) ? 1 : 0;
    if (found == 0)
      draft.leave({place, 0, ""}, "neither a folder nor a file of a name that is known", Weight::decides);
    // sendmail has the aliases one folder above.
    if (found > 0 && place == "/etc/mail" && !read(place + "/aliases"))
      (void)add("/etc/aliases", Kind::aliases);
  }
  std::ranges::stable_sort(out, {}, [](const Input& i) { return i.kind; });
  return out;
}

// Those who have a mailbox: with the aliases all that a name of class w may mean.
void carry_people(SendmailImport& import) {
  if (import.local_domains.empty()) return;
  const auto passwd = import.places.find_of_machine("/etc/passwd");
  const Origin origin{import.places.folder(), 0, "local mailboxes"};
  if (!passwd)
    import.draft.leave(origin, "who exists stands in the machine's passwd file: name them in users",
                       Weight::decides);
  import.draft.leave(origin, "mbox files are not written: a Maildir is, see mailboxes of each domain",
                     Weight::decides);
  for (const std::string& name : import.local_domains) {
    DraftDomain& domain = *import.draft.find_domain(name);
    if (domain.role != DomainRole::primary) continue;
    domain.delimiter = "+";
    if (passwd) domain.users.merge(people_of(*passwd));
    if (passwd) domain.remarks.push_back(fmt::format("users: {}, uids of people", passwd->file));
  }
}
}  // namespace

Result<Imported> import_sendmail(const std::vector<std::string>& places, const ReadFile& read,
                                 const std::string& machine_name) {
  std::string from;
  for (const std::string& place : places) from += (from.empty() ? "" : ", ") + place;
  Draft draft("sendmail", from);
  const std::vector<Input> files = inputs(places, read, draft);
  if (files.empty())
    return fail(Errc::not_found,
                "{}: no sendmail.mc, local-host-names, mailertable, relay-domains, access, "
                "virtusertable or aliases can be read there",
                printable(from, 200));
  const std::string& first = files.front().file.file;
  const Places found(first.substr(0, first.rfind('/')), "/etc/mail", read);
  SendmailImport import{found, draft, machine_name, {}, {}};
  // Aliases and users need all domains, and those come from several files.
  for (const Input& input : files)
    if (input.kind <= Kind::access) carry(import, input.kind, input.file);
  carry_people(import);
  for (const Input& input : files)
    if (input.kind > Kind::access) carry(import, input.kind, input.file);
  return draft.finish();
}

std::optional<IpNetwork> octets_network(std::string_view text) {
  if (text.find('/') != std::string_view::npos || text.find(':') != std::string_view::npos) {
    if (iequals(text.substr(0, 5), "IPv6:")) text.remove_prefix(5);
    return network_of(text);
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto parts = split(text, '.');
  if (parts.empty() || parts.size() > 4) return std::nullopt;
  std::string full(text);
  for (size_t i = parts.size(); i < 4; ++i) full += ".0";
  return network_of(fmt::format("{}/{}", full, 8 * parts.size()));
}

void trust(SendmailImport& import, const IpNetwork& network, const Origin& origin) {
  if (!import.draft.trusted_networks) {
    // sendmail relays for its own host without being told (relay through the loopback).
    import.draft.trusted_networks.emplace();
    for (const IpNetwork& loopback : Relay::default_networks())
      import.draft.trusted_networks->push_back(
          {in_quotes(loopback.to_string()), {origin.file, 0, "this host itself"}});
  }
  import.draft.trusted_networks->push_back({in_quotes(network.to_string()), origin});
}

void add_local_domain(SendmailImport& import, const std::string& name, const Origin& origin) {
  const auto domain = mail::Domain::parse(name);
  if (!domain || domain->is_literal())
    return import.draft.leave(origin, printable(name, 100) + " is not a domain name", Weight::decides);
  if (!import.local_domains.insert(domain->text()).second) return;
  import.draft.domain(*domain, origin);
}

void add_relayed_domain(SendmailImport& import, const mail::Domain& name, const Origin& origin) {
  if (import.draft.find_domain(name.text()) != nullptr) return;
  DraftDomain& domain = import.draft.domain(name, origin);
  // Without an entry in mailertable sendmail goes to the domain's own MXs that are better than itself.
  const bool routed = import.routed.contains(name.text()) || import.draft.routes.contains("*");
  domain.role = routed ? DomainRole::relay : DomainRole::backup;
}

}  // namespace waybill::config::moving
