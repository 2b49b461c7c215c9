// main_cf.h: Postfix's main.cf: parameters with their places, and their values with $name expanded
// (postconf(5)).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/import/import.h"
#include "config/import/lines.h"

namespace waybill::config::moving {

class MainCf {
 public:
  /// The last setting of a name counts. Lines without '=' are kept for odd().
  MainCf(std::string_view text, std::string file, const std::string& machine_name);

  [[nodiscard]] bool is_set(const std::string& name) const { return set_.contains(name); }
  /// Expanded; unset: Postfix's own default, or "". Errors: a name that refers to itself, ${name?…} which is
  /// not read, or an expansion without end.
  [[nodiscard]] Result<std::string> value(const std::string& name) const;
  /// The same for text that refers to parameters.
  [[nodiscard]] Result<std::string> expand(std::string_view text) const;
  /// value(), or "" where that fails.
  [[nodiscard]] std::string text(const std::string& name) const { return value(name).value_or(""); }
  [[nodiscard]] Origin origin(const std::string& name) const;
  [[nodiscard]] const std::vector<Line>& odd() const { return odd_; }
  [[nodiscard]] const std::map<std::string, Pair>& all() const { return set_; }

 private:
  struct Expansion {
    std::set<std::string> open;  ///< names that are being expanded
    std::string out;
    size_t steps = 0;
  };
  [[nodiscard]] Status expand_into(std::string_view text, Expansion& expansion) const;
  [[nodiscard]] Status expand_name(const std::string& name, Expansion& expansion) const;

  std::string file_;
  std::string machine_name_;
  std::map<std::string, Pair> set_;
  std::vector<Line> odd_;
};

/// "5d", "4h", "300": Postfix's times, whose default unit differs by parameter ('s', 'h', 'd').
[[nodiscard]] std::optional<Millis> postfix_time(std::string_view text, char default_unit);

}  // namespace waybill::config::moving
