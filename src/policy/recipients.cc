#include "policy/recipients.h"

#include <algorithm>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
enum class Fault : uint8_t { none, loop, too_deep, too_many, unknown };

std::string key_of(std::string_view local, const mail::Domain& domain) {
  return fmt::format("{}@{}", local, domain.text());
}

/// Walks from one address along aliases, depth first, so that what an alias names first comes first.
class Walk {
 public:
  explicit Walk(const std::map<std::string, LocalDomain>& domains) : domains_(domains) {}

  void visit(const mail::Address& address) {
    if (fault_ != Fault::none) return;
    const auto local = domains_.find(address.domain.text());
    if (local == domains_.end()) return arrive(address, address.local);
    const LocalDomain& domain = local->second;
    const std::string name = to_lower(address.local);
    auto entry = look(domain, name);
    if (!entry) return;
    std::string known_as = name;
    const size_t cut = domain.delimiter.empty() ? std::string::npos : name.find(domain.delimiter);
    if (!known(*entry) && cut != std::string::npos && cut > 0) {
      known_as = name.substr(0, cut);
      entry = look(domain, known_as);
      if (!entry) return;
    }
    const std::string key = key_of(known_as, address.domain);
    // "john: john, archive" keeps a copy: an alias that leads back to itself means the mailbox.
    const bool again = std::ranges::find(path_, key) != path_.end();
    if (!entry->alias.empty() && !(again && entry->mailbox)) return follow(key, entry->alias);
    if (entry->mailbox) return arrive(address, name);
    if (!domain.catch_all.empty()) return follow(key_of("", address.domain), domain.catch_all);
    // RFC 5321 4.5.1: somebody reads it, whoever is listed.
    if (known_as == "postmaster") return arrive(address, name);
    out_.nowhere.push_back(address);
  }

  Expansion finish(const mail::Address& given) {
    const auto refuse = [this](uint16_t code, mail::EnhancedStatus enhanced, std::string text) {
      out_.to.clear();
      out_.refusal = mail::Reply{code, enhanced, std::move(text)};
    };
    switch (fault_) {
      case Fault::none:
        if (out_.to.empty()) refuse(550, {5, 1, 1}, "no such user here");
        break;
      case Fault::loop:
        refuse(451, {4, 3, 5}, fmt::format("the alias {} leads back to itself", printable(at_fault_, 200)));
        break;
      case Fault::too_deep:
        refuse(451, {4, 3, 5},
               fmt::format("the aliases of {} are more than {} levels deep",
                           printable(given.to_string(), 200), kAliasDepthMax));
        break;
      case Fault::too_many:
        refuse(451, {4, 3, 5},
               fmt::format("{} leads to more than {} addresses", printable(given.to_string(), 200),
                           kAliasAddressesMax));
        break;
      case Fault::unknown:
        refuse(451, {4, 3, 0}, "who receives this mail can't be found out now: try again later");
        break;
    }
    return std::move(out_);
  }

 private:
  static bool known(const DirectoryEntry& entry) { return entry.mailbox || !entry.alias.empty(); }

  std::optional<DirectoryEntry> look(const LocalDomain& domain, std::string_view local) {
    auto entry = domain.directory->find(local);
    if (entry) return std::move(*entry);
    fault_ = Fault::unknown;
    return std::nullopt;
  }

  void follow(const std::string& key, const std::vector<mail::Address>& to) {
    if (std::ranges::find(path_, key) != path_.end()) return fail_at(Fault::loop, key);
    if (path_.size() == kAliasDepthMax) return fail_at(Fault::too_deep, key);
    // Reached on another way already: all that it leads to is there.
    if (!followed_.insert(key).second) return;
    out_.steps.push_back({key, to});
    path_.push_back(key);
    for (const mail::Address& one : to) visit(one);
    path_.pop_back();
  }

  // `local` tells addresses apart: here upper and lower case are one mailbox, to other hosts they may be two.
  void arrive(const mail::Address& address, std::string_view local) {
    if (!arrived_.insert(key_of(local, address.domain)).second) return;
    if (out_.to.size() == kAliasAddressesMax) return fail_at(Fault::too_many, {});
    out_.to.push_back(address);
  }

  void fail_at(Fault fault, const std::string& key) {
    if (fault_ != Fault::none) return;
    fault_ = fault;
    at_fault_ = key;
  }

  const std::map<std::string, LocalDomain>& domains_;
  Expansion out_;
  std::vector<std::string> path_;  ///< the aliases that led here
  std::set<std::string> followed_;
  std::set<std::string> arrived_;
  Fault fault_ = Fault::none;
  std::string at_fault_;
};
}  // namespace

Result<DirectoryEntry> ListedDirectory::find(std::string_view local) const {
  DirectoryEntry out;
  out.mailbox = !users_ || users_->contains(local);
  if (const auto at = aliases_.find(local); at != aliases_.end()) out.alias = at->second;
  return out;
}

Expansion Recipients::expand(const mail::Address& given) const {
  Walk walk(domains_);
  walk.visit(given);
  return walk.finish(given);
}

}  // namespace waybill::policy
