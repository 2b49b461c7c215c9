// table.h: the route table of the configuration: which pattern of domains goes which way (`[route."*"]`).
// Immutable after it is built: readers on any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mail/address.h"
#include "route/request.h"

namespace waybill::route {

class RouteTable {
 public:
  /// `pattern`: "*" (everything, literals too), "example.org" (that domain alone), "*.example.org"
  /// (everything below it, not itself), "[192.0.2.1]" (that literal). `via`: see Via. Errors: a bad pattern
  /// or via, or a pattern that stands there already.
  Status add(std::string_view pattern, std::string_view via);
  /// The most specific pattern wins: the exact domain, then the longest wildcard, then "*", else plain MX.
  /// Mail that we hold as a backup goes by the MX records alone: no entry applies to it.
  [[nodiscard]] Via find(const mail::Domain& domain, Role role) const;
  /// The pattern behind find(); empty when none matched or applied.
  [[nodiscard]] std::string_view match(const mail::Domain& domain, Role role) const;
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  [[nodiscard]] std::map<std::string, Via, std::less<>>::const_iterator locate(const mail::Domain& domain,
                                                                               Role role) const;

  std::map<std::string, Via, std::less<>> entries_;
};

}  // namespace waybill::route
