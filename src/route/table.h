// table.h: the route table of the configuration: which mail goes which way (`[route."*"]`), by the
// recipient's domain first, then by who sent it and where it came in. The choice tells its reasons. Immutable
// after it is built: readers on any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mail/address.h"
#include "mail/patterns.h"
#include "route/plan.h"
#include "route/request.h"

namespace waybill::route {

/// One entry. Without conditions it is for all mail to its pattern.
struct Entry {
  std::string pattern;  ///< as add() takes it; inside the table folded
  Way way;
  std::vector<mail::SenderPattern> senders;      ///< empty: any
  std::vector<mail::ListenerPattern> listeners;  ///< empty: any
  size_t number = 0;  ///< the caller's, for what the table does not know (credentials)

  [[nodiscard]] bool conditional() const { return !senders.empty() || !listeners.empty(); }
  /// "the entry "*" for senders @example.org"
  [[nodiscard]] std::string to_string() const;
};

/// The mail that looks for its way.
struct Query {
  mail::Domain domain;  ///< the recipient's
  Role role = Role::foreign;
  std::optional<mail::ReversePath> sender = mail::ReversePath{};  ///< none: not known
  std::string listener;                                           ///< Origin::listener; empty: not known
  bool released = false;  ///< an operator let it go: what holds is passed over
};

struct Choice {
  /// An entry that matched by its pattern, up to the one that was taken.
  struct Considered {
    const Entry* entry = nullptr;
    std::string passed_over;  ///< why; empty: it was taken
  };
  Way way;                       ///< mx when no entry applies
  const Entry* entry = nullptr;  ///< none applies; valid as long as the table
  std::vector<Considered> considered;
};

class RouteTable {
 public:
  /// `pattern`: "*" (everything, literals too), "example.org" (that domain alone), "*.example.org"
  /// (everything below it, not itself), "[192.0.2.1]" (that literal). Of one pattern's entries the first
  /// counts whose conditions hold. Errors: a bad pattern, or an entry behind one that takes all.
  Status add(Entry entry);
  /// One entry without conditions; `way` as Way::parse() takes it.
  Status add(std::string_view pattern, std::string_view way);

  /// The most specific pattern wins: the exact domain, then the longest wildcard, then "*", else plain MX.
  /// Where no entry of a pattern applies, the next wider one is asked.
  /// Mail that we hold as a backup goes by the MX records alone: no entry applies to it.
  [[nodiscard]] Choice choose(const Query& query) const;
  /// For mail of unknown sender and listener: entries with conditions don't apply.
  [[nodiscard]] Way find(const mail::Domain& domain, Role role) const;
  /// The pattern behind find(); empty when none matched or applied.
  [[nodiscard]] std::string match(const mail::Domain& domain, Role role) const;
  [[nodiscard]] size_t size() const;

 private:
  std::map<std::string, std::vector<Entry>, std::less<>> entries_;
};

/// The choice as the first steps of a plan's explanation.
void explain(const Choice& choice, const Query& query, Plan& plan);

}  // namespace waybill::route
