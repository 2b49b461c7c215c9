// finding.h: what a check says: one fault with what was got, what was wanted, the clause and the mend.
// Values; the same shape for `check`, `lint` and `plan` (design.md's JSON contract).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/record.h"

namespace waybill::check {

/// In order of weight. `unknown`: it could not be found out, which is never shown as a fault or as "missing".
enum class Level : uint8_t { notice, warning, error, unknown };
[[nodiscard]] std::string_view to_string(Level level);

/// A place in a zone file; lines and columns count from 1.
struct Where {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const Where&) const = default;
};

/// The record a finding is about, by which `lint` finds its place in the file.
struct About {
  dns::Name owner;
  dns::Type type = dns::Type::mx;
  std::optional<dns::Data> data;  ///< none: the whole set
  bool operator==(const About&) const = default;
};

struct Finding {
  std::string id;  ///< "mx.target-is-cname": stable; docs/checks/ has a page of that name
  Level level = Level::error;
  std::string subject;  ///< the domain, host, address or record that it is about
  std::string got;
  std::string want;
  std::string ref;  ///< "RFC 2181 10.3"; empty: our own policy
  std::string fix;  ///< one line
  std::optional<Where> where;
  std::optional<About> about;
  bool operator==(const Finding&) const = default;
};

}  // namespace waybill::check
