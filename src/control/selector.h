// selector.h: the one language in which an operator names recipients: the same words as options of every
// queue verb, as query parameters of GET /v1/queue, and as members of "selector" in POST /v1/queue/act.
//
//   id      message id               domain  recipient's domain, or "*.example.org" for everything below
//   from    sender: address, "@domain", or "<>" for the null sender       to     recipient's address
//   host    host of the last attempt                   reply   a part of the last reply, in any case
//   state   queued | held            older, younger   than this since arrival: "2h", "5d", "1h30m"
//   all     everything that the rest leaves: needed when nothing else restricts
//
// Bare words are shorthand: a message id, an address (to), or a domain. Pure; the failure is always
// `invalid`.
#pragma once

#include "control/types.h"

namespace waybill::control {

/// A selector as text; "" means not given.
struct SelectorText {
  std::string id, domain, from, to, host, reply, state, older, younger;
  bool all = false;
  std::vector<std::string> words;

  /// Sets the field of this name; not_found when there is none of that name.
  [[nodiscard]] Status set(std::string_view name, std::string value);
};

/// Checks and normalises: domains become lower-case A-labels, addresses their wire form.
[[nodiscard]] Result<Selector> parse_selector(const SelectorText& text);
/// The inverse: parse_selector(to_text(s)) == s for every s that parse_selector made.
[[nodiscard]] SelectorText to_text(const Selector& selector);
/// The fields that are given, by name, in the order above; durations in milliseconds.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> given_fields(const Selector& selector);
/// "domain example.org, state held, older than 2h"; "everything" when nothing restricts.
[[nodiscard]] std::string describe(const Selector& selector);

inline constexpr size_t kSelectorTextOctetsMax = 1024;  ///< of one field

}  // namespace waybill::control
