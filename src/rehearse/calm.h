// calm.h: notices when a rehearsal goes round in circles: mail comes in and is delivered at once, nothing
// waits, nothing fails, nothing is about to change. Hours of that need not be played message by message: what
// comes next is like the last minute. A Recorder in front of another; pure but for that. One thread.
//
// Never calls a stretch calm in which a recipient was put off, bounced or reported on, in which one waited
// for more than a quarter of the sample, or in which the queue grew.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "rehearse/recorder.h"

namespace waybill::rehearse {

/// When a run may leave out what is calm. Recorder::calm() then tells of each stretch.
struct CalmRule {
  /// Shorter runs are played message by message, however calm they are.
  uint64_t play_all_up_to = 50'000;
  /// A sample is as long as both ask for; slower traffic than that is played.
  Seconds sample{60};
  uint64_t sample_messages = 1'000;

  [[nodiscard]] static CalmRule play_all() { return {.play_all_up_to = UINT64_MAX}; }
};

class CalmWatch final : public Recorder {
 public:
  /// `next` outlives it, and is told everything.
  CalmWatch(Recorder& next, const CalmRule& rule) : next_(next), rule_(rule) {}
  void connect(Journal::Connect one) override;
  void taken(Journal::Taken one) override;
  void arrival(Journal::Arrival one) override;
  void attempt(Journal::Attempt one) override;
  void report(Journal::Sent one) override;
  void lookup(Journal::Lookup one) override { next_.lookup(std::move(one)); }
  void depth(Journal::Depth one) override;
  void calm(const Journal::Calm& one) override { next_.calm(one); }

  /// One message came in.
  void message(Millis at) { ++bucket(at).messages; }
  /// What went on between `since` and `now`, in whole seconds, if all of it was calm and it is enough to go
  /// by: kSampleSeconds and kSampleMessages. `from`, `to`, `messages` and `recipients` are the caller's to
  /// fill.
  [[nodiscard]] std::optional<Journal::Calm> sample(Millis since, Millis now) const;
  /// Begins a new sample here.
  void restart(Millis at);

  /// What is remembered, so that the memory is bounded.
  static constexpr int64_t kSampleSecondsMax = 1'800;

 private:
  struct Second {
    int64_t number = 0;
    uint64_t messages = 0;
    uint64_t depth = 0;     ///< the most
    uint32_t delay_ms = 0;  ///< the longest
    std::map<std::string, Journal::Calm::Host, std::less<>> hosts;
    std::map<uint32_t, uint64_t> delays_ms;
  };
  struct Half {
    uint64_t depth_sum = 0;
    uint32_t delay_ms = 0;
    int64_t seconds = 0;
    void add(const Second& second);
  };
  struct Key {
    MessageId message;
    uint32_t index = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const noexcept {
      return std::hash<uint64_t>{}((key.message.value + key.index) * 0x9e3779b97f4a7c15ULL);
    }
  };

  Second& bucket(Millis at);
  Journal::Calm::Host& host(Millis at, const std::string& label);
  [[nodiscard]] bool level(int64_t first, int64_t last) const;

  Recorder& next_;
  const CalmRule rule_;
  const Millis wait_max_ = std::chrono::duration_cast<Millis>(rule_.sample) / 4;
  std::deque<Second> seconds_;  ///< of the sample, without those in which nothing happened
  int64_t since_ = 0;           ///< the sample's first second
  uint64_t queued_ = 0;
  std::unordered_map<Key, Millis, KeyHash> open_;
};

}  // namespace waybill::rehearse
