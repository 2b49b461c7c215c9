// mail.h: what a change means for mail, in words: who receives, who may send, what is enforced, how long
// caches hold it (check 113, change.mail). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "check/change/view.h"

namespace waybill::check::change {

enum class Topic : uint8_t { receive, send, enforce, lifetime };
[[nodiscard]] std::string_view to_string(Topic topic);

struct Change {
  Topic topic = Topic::receive;
  std::string subject;  ///< "mail for example.org", "SPF", "DMARC", "DANE of mx1.example.org"
  std::string before;   ///< as one line; never empty: "none"
  std::string after;
  std::vector<std::string> words;  ///< the same, as sentences, where there is more to say
  bool operator==(const Change&) const = default;
};

/// Nothing of what is unknown in either world is among them: that is reported to `unknown`.
[[nodiscard]] std::vector<Change> mail_changes(const Move& move, const View& view, Report& unknown);

/// The check that the unknowns are reported under.
extern const Check change_mail;

}  // namespace waybill::check::change
