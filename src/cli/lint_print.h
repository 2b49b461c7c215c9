// lint_print.h: what `waybill lint` prints: findings as compilers have them, so that editors jump to the
// place. Pure but for SourceLines, which reads the files again.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/findings_print.h"
#include "cli/lint_run.h"

namespace waybill::cli {

/// The lines of the files that findings name.
class SourceLines {
 public:
  /// A text that is no file: standard input.
  void put(const std::string& file, std::string_view text);
  /// Without its end; empty if there is no such line, or the file can't be read (again).
  [[nodiscard]] std::string line(const check::Where& where);

 private:
  std::map<std::string, std::vector<std::string>> files_;
};

using SourceLine = std::function<std::string(const check::Where&)>;

/// "zone:12:7: error: mail.example.org: MX 10 names an alias … [zone.mx-to-cname]", the line with a caret,
/// want, fix.
[[nodiscard]] std::string lint_finding_text(const check::Finding& finding, const Leniency& leniency,
                                            Paint paint, const SourceLine& source_line);
/// All findings of a file, and the line that sums up.
[[nodiscard]] std::string linted_text(const std::string& file, const Linted& linted, const Leniency& leniency,
                                      Paint paint, const SourceLine& source_line);
/// A line a finding, then
/// {"v":1,"file","summary":{"fine","checks","outside","domains","domains_left_out","error",
/// "warning","notice","unknown","allowed"}}.
[[nodiscard]] std::string linted_json(const std::string& file, const Linted& linted,
                                      const Leniency& leniency);

}  // namespace waybill::cli
