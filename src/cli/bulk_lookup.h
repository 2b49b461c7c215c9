// bulk_lookup.h: `waybill lookup --input`: tens of millions of names through one resolver, as a stream.
// Memory is bounded by what is under way and by what waits for an earlier name's answer, never by the input.
// One line of output for each name, in the order of the input.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "cli/dns_options.h"
#include "cli/lookup_print.h"
#include "cli/verbs.h"
#include "resolve/stub_exchange.h"

namespace waybill::cli {

struct BulkOptions {
  std::string input;   ///< "-": stdin
  std::string output;  ///< empty: stdout
  bool resume = false;
  size_t concurrency = 256;   ///< names under way at most, and questions to one server
  double per_second_max = 0;  ///< queries a second to each server; 0: as many as its window lets through
  bool direct = false;        ///< by the stub client, without validation
  LookupFormat format = LookupFormat::json;
  Length length = Length::full;
  route::AskPtr ask_ptr = route::AskPtr::yes;
  DnsOptions dns;
};

/// What came out, by status; bad lines are none of a domain's.
struct BulkCounts {
  std::array<uint64_t, 6> by_status{};  ///< by route::MailStatus
  uint64_t bad_lines = 0;
  uint64_t earlier = 0;  ///< names that the output held already

  [[nodiscard]] uint64_t done() const;
  [[nodiscard]] uint64_t unknown() const;
};
/// The report at the end, for people; several lines. `queries` is null where libunbound did the asking. Pure.
[[nodiscard]] std::string bulk_summary(const BulkCounts& counts, double seconds,
                                       const resolve::StubCounts* queries);
/// The share of queries that got no answer in time, in percent, as text: "0%", "0.02%".
[[nodiscard]] std::string loss_text(const resolve::StubCounts& queries);

/// Exit: the gravest of all names', as of a lookup of several; 130 when a signal ended it; 5 when the output
/// holds something already.
[[nodiscard]] int run_bulk(const BulkOptions& options, const Context& context);

}  // namespace waybill::cli
