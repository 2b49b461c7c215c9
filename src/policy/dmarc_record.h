// dmarc_record.h: DMARC policy records (RFC 9989 4.7) as values, with what is wrong in them. Pure. Records
// alone: messages are not judged here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/answer.h"
#include "policy/tag_list.h"

namespace waybill::policy {

/// In order of strength.
enum class DmarcPolicy : uint8_t { none, quarantine, reject };
[[nodiscard]] std::string_view to_string(DmarcPolicy policy);
/// What a receiver is asked to do under t=y: one step less (4.7).
[[nodiscard]] DmarcPolicy while_testing(DmarcPolicy policy);

enum class DmarcPsd : uint8_t { no, yes, unknown };

struct DmarcUri {
  std::string text;
  std::string address;              ///< of mailto:, without what follows "?" or "!"
  std::optional<dns::Name> domain;  ///< of the address
  Span place;
};

struct DmarcRecord {
  std::optional<DmarcPolicy> p, sp, np;
  bool testing = false;  ///< t=y
  DmarcPsd psd = DmarcPsd::unknown;
  std::vector<DmarcUri> rua, ruf;
  std::vector<Tag> unknown;      ///< tags that the RFC does not have: ignored
  std::vector<Tag> removed;      ///< pct, rf, ri, which RFC 7489 had: ignored
  std::vector<TagFault> faults;  ///< values that mean nothing, and what is no tag

  /// For mail from the domain at which the record stands. None: it asks for nothing, since neither p nor a
  /// usable rua is there (4.7).
  [[nodiscard]] std::optional<DmarcPolicy> policy() const;
  /// For existing subdomains (sp, else p), and for those that do not exist (np, else sp, else p).
  [[nodiscard]] std::optional<DmarcPolicy> policy_for_subdomains() const;
  [[nodiscard]] std::optional<DmarcPolicy> policy_for_missing_subdomains() const;
};

[[nodiscard]] DmarcRecord parse_dmarc(std::string_view text);

/// Those of the answer that begin with "v=DMARC1", of which there must be one (4.10), and what looks like
/// one.
struct DmarcTexts {
  std::vector<const dns::Record*> records;
  std::vector<std::string> texts;
  std::vector<std::string> nearly;
};
[[nodiscard]] DmarcTexts dmarc_texts(const dns::Answer& answer);

}  // namespace waybill::policy
