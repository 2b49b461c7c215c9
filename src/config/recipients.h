// recipients.h: who exists in each domain and who stands for whom, from the configuration and from the files
// that it names (users_file, aliases_file, [srs] secret_file): read at start, at every reload and by `waybill
// config check`.
//
// Thread rule: plain values. Failure: every fault of every file at once, each with file and line. Hostile
// text is fine: it ends in errors, at most kErrorsMax of them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace waybill::config {

inline constexpr size_t kAliasTargetsMax = 1000;  ///< of one alias
inline constexpr size_t kRecipientFileOctetsMax = 256 * kMiB;
inline constexpr size_t kSrsSecretOctetsMin = 16;

struct Alias {
  std::vector<mail::Address> to;  ///< at least one
  std::string file;               ///< where it is defined
  Where where;
  bool operator==(const Alias& other) const { return to == other.to; }
};

struct DomainRecipients {
  /// Local parts in lower case, of `users` and `users_file`; absent: everyone exists.
  std::optional<std::set<std::string, std::less<>>> users;
  std::map<std::string, Alias, std::less<>> aliases;  ///< by local part in lower case
  std::vector<mail::Address> catch_all;
  bool operator==(const DomainRecipients&) const = default;
};

struct Recipients {
  std::map<std::string, DomainRecipients> domains;  ///< by the domain's text
  std::vector<std::string> srs_secrets;             ///< the first signs; empty: no SRS
  bool operator==(const Recipients&) const = default;
};

/// `config_file` names the configuration in messages.
[[nodiscard]] std::expected<Recipients, Errors> load_recipients(const Config& config,
                                                                const std::string& config_file);

/// Who is meant by "john" (of `domain`) or "ann@example.net". Errors: what an aliases file of another mail
/// system could hold and this one does not do (commands, files, :include:), and what is no address.
[[nodiscard]] Result<mail::Address> alias_target(std::string_view text, const mail::Domain& domain);

/// The text of an aliases file: "name: target, target" a line; a line that begins with white space goes on;
/// "#" begins a comment. Faults are added to `errors`.
[[nodiscard]] std::map<std::string, Alias, std::less<>> parse_aliases(std::string_view text,
                                                                      const std::string& file,
                                                                      const mail::Domain& domain,
                                                                      Errors& errors);
/// The text of a users file: one local part a line; "#" begins a comment.
[[nodiscard]] std::set<std::string, std::less<>> parse_users(std::string_view text, const std::string& file,
                                                             const Domain& domain, Errors& errors);

}  // namespace waybill::config
