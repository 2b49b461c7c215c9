// pressure.h: who is told to come back later when something runs short. Pure: readings and a time in, a level
// out; the daemon reads the machine once a second and answers clients by the level (docs/overload.md).
//
// What holds whatever the readings are (tests/property/policy/pressure_test.cc):
// - more pressure never sheds less: of two courses of readings the higher one has the higher level
// throughout;
// - trusted clients are never shed before strangers;
// - it does not flap: a level rises at once, and falls only when its reading has been below a lower mark for
// the
//   whole dwell, so that it changes at most twice in that time;
// - what could not be read changes nothing.
// Thread rule: a plain value; one owner.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/outcome.h"

namespace waybill::policy {

enum class Pressure : uint8_t { queue, disk, memory, descriptors, commit_latency };
inline constexpr size_t kPressures = 5;
inline constexpr std::array<Pressure, kPressures> kAllPressures{
    Pressure::queue, Pressure::disk, Pressure::memory, Pressure::descriptors, Pressure::commit_latency};

/// Who is told to come back; each includes the one before it.
enum class Shed : uint8_t { nobody, strangers, everyone };
/// A client of relay.trusted_networks, authenticated, or local; or any other.
enum class Standing : uint8_t { stranger, trusted };

/// One reading. Disk: `value` is what is free and `limit` the reserve, of which less is worse.
struct PressureReading {
  std::optional<uint64_t> value;  ///< none: it could not be found out
  uint64_t limit = 0;             ///< 0: switched off
  bool operator==(const PressureReading&) const = default;
};
using PressureReadings = std::array<PressureReading, kPressures>;  ///< in the order of Pressure

/// How near its limit: 100 is at the limit, at most kPercentMost. None: unknown, or switched off.
[[nodiscard]] std::optional<uint32_t> percent_of_limit(Pressure what, const PressureReading& reading);
inline constexpr uint32_t kPercentMost = 9999;

/// Percent of a limit; recover < strangers < everyone.
struct PressureMarks {
  uint32_t recover_percent = 70;
  uint32_t strangers_percent = 85;
  uint32_t everyone_percent = 95;
  Millis dwell = Seconds{10};
};

/// A switch with two marks: on at or above one, off after a whole dwell below the other.
class PressureSwitch {
 public:
  void step(uint32_t percent, uint32_t on_at, uint32_t off_below, Millis dwell, Steady now);
  /// Nothing could be read: what is on stays on, and its dwell begins anew.
  void hold(Steady now) { hot_ = now; }
  void reset() { on_ = false; }
  [[nodiscard]] bool on() const { return on_; }

 private:
  bool on_ = false;
  Steady hot_{};  ///< when it was last not below `off_below`; has a meaning while it is on
};

/// The levels of all pressures in one word, so that sessions read them without a lock.
class ShedNow {
 public:
  ShedNow() = default;
  explicit ShedNow(uint32_t packed) : packed_(packed) {}
  [[nodiscard]] Shed of(Pressure what) const {
    return static_cast<Shed>(packed_ >> (2 * static_cast<unsigned>(what)) & 3U);
  }
  [[nodiscard]] bool applies(Pressure what, Standing who) const {
    return of(what) >= (who == Standing::trusted ? Shed::everyone : Shed::strangers);
  }
  [[nodiscard]] Shed most() const;
  [[nodiscard]] uint32_t packed() const { return packed_; }
  bool operator==(const ShedNow&) const = default;

 private:
  uint32_t packed_ = 0;
};

class PressureGauge {
 public:
  struct Change {
    Pressure what;
    Shed from;
    Shed to;
  };
  explicit PressureGauge(PressureMarks marks = {}) : marks_(marks) {}
  /// A reload's; levels stay as they are until the next step.
  void set_marks(PressureMarks marks) { marks_ = marks; }
  [[nodiscard]] const PressureMarks& marks() const { return marks_; }
  /// `now` never goes back. Returns what changed, in the order of Pressure.
  std::vector<Change> step(const PressureReadings& readings, Steady now);
  [[nodiscard]] Shed level(Pressure what) const;
  [[nodiscard]] ShedNow now() const;

 private:
  struct Switches {
    PressureSwitch strangers, everyone;
  };
  PressureMarks marks_;
  std::array<Switches, kPressures> switches_;
};

/// What takes a connection's room: descriptors and memory. These clients get 421 and hang up; the others keep
/// their session and get 452 (RFC 5321 4.2.2, 4.2.3).
[[nodiscard]] constexpr bool costs_connections(Pressure what) {
  return what == Pressure::memory || what == Pressure::descriptors;
}
/// For which pressure a client gets 421 instead of a banner, or at its next MAIL.
[[nodiscard]] std::optional<Pressure> shed_connection(ShedNow now, Standing who);
/// For which pressure MAIL or RCPT is put off with 452.
[[nodiscard]] std::optional<Pressure> shed_mail(ShedNow now, Standing who);
/// What the client is told. `hostname` stands in 421 (RFC 5321 4.2.2).
[[nodiscard]] mail::Reply shed_reply(Pressure what, std::string_view hostname);

[[nodiscard]] std::string_view to_string(Pressure what);
[[nodiscard]] std::string_view to_string(Shed level);
/// "recipients", "octets", "descriptors", "ms"
[[nodiscard]] std::string_view unit_of(Pressure what);
/// One sentence: what an operator can do about it.
[[nodiscard]] std::string_view remedy_of(Pressure what);

}  // namespace waybill::policy
