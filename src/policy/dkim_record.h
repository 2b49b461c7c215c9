// dkim_record.h: DKIM key records (RFC 6376 3.6.1, RFC 8301, RFC 8463) as values, with what is wrong in them.
// Pure. Keys alone: no signature is made or verified here. Copies of the key's octets are parsed by OpenSSL,
// at most 16 KiB of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/tag_list.h"

namespace waybill::policy {

enum class DkimKeyType : uint8_t { rsa, ed25519, other };

struct DkimRecord {
  DkimKeyType type = DkimKeyType::rsa;  ///< k=
  bool revoked = false;                 ///< p= is there and empty
  int bits = 0;                         ///< of the key; 0: it could not be read, or is revoked
  bool testing = false;                 ///< t=y
  std::vector<std::string> services;    ///< s=
  std::vector<Tag> unknown;             ///< ignored by verifiers
  std::vector<TagFault> faults;         ///< any of them, and verifiers take no signature by this key
};

/// `text`: the strings of the TXT record joined without a blank.
[[nodiscard]] DkimRecord parse_dkim(std::string_view text);

/// Quotation marks inside the text, as they come from pasting `"part one" "part two"` into a form that takes
/// the text alone. The text without them and the blanks between, if there are any.
[[nodiscard]] std::optional<std::string> without_pasted_quotes(std::string_view text);

}  // namespace waybill::policy
