// import.h: the configuration of another mail system as one of ours: what its files say, in TOML with a
// comment for each origin, and a list of what was not carried over and why.
//
// What holds whatever the files are: the TOML passes parse(), and it is never more open than the original: a
// network, a domain or a user that was not understood is left out and told, never guessed.
// Pure but for `read`. Hostile files are fine: bounds on everything, and every word of theirs in a comment is
// made printable.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace waybill::config::moving {

/// The content of a file. Errors: it cannot be read, or is larger than kImportOctetsMax.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;
inline constexpr size_t kImportOctetsMax = 16 * kMiB;
inline constexpr size_t kImportLinesMax = 1'000'000;

/// A setting in the original files. Line 0: the file as a whole, or a default.
struct Origin {
  std::string file;
  uint32_t line = 0;
  std::string setting;
  [[nodiscard]] std::string place() const;  ///< "main.cf:12"
  [[nodiscard]] std::string to_string()
      const;  ///< "main.cf:12: relayhost = [a.example]", printable, one line
};

/// Whether what was left out decides where mail goes or who may send; or only how it is treated on the way.
enum class Weight : uint8_t { decides, other };

struct NotCarried {
  Origin origin;
  std::string why;
  Weight weight = Weight::other;
};

struct Imported {
  std::string toml;
  std::vector<NotCarried> not_carried;
  [[nodiscard]] bool complete() const;  ///< nothing that decides was left out
};

/// The folder of main.cf and master.cf. `machine_name` stands for what Postfix asks the machine when
/// myhostname is not set. Errors: there is no main.cf that can be read.
[[nodiscard]] Result<Imported> import_postfix(const std::string& folder, const ReadFile& read,
                                              const std::string& machine_name);
/// A folder such as /etc/mail, or files by their usual names: relay-domains, local-host-names, mailertable,
/// virtusertable, access, aliases, and sendmail.mc or another *.mc. Errors: none of them can be read.
[[nodiscard]] Result<Imported> import_sendmail(const std::vector<std::string>& places, const ReadFile& read,
                                               const std::string& machine_name);

}  // namespace waybill::config::moving
