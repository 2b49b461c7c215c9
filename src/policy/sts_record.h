// sts_record.h: reads the TXT record that announces an MTA-STS policy (RFC 8461 3.1). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace waybill::policy {

struct StsRecord {
  enum class State : uint8_t {
    none,
    valid,
    several,    ///< as good as none
    malformed,  ///< as good as none
  };
  State state = State::none;
  std::string id;   ///< of a valid one; a new id means that the policy changed
  std::string why;  ///< of several and malformed, one line
};

/// `texts`: each TXT record at `_mta-sts.DOMAIN`, its strings joined. Others than STS records among them do
/// no harm. What only resembles one (`v=stsv1`) is malformed when there is no better: to senders it is none.
[[nodiscard]] StsRecord read_sts_record(const std::vector<std::string>& texts);

}  // namespace waybill::policy
