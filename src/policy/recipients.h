// recipients.h: who receives the mail of an address in a domain that ends here: a mailbox of its own, the
// addresses that an alias stands for, the domain's catch-all, or nobody. Where the names come from stands
// behind Directory: files today, a database or LDAP another day.
//
// Thread rule: immutable once made; share freely, as thread-safe as its directories.
// Failure: what could not be found out is refused for now (451), never as unknown (550); a fault of the
// operator's (a loop, too deep, too many) too, so that no mail is lost by it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mail/address.h"
#include "mail/outcome.h"

namespace waybill::policy {

inline constexpr size_t kAliasDepthMax = 10;
inline constexpr size_t kAliasAddressesMax = 1000;  ///< that one address may lead to, over all levels

/// What a directory knows of one local part.
struct DirectoryEntry {
  bool mailbox = false;              ///< somebody of that name has one
  std::vector<mail::Address> alias;  ///< whom the name stands for; empty: it is no alias
};

/// The names of one domain.
class Directory {
 public:
  virtual ~Directory() = default;
  /// `local` in lower case and as a whole: what follows a delimiter is the caller's business. An error: it
  /// can't be found out now. Called on sessions' threads, at once from several: an implementation that must
  /// wait for another host answers from what it has fetched.
  [[nodiscard]] virtual Result<DirectoryEntry> find(std::string_view local) const = 0;
};

/// Names held in memory: those of the configuration and its files.
class ListedDirectory final : public Directory {
 public:
  using Users = std::set<std::string, std::less<>>;
  using Aliases = std::map<std::string, std::vector<mail::Address>, std::less<>>;
  /// `users` and the names of `aliases` in lower case; no `users`: everyone has a mailbox.
  ListedDirectory(std::optional<Users> users, Aliases aliases)
      : users_(std::move(users)), aliases_(std::move(aliases)) {}
  [[nodiscard]] Result<DirectoryEntry> find(std::string_view local) const override;

 private:
  std::optional<Users> users_;
  Aliases aliases_;
};

struct LocalDomain {
  std::shared_ptr<const Directory> directory;
  std::string delimiter = "+";           ///< john+lists is john; empty: nothing is
  std::vector<mail::Address> catch_all;  ///< who receives the mail of names that nobody has
};

/// One alias or catch-all on the way, for explanations.
struct ExpansionStep {
  std::string from;  ///< "sales@example.org", or "@example.org" for the catch-all
  std::vector<mail::Address> to;
};

struct Expansion {
  /// 550 5.1.1 for a name that nobody has; 451 for what can't be said now.
  std::optional<mail::Reply> refusal;
  /// Who receives the mail, each once, in the order of the aliases: `given` itself where it has a mailbox,
  /// and whatever is not of these domains as it is. Empty only when refused.
  std::vector<mail::Address> to;
  std::vector<ExpansionStep> steps;    ///< empty: nothing stood for `given`
  std::vector<mail::Address> nowhere;  ///< of these domains, but nobody has the name: left out
  [[nodiscard]] bool accepted() const { return !refusal.has_value(); }
};

class Recipients {
 public:
  Recipients() = default;
  /// By the domain's text: the domains that end here, exactly these: none stands for those below it.
  explicit Recipients(std::map<std::string, LocalDomain> domains) : domains_(std::move(domains)) {}

  [[nodiscard]] bool is_local(const mail::Domain& domain) const { return domains_.contains(domain.text()); }
  /// An address of any domain; one that is not local leads to itself.
  [[nodiscard]] Expansion expand(const mail::Address& given) const;

 private:
  std::map<std::string, LocalDomain> domains_;
};

}  // namespace waybill::policy
