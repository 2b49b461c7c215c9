// unbound_context.h: a libunbound context on an event base, configured once. All calls on one thread at a
// time; after the first question, only on the resolver's own. libunbound itself bounds what DNSSEC may cost
// (KeyTrap, CVE-2023-50387: fixed in 1.19.1 and in Debian's 1.17.1-2+deb12u2); waybill adds only its own
// deadline for each question.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "resolve/options.h"

struct event_base;
struct ub_ctx;

namespace waybill::resolve {

struct UnboundDeleter {
  void operator()(ub_ctx* context) const;
};
using UnboundContext = std::unique_ptr<ub_ctx, UnboundDeleter>;

/// `options.servers` must be filled in already for Mode::forward.
[[nodiscard]] Result<UnboundContext> make_unbound_context(event_base* base, const Options& options);

/// What libunbound last said on this thread about a SERVFAIL: who answered what. Empties it.
[[nodiscard]] std::string take_unbound_complaint();

}  // namespace waybill::resolve
