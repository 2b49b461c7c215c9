// change.h: the checks of a change: they judge the way from the live world to the proposed one, not one
// world. Each stands in the file of its name, with a page of its id in docs/checks/.
#pragma once

#include <span>

#include "check/change/view.h"

namespace waybill::check::change {

struct ChangeCheck {
  Check about;  ///< without `run`: id, number, title, ref
  void (*run)(const Move& move, const View& view, Report& report) = nullptr;
};

extern const ChangeCheck ttl_too_long;
extern const ChangeCheck host_ttl_below_mx;
extern const ChangeCheck sts_outlives;
extern const ChangeCheck tlsa_too_late;
extern const ChangeCheck selector_removed;
extern const ChangeCheck sts_id_unchanged;

/// All of them, in the order in which they are reported.
[[nodiscard]] std::span<const ChangeCheck* const> change_checks();

/// How the two sets of TLSA records of a host that stays follow one another.
enum class KeyChange : uint8_t {
  none,      ///< the sets are equal, or one of them is empty or unknown
  overlaps,  ///< a record stays: whoever holds the old set still finds a match
  replaced,  ///< none stays: the key changes, and a cached set does not match the new one
};
[[nodiscard]] KeyChange key_change(const HostPair& host);

/// A part of a DKIM record that verifiers read: its key. Empty: none, or a revoked one (`p=`).
[[nodiscard]] std::string dkim_key(const SetPair& selector, const dns::Answer& answer);

/// Records that go away while senders may still act by them, so that a cache does harm after the cut-over: an
/// MX host that goes, or a null MX; an address; SPF that lacks a new sender. What is only added does none.
[[nodiscard]] bool stale_does_harm(const View& view, const SetPair& set);

/// SPF terms that the other text has and this one lacks, compared without case.
[[nodiscard]] std::vector<std::string> spf_terms_only_in(const std::string& text, const std::string& other);
/// `after` lets somebody send whom `before` does not.
[[nodiscard]] bool spf_allows_more(const std::string& before, const std::string& after);
/// The one SPF text of this world; empty if there is none, or several (which is none to receivers, RFC
/// 7208 4.5).
[[nodiscard]] std::string spf_text(const SetPair& spf, const dns::Answer& answer);

/// An MTA-STS id made from a time: "20261121024910" (RFC 8461 3.1: 1 to 32 letters and digits).
[[nodiscard]] std::string sts_id(Time time);

}  // namespace waybill::check::change
