#include <fmt/format.h>

#include <numeric>

#include "cli/bulk_lookup.h"

namespace waybill::cli {
namespace {
using route::MailStatus;
constexpr std::array kStatuses{MailStatus::ok,      MailStatus::no_domain,    MailStatus::no_mail,
                               MailStatus::null_mx, MailStatus::temp_failure, MailStatus::bogus};
}  // namespace

uint64_t BulkCounts::done() const { return std::accumulate(by_status.begin(), by_status.end(), bad_lines); }

uint64_t BulkCounts::unknown() const {
  return by_status[static_cast<size_t>(MailStatus::temp_failure)] +
         by_status[static_cast<size_t>(MailStatus::bogus)];
}

std::string loss_text(const resolve::StubCounts& queries) {
  if (queries.queries == 0 || queries.lost == 0) return "0%";
  const double percent = 100.0 * static_cast<double>(queries.lost) / static_cast<double>(queries.queries);
  return percent < 0.01 ? "under 0.01%" : fmt::format("{:.2f}%", percent);
}

std::string bulk_summary(const BulkCounts& counts, double seconds, const resolve::StubCounts* queries) {
  const auto a_second = [seconds](uint64_t count) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
  };
  std::string out =
      fmt::format("{} names in {:.1f} s, {:.0f} a second", counts.done(), seconds, a_second(counts.done()));
  if (counts.earlier != 0) out += fmt::format("; {} more were in the output already", counts.earlier);
  out += '\n';
  if (queries != nullptr) {
    out += fmt::format(
        "{} queries, {:.0f} a second; {} lost ({}), {} sent again, {} over TCP, {} refused or failed\n",
        queries->queries, a_second(queries->queries), queries->lost, loss_text(*queries), queries->again,
        queries->over_tcp, queries->refused);
  }
  std::string states;
  for (const MailStatus status : kStatuses) {
    const uint64_t count = counts.by_status[static_cast<size_t>(status)];
    if (count != 0) states += fmt::format("{}{} {}", states.empty() ? "" : ", ", to_string(status), count);
  }
  if (counts.bad_lines != 0)
    states += fmt::format("{}bad lines {}", states.empty() ? "" : ", ", counts.bad_lines);
  if (!states.empty()) out += states + "\n";
  return out;
}

}  // namespace waybill::cli
