// faults.h: what the small authoritative server is to do wrong, for which names: scripted outages. Pure; the
// caller owns the table on one thread, because limited faults count down.
//
// One fault: PATTERN[/TYPE]=KIND[,times=N]
//   PATTERN  a name; "*.NAME": everything below it; "*": every name
//   KIND     servfail, refused, nxdomain, silent, truncate, delay:SPAN, wrong-id, wrong-question, wrong-port
// The first that matches counts, of those that are not used up. A file holds one a line; "#" begins a
// comment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "dns/record.h"

namespace waybill::resolve {

enum class FaultKind : uint8_t {
  servfail,
  refused,
  nxdomain,
  silent,
  truncate,  ///< TC and no records over UDP; whole over TCP
  delay,
  wrong_id,        ///< an answer that a resolver must ignore (RFC 5452 9), and no other
  wrong_question,  ///< the same
  wrong_port,      ///< the same, from another port; over TCP: silent
};

struct Fault {
  dns::Name name;
  enum class Reach : uint8_t { exact, below, all } reach = Reach::exact;
  std::optional<dns::Type> type;
  FaultKind kind = FaultKind::servfail;
  Millis delay{0};
  std::optional<uint32_t> times_left;

  [[nodiscard]] bool matches(const dns::Name& asked, dns::Type asked_type) const;
};

[[nodiscard]] Result<Fault> parse_fault(std::string_view text);
/// Errors name the line.
[[nodiscard]] Result<std::vector<Fault>> parse_fault_file(std::string_view text, std::string_view file_name);

class FaultTable {
 public:
  FaultTable() = default;
  explicit FaultTable(std::vector<Fault> faults) : faults_(std::move(faults)) {}
  /// The fault for this question, counted down; nothing: answer as it is.
  [[nodiscard]] std::optional<Fault> take(const dns::Name& name, dns::Type type);

 private:
  std::vector<Fault> faults_;
};

}  // namespace waybill::resolve
