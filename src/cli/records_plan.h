// records_plan.h: what a configuration needs published in the DNS, each record with its reason. Pure: a
// configuration and what the DNS says come in. Only what the daemon really uses: no DKIM, DMARC, TLSA or
// MTA-STS, for it signs nothing and reads none of them yet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "dns/answer.h"

namespace waybill::cli {

enum class Presence : uint8_t {
  not_asked,
  present,
  differing,  ///< the DNS has something else at this place
  missing,    ///< the DNS says: nothing there
  unknown,    ///< the DNS could not say: never shown as missing
};
[[nodiscard]] std::string_view to_string(Presence presence);

struct WantedRecord {
  dns::Record record;
  std::string why;  ///< one sentence
  Presence presence = Presence::not_asked;
  std::vector<std::string> live;       ///< what stands there instead or besides, as a zone file has it
  std::string remark;                  ///< of differing and unknown: one sentence
  std::vector<dns::Record> to_remove;  ///< that the wanted one replaces
  bool others = false;                 ///< a record of others that belongs beside ours: never to be changed
};

struct RecordsOptions {
  std::vector<IpAddress> addresses;  ///< empty: the listeners' and self_addresses
  std::optional<uint16_t> preference;
  uint32_t ttl_s = 3600;
  bool allow_loopback = false;
};

struct RecordsPlan {
  std::vector<WantedRecord> records;
  /// What the operator must know or add, one sentence each.
  std::vector<std::string> notes;
  bool complete = true;  ///< false: something is needed that the configuration does not tell
};

/// Preferences that are written where neither the option nor the live DNS gives one.
inline constexpr uint16_t kPrimaryPreference = 10, kBackupPreference = 20;

/// What to ask before plan_records(): the MX sets of backup domains, for a backup's record stands beside
/// others'.
[[nodiscard]] std::vector<dns::Question> questions_before(const config::Config& config);
/// Errors: invalid: a hostname that can't be published, or an address that must not be.
[[nodiscard]] Result<RecordsPlan> plan_records(const config::Config& config, const RecordsOptions& options,
                                               const dns::Facts& facts);

/// What to ask to compare the plan with the live DNS.
[[nodiscard]] std::vector<dns::Question> questions_of(const RecordsPlan& plan);
/// Marks each record as present, differing, missing or unknown. A question that `facts` lacks leaves
/// not_asked.
void compare_with(const dns::Facts& facts, RecordsPlan& plan);

/// The first octets are those of an SPF record (RFC 7208 4.5).
[[nodiscard]] bool is_spf(const dns::Record& record);

}  // namespace waybill::cli
