#include "policy/pressure.h"

#include <fmt/format.h>

#include <algorithm>

namespace waybill::policy {

std::optional<uint32_t> percent_of_limit(Pressure what, const PressureReading& reading) {
  if (reading.limit == 0 || !reading.value) return std::nullopt;
  const auto value = static_cast<double>(*reading.value);
  const auto limit = static_cast<double>(reading.limit);
  // Free space runs out downwards: with just the reserve left it is at its limit.
  // Times 100 first: 29 of 100 are 29 %, which 0.29 is not.
  const double percent = what == Pressure::disk ? limit * 100 / std::max(value, 1.0) : value * 100 / limit;
  return static_cast<uint32_t>(std::min(percent, static_cast<double>(kPercentMost)));
}

void PressureSwitch::step(uint32_t percent, uint32_t on_at, uint32_t off_below, Millis dwell, Steady now) {
  if (percent >= on_at) on_ = true;
  if (!on_) return;
  if (percent >= off_below) {
    hot_ = now;
  } else if (now - hot_ >= dwell) {
    on_ = false;
  }
}

Shed ShedNow::most() const {
  Shed out = Shed::nobody;
  for (const Pressure what : kAllPressures) out = std::max(out, of(what));
  return out;
}

std::vector<PressureGauge::Change> PressureGauge::step(const PressureReadings& readings, Steady now) {
  std::vector<Change> changes;
  for (const Pressure what : kAllPressures) {
    const auto n = static_cast<size_t>(what);
    Switches& switches = switches_[n];
    const Shed before = level(what);
    const auto percent = percent_of_limit(what, readings[n]);
    if (readings[n].limit == 0) {
      switches = {};
    } else if (!percent) {
      switches.strangers.hold(now);
      switches.everyone.hold(now);
    } else {
      // The upper switch opens again at the lower one's mark: trusted clients come back first.
      switches.strangers.step(*percent, marks_.strangers_percent, marks_.recover_percent, marks_.dwell, now);
      switches.everyone.step(*percent, marks_.everyone_percent, marks_.strangers_percent, marks_.dwell, now);
    }
    if (const Shed after = level(what); after != before) changes.push_back({what, before, after});
  }
  return changes;
}

Shed PressureGauge::level(Pressure what) const {
  const Switches& switches = switches_[static_cast<size_t>(what)];
  if (switches.everyone.on()) return Shed::everyone;
  return switches.strangers.on() ? Shed::strangers : Shed::nobody;
}

ShedNow PressureGauge::now() const {
  uint32_t packed = 0;
  for (const Pressure what : kAllPressures)
    packed |= static_cast<uint32_t>(level(what)) << (2 * static_cast<unsigned>(what));
  return ShedNow(packed);
}

namespace {
std::optional<Pressure> first_that_sheds(ShedNow now, Standing who, bool connections) {
  if (now.packed() == 0) return std::nullopt;
  for (const Pressure what : kAllPressures)
    if (costs_connections(what) == connections && now.applies(what, who)) return what;
  return std::nullopt;
}
}  // namespace

std::optional<Pressure> shed_connection(ShedNow now, Standing who) {
  return first_that_sheds(now, who, true);
}
std::optional<Pressure> shed_mail(ShedNow now, Standing who) { return first_that_sheds(now, who, false); }

mail::Reply shed_reply(Pressure what, std::string_view hostname) {
  // RFC 3463 3.4: X.3.1 the mail system has no room, X.3.2 it does not accept messages now.
  if (costs_connections(what))
    return {421, {4, 3, 2}, fmt::format("{} has too much to do at the moment, try again later", hostname)};
  if (what == Pressure::disk) return {452, {4, 3, 1}, "not enough room for new mail, try again later"};
  return {452, {4, 3, 2}, "too much to do at the moment, try again later"};
}

std::string_view to_string(Pressure what) {
  switch (what) {
    case Pressure::queue:
      return "queue";
    case Pressure::disk:
      return "disk";
    case Pressure::memory:
      return "memory";
    case Pressure::descriptors:
      return "descriptors";
    case Pressure::commit_latency:
      return "commit_latency";
  }
  return "?";
}

std::string_view to_string(Shed level) {
  switch (level) {
    case Shed::nobody:
      return "nobody";
    case Shed::strangers:
      return "strangers";
    case Shed::everyone:
      return "everyone";
  }
  return "?";
}

std::string_view unit_of(Pressure what) {
  switch (what) {
    case Pressure::queue:
      return "recipients";
    case Pressure::disk:
    case Pressure::memory:
      return "octets";
    case Pressure::descriptors:
      return "descriptors";
    case Pressure::commit_latency:
      return "ms";
  }
  return "?";
}

std::string_view remedy_of(Pressure what) {
  switch (what) {
    case Pressure::queue:
      return "see where mail waits with `waybill status` and `waybill queue list`, or raise overload.queue";
    case Pressure::disk:
      return "free space on the disk of data_dir, or lower queue.reserve";
    case Pressure::memory:
      return "lower limits.sessions or queue.window, or give the machine more and raise overload.memory";
    case Pressure::descriptors:
      return "raise LimitNOFILE of the service, or lower limits.sessions and deliver.connections";
    case Pressure::commit_latency:
      return "see what else keeps the disk of data_dir busy (iostat -x 1), or whether it is failing (dmesg)";
  }
  return "?";
}

}  // namespace waybill::policy
