// schema_backup.cc: the keys of [callout].
#include "config/schema_key.h"

namespace waybill::config {

using std::chrono::days;
using std::chrono::minutes;

const Section<Callout>& callout_section() {
  static const Section<Callout> section{
      "callout",
      "How a backup with recipients = \"callout\" asks the better MX whether a recipient exists.",
      {
          key("timeout", "how long the answer to RCPT waits for it; then the recipient is unknown",
              &Callout::timeout, Duration{Seconds{1}, minutes{2}}),
          key("known_for", "how long a recipient that exists is remembered: longer than any outage",
              &Callout::known_for, Duration{minutes{1}, days{366}}),
          key("refresh_after", "when such a one is asked for again, while the better MX answers",
              &Callout::refresh_after, Duration{minutes{1}, days{366}}),
          key("refused_for", "how long one that does not exist is remembered", &Callout::refused_for,
              Duration{Seconds{1}, days{31}}),
          key("connections", "connections at once, to one domain's MX", &Callout::connections, Count{1, 100}),
          key("per_minute", "recipients asked for in a minute, of one domain", &Callout::per_minute,
              Count{1, 100'000}),
          key("entries", "recipients remembered at most, of those that exist and of those that do not",
              &Callout::entries, Count{1000, 10'000'000}),
      }};
  return section;
}

}  // namespace waybill::config
