// check_print.h: what `waybill check` prints for one domain and for many. Pure.
#pragma once

#include <string>
#include <vector>

#include "check/run.h"
#include "cli/findings_print.h"

namespace waybill::cli {

/// How a domain's checks ended.
struct Checked {
  std::string domain;
  std::vector<check::Ran> ran;  ///< empty: a bug of ours
  [[nodiscard]] std::vector<check::Finding> findings() const;
  /// Checks by what became of them.
  [[nodiscard]] size_t count(check::State state) const;
};

/// Headline, findings, and a line that says how many checks were fine; with `all` every check's own outcome.
enum class Detail : uint8_t { findings, all };
[[nodiscard]] std::string checked_text(const Checked& checked, const Leniency& leniency, Detail detail,
                                       Paint paint);
/// A line a finding, then one that sums up:
/// {"v":1,"domain","summary":{"fine","findings","unknown","left_out", "error","warning","notice","allowed"}}.
[[nodiscard]] std::string checked_json(const Checked& checked, const Leniency& leniency);
/// The table at the end of many domains: a row each.
[[nodiscard]] std::string many_table(const std::vector<Checked>& all, const Leniency& leniency, Paint paint);
/// All checks there are, for --list: those of `lint` and `plan`, too. JSON, a line each:
/// {"v":1,"id","title","ref","option","verb"}.
[[nodiscard]] std::string list_text(Paint paint);
[[nodiscard]] std::string list_json();

}  // namespace waybill::cli
