#include "daemon/overload.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "daemon/machine_readings.h"

namespace waybill::daemon {
namespace {
using policy::Pressure;
using policy::Shed;
using policy::Standing;

constexpr size_t index(Pressure what) { return static_cast<size_t>(what); }

uint64_t limit_of(const config::Ceiling& ceiling, std::optional<uint64_t> automatic) {
  return ceiling.automatic ? automatic.value_or(0) : ceiling.value;
}

// What a level means, for the log and for people.
std::string_view meaning_of(Pressure what, Shed level) {
  if (level == Shed::nobody) return "everyone is served again";
  const bool connections = policy::costs_connections(what);
  if (level == Shed::everyone)
    return connections ? "everyone gets 421; what was accepted goes on"
                       : "everyone gets 452; what was accepted goes on";
  return connections ? "strangers get 421, relay.trusted_networks are served"
                     : "strangers get 452, relay.trusted_networks are served";
}
}  // namespace

Overload::Overload(const Clock& clock) : clock_(clock), since_(clock.now()) {
  for (Known& known : known_) known.since = since_;
}

void Overload::configure(const config::Config& config, uint64_t reserve_octets) {
  const config::Overload& from = config.overload;
  gauge_.set_marks({.recover_percent = from.recover_percent,
                    .strangers_percent = from.shed_strangers_percent,
                    .everyone_percent = from.shed_everyone_percent,
                    .dwell = from.dwell});
  hostname_.store(std::make_shared<const std::string>(config.hostname.text()));
  spool_ = config.data_dir + "/spool";
  const auto memory = memory_max_octets();
  limits_[index(Pressure::queue)] = from.queue_recipients;
  limits_[index(Pressure::disk)] = reserve_octets;
  // The rest is the kernel's, for the spool's files in its cache, and other programs'.
  limits_[index(Pressure::memory)] = limit_of(from.memory, memory ? std::optional(*memory / 4 * 3) : memory);
  limits_[index(Pressure::descriptors)] = limit_of(from.descriptors, descriptors_max());
  limits_[index(Pressure::commit_latency)] = static_cast<uint64_t>(from.commit_latency.count());
}

policy::PressureReadings Overload::read(uint64_t queued) {
  policy::PressureReadings out;
  for (const Pressure what : policy::kAllPressures) out[index(what)].limit = limits_[index(what)];
  const auto read = [&](Pressure what, auto&& value) {
    if (limits_[index(what)] != 0) out[index(what)].value = value();
  };
  read(Pressure::queue, [&] { return std::optional(queued); });
  read(Pressure::disk, [&] { return free_octets(spool_); });
  read(Pressure::memory, resident_octets);
  read(Pressure::descriptors, open_descriptors);
  const uint64_t latency_ms = commits_.sample(clock_.steady());  // also when off: it counts on
  read(Pressure::commit_latency, [&] { return std::optional(latency_ms); });
  return out;
}

bool Overload::take(const policy::PressureReadings& readings) {
  const Shed most_before = gauge_.now().most();
  const auto changes = gauge_.step(readings, clock_.steady());
  for (const Pressure what : policy::kAllPressures) known_[index(what)].reading = readings[index(what)];
  bool strangers_go = false;
  for (const auto& change : changes) {
    known_[index(change.what)].since = clock_.now();
    log_change(change, readings[index(change.what)]);
    strangers_go |= policy::costs_connections(change.what) && change.to > change.from;
  }
  const policy::ShedNow after = gauge_.now();
  if (after.most() != most_before) since_ = clock_.now();
  shed_.store(after.packed(), std::memory_order_relaxed);
  return strangers_go;
}

void Overload::log_change(const policy::PressureGauge::Change& change,
                          const policy::PressureReading& reading) const {
  const bool worse = change.to > change.from;
  const auto percent = policy::percent_of_limit(change.what, reading);
  log::write(worse ? log::Level::warning : log::Level::info, worse ? "overload" : "overload eases",
             {{"pressure", policy::to_string(change.what)},
              {"shed", policy::to_string(change.to)},
              {"meaning", meaning_of(change.what, change.to)},
              {"value", reading.value ? fmt::format("{}", *reading.value) : std::string()},
              {"limit", reading.limit},
              {"unit", policy::unit_of(change.what)},
              {"percent", percent ? fmt::format("{}", *percent) : std::string()},
              {"do", worse ? policy::remedy_of(change.what) : std::string_view()}});
}

mail::Reply Overload::tell(Pressure what) {
  told_[index(what)].fetch_add(1, std::memory_order_relaxed);
  commands_told_.fetch_add(1, std::memory_order_relaxed);
  return policy::shed_reply(what, *hostname_.load());
}

std::optional<mail::Reply> Overload::at_mail(Standing who) {
  const policy::ShedNow shed = now();
  if (shed.packed() == 0) return std::nullopt;
  // Between two transactions is where a session may end (RFC 5321 3.8: 421 at any command).
  if (const auto what = policy::shed_connection(shed, who)) return tell(*what);
  if (const auto what = policy::shed_mail(shed, who)) return tell(*what);
  return std::nullopt;
}

std::optional<mail::Reply> Overload::at_rcpt(Standing who) {
  // A transaction that has begun is not cut off by 421: it has cost its connection already.
  const auto what = policy::shed_mail(now(), who);
  return what ? std::optional(tell(*what)) : std::nullopt;
}

std::optional<mail::Reply> Overload::at_injection() { return at_rcpt(Standing::trusted); }

Overload::Room Overload::room(uint32_t sessions) const {
  const policy::ShedNow shed = gauge_.now();
  const policy::PressureReading& files = known_[index(Pressure::descriptors)].reading;
  const auto until = [&](uint32_t percent) -> uint32_t {
    if (files.limit == 0 || !files.value) return UINT32_MAX;
    const uint64_t mark = files.limit * percent / 100;
    const uint64_t left = mark > *files.value ? mark - *files.value : 0;
    return static_cast<uint32_t>(std::min<uint64_t>(sessions + left, UINT32_MAX));
  };
  Room out{until(gauge_.marks().strangers_percent), until(gauge_.marks().everyone_percent)};
  if (policy::shed_connection(shed, Standing::stranger)) out.strangers = 0;
  if (policy::shed_connection(shed, Standing::trusted)) out.everyone = 0;
  return out;
}

bool Overload::connections_told(uint64_t total) {
  // Without a level it was the room between two readings, and that is made of descriptors.
  const auto what = policy::shed_connection(now(), Standing::stranger).value_or(Pressure::descriptors);
  const uint64_t more = total - std::exchange(connections_told_, total);
  told_[index(what)].fetch_add(more, std::memory_order_relaxed);
  return more > 0;
}

void Overload::count_as_full(policy::PressureReadings& readings) const {
  policy::PressureReading& files = readings[index(Pressure::descriptors)];
  if (now().packed() != 0 || files.limit == 0 || !files.value) return;
  // Rounded up: percent_of_limit() rounds down.
  files.value = std::max(*files.value, (files.limit * gauge_.marks().strangers_percent + 99) / 100);
}

control::OverloadStatus Overload::status() const {
  const auto read = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  const policy::PressureMarks& marks = gauge_.marks();
  control::OverloadStatus out;
  out.shed = policy::to_string(gauge_.now().most());
  out.since = since_;
  out.recover_percent = marks.recover_percent;
  out.strangers_percent = marks.strangers_percent;
  out.everyone_percent = marks.everyone_percent;
  out.connections_told = connections_told_;
  out.commands_told = read(commands_told_);
  out.sessions_ended = read(sessions_ended_);
  for (const Pressure what : policy::kAllPressures) {
    const Known& known = known_[index(what)];
    control::PressureStatus one;
    one.name = policy::to_string(what);
    one.unit = policy::unit_of(what);
    one.value = known.reading.value;
    if (known.reading.limit != 0) one.limit = known.reading.limit;
    one.percent = policy::percent_of_limit(what, known.reading).value_or(0);
    one.shed = policy::to_string(gauge_.level(what));
    one.since = known.since;
    one.told = read(told_[index(what)]);
    out.pressures.push_back(std::move(one));
  }
  return out;
}

std::vector<Gauge> Overload::gauges() const {
  std::vector<Gauge> out{
      {"waybill_overload_shed", "Who is told to come back: 0 nobody, 1 strangers, 2 everyone",
       static_cast<double>(gauge_.now().most())},
      {"waybill_overload_connections_told", "Connections answered 421 since the start",
       static_cast<double>(connections_told_)}};
  const auto status_now = status();
  out.push_back({"waybill_overload_commands_told", "Commands answered 421 or 452 since the start",
                 static_cast<double>(status_now.commands_told)});
  for (const control::PressureStatus& one : status_now.pressures) {
    if (!one.limit) continue;
    out.push_back({"waybill_pressure_" + one.name + "_percent",
                   "Percent of the limit of " + one.name + " (docs/overload.md)",
                   static_cast<double>(one.percent)});
  }
  return out;
}

}  // namespace waybill::daemon
