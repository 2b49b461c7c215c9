// backend_recovery.cc: for `queue why`: how a destination stands, and when its queue will be empty.
#include <algorithm>
#include <cmath>

#include "daemon/backend.h"
#include "daemon/convert.h"

namespace waybill::daemon {
namespace {
/// Entries of the index that are counted; beyond it is "at least".
constexpr size_t kCountMax = 100'000;
constexpr size_t kPage = 1000;

struct Counted {
  uint64_t queued = 0;
  bool least = false;
};

Counted count_queued(const queue::Store& store, const std::vector<std::string>& domains) {
  Counted out;
  for (const std::string& domain : domains) {
    std::optional<queue::Due> after;
    while (true) {
      if (out.queued >= kCountMax) return {out.queued, true};
      const auto page = store.due_in_domain(domain, after, Time::max(), kPage);
      if (!page) return {out.queued, true};
      out.queued += page->size();
      if (page->size() < kPage) break;
      after = page->back();
    }
  }
  return out;
}

mail::Delivery as_delivery(Targeter::Asked asked) {
  auto envelope = std::make_shared<mail::Envelope>();
  envelope->from = std::move(asked.sender);
  mail::Delivery out;
  out.domain = std::move(asked.domain);
  out.envelope = std::move(envelope);
  out.listener = std::move(asked.listener);
  out.route_pin = std::move(asked.route_pin);
  out.released = asked.released;
  return out;
}

std::string rate_text(uint64_t per_minute) {
  const double rate = static_cast<double>(per_minute) / 60;
  return per_minute >= 60 ? fmt::format("{:.4g}/s", rate) : fmt::format("{}/min", per_minute);
}

std::string queue_text(const control::RecoveryStatus& status) {
  std::string out = fmt::format(
      "; {}{} for it", status.queued_is_least ? "at least " : "",
      status.queued == 1 ? "1 recipient waits" : fmt::format("{} recipients wait", status.queued));
  if (status.empty_in_s)
    out += fmt::format(", at this rate until {} from now",
                       format_duration(Seconds{static_cast<Seconds::rep>(*status.empty_in_s)}));
  return out;
}
}  // namespace

uint64_t per_minute(double rate) { return static_cast<uint64_t>(std::ceil(rate * 60 - 1e-6)); }

std::string describe(const control::RecoveryStatus& status, Time now) {
  std::string down;
  if (status.down_since) {
    down = fmt::format("down since {} ({})", format_rfc3339(*status.down_since),
                       format_duration(std::max(Millis{0}, now - *status.down_since)));
  }
  std::string out = "its destination ";
  if (status.phase == "down") {
    out += down.empty() ? "is down" : "is " + down;
    if (status.next_probe) {
      out += fmt::format("; it is probed with one message in {}",
                         format_duration(std::max(Millis{0}, *status.next_probe - now)));
    }
  } else if (status.phase == "probing") {
    out += "is being probed with one message, and nothing else goes there before that got through";
    if (!down.empty()) out += "; it is " + down;
  } else if (status.phase == "slow start") {
    out += fmt::format("is in a slow start: {} now, growing to {}", rate_text(status.rate_per_minute),
                       rate_text(status.rate_max_per_minute));
    if (status.paused_until) {
      out += fmt::format("; it asked for less, so nothing goes for {}",
                         format_duration(std::max(Millis{0}, *status.paused_until - now)));
    }
  } else {
    out += "is up";
    if (status.rate_per_minute > 0)
      out += fmt::format(", and took {} of late", rate_text(status.rate_per_minute));
    if (status.rate_max_per_minute > 0)
      out += fmt::format(", {} at most", rate_text(status.rate_max_per_minute));
  }
  return out + queue_text(status);
}

net::Task<std::optional<control::RecoveryStatus>> Backend::recovery_of(Targeter::Asked asked) {
  const mail::Domain domain = asked.domain;
  net::Callback<std::optional<deliver::Recovery>> waiting(parts_.loop);
  parts_.conductor_loop.post([this, asked = std::move(asked), answer = waiting.completer()]() mutable {
    auto shared = std::make_shared<decltype(answer)>(std::move(answer));
    parts_.manager.recovery(as_delivery(std::move(asked)), [shared](std::optional<deliver::Recovery> found) {
      (*shared)(std::move(found));
    });
  });
  const std::optional<deliver::Recovery> answer = co_await waiting;
  if (!answer) co_return std::nullopt;
  const deliver::Recovery& found = *answer;
  std::vector<std::string> domains{domain.text()};
  for (const mail::Domain& one : found.domains) {
    if (one != domain) domains.push_back(one.text());
  }
  std::move_only_function<Counted()> count = [this, domains] { return count_queued(parts_.store, domains); };
  const Counted counted = co_await on_reader<Counted>(std::move(count));
  using Phase = deliver::Recovery::Phase;
  const Time now = parts_.clock.now();
  control::RecoveryStatus out;
  out.phase = std::string(deliver::to_string(found.phase));
  if (found.down_for > Millis{0}) out.down_since = now - found.down_for;
  if (found.phase == Phase::down) out.next_probe = now + found.next_probe_in;
  if (found.paused_for > Millis{0}) out.paused_until = now + found.paused_for;
  out.rate_per_minute = per_minute(found.rate);
  out.rate_max_per_minute = per_minute(found.rate_max);
  out.fault = found.fault;
  out.queued = counted.queued;
  out.queued_is_least = counted.least;
  const bool flows = found.phase == Phase::slow_start || found.phase == Phase::normal;
  if (flows && found.rate >= 0.001) {
    const double paused = static_cast<double>(found.paused_for.count()) / 1000;
    out.empty_in_s =
        static_cast<uint64_t>(std::ceil(paused + static_cast<double>(counted.queued) / found.rate));
  }
  co_return out;
}

}  // namespace waybill::daemon
