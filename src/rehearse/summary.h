// summary.h: what a rehearsal shows, in bounded memory: each host's load and the queue's depth over time,
// delays, fates and their reasons. A Recorder that keeps sums, not events: a million messages cost their
// delays (one entry for all that are the same) and what is in the queue. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rehearse/recorder.h"
#include "rehearse/scenario.h"

namespace waybill::rehearse {

struct Summary {
  /// One message that was played stands for so many (bundle.h); all counts but those of connections are of
  /// the messages that it stands for.
  uint64_t each = 1;
  struct Host {
    std::string label;
    uint64_t messages = 0;              ///< answered with 250
    uint64_t connections = 0;           ///< tried
    std::optional<Millis> first, last;  ///< message
    uint64_t most = 0;                  ///< messages in one second
    std::vector<uint64_t> load;         ///< messages in each slot
  };
  /// A reply that ended a recipient or put it off, and how often.
  struct Reason {
    std::string reply;  ///< "451 4.7.1 later", or what a route did
    std::string host;   ///< MX name; empty: none was reached
    uint64_t count = 0;
  };
  Millis slot{1000};            ///< the width of one slot of all that follows time
  Millis end{0};                ///< of the run
  std::vector<Host> hosts;      ///< in the scenario's order, without those of senders
  std::vector<uint64_t> depth;  ///< the most recipients that were queued in each slot
  uint64_t deepest = 0;
  Millis deepest_at{0};
  std::optional<Millis> last_empty;  ///< since when nothing is queued; none: something is

  // Recipients of what came in; reports that we wrote are not among them.
  uint64_t accepted = 0, delivered = 0, bounced = 0, expired = 0;
  uint64_t discarded = 0;  ///< by a route
  /// Of `accepted`: in calm stretches that were not played, but counted as the minute before them went.
  uint64_t left_out = 0;
  Millis left_out_for{0};  ///< those stretches together
  uint64_t put_off = 0;    ///< attempts that ended in "later"
  uint64_t waiting = 0;    ///< at the end
  /// Copies that hosts took beyond one for each delivered recipient.
  uint64_t duplicates = 0;
  uint64_t reports_failure = 0, reports_delay = 0, reports_success = 0;
  /// From acceptance to the 250, of those who were delivered. None: nobody was.
  std::optional<Millis> delay_median, delay_p99, delay_longest;
  std::vector<Reason> endings;   ///< bounced, expired and discarded, most frequent first
  std::vector<Reason> put_offs;  ///< deferred, most frequent first
};

/// As many slots as a picture has room for: when the run is longer, two become one.
inline constexpr size_t kSlotsMax = 600;
/// Different reasons that are told apart; the rest is counted as "other replies".
inline constexpr size_t kReasonsMax = 200;

class Summarizer final : public Recorder {
 public:
  /// `each`: how many messages one of them stands for.
  explicit Summarizer(const Scenario& scenario, uint64_t each = 1);
  void connect(Journal::Connect one) override;
  void taken(Journal::Taken one) override;
  void arrival(Journal::Arrival one) override;
  void attempt(Journal::Attempt one) override;
  void report(Journal::Sent one) override;
  void depth(Journal::Depth one) override;
  void calm(const Journal::Calm& one) override;

  /// `end` of the run. Once.
  [[nodiscard]] Summary finish(Millis end);
  [[nodiscard]] uint64_t ended() const {
    return out_.each * (out_.delivered + out_.bounced + out_.expired + out_.discarded);
  }

 private:
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
  using Reasons = std::map<std::pair<std::string, std::string>, uint64_t>;

  [[nodiscard]] Summary::Host* find(std::string_view label);
  [[nodiscard]] size_t slot(Millis at);
  void fill_depth(size_t up_to);
  void spread(Summary::Host& host, uint64_t messages, Millis from, Millis to);
  [[nodiscard]] uint64_t& count_of(queue::State after);
  static void count(Reasons& reasons, const Journal::Attempt& one);

  Summary out_;
  std::unordered_map<std::string, size_t> by_label_;
  struct SecondOf {
    int64_t second = -1;
    uint64_t messages = 0;
  };
  std::vector<SecondOf> seconds_;  ///< by host: the second under way
  std::unordered_map<Key, Millis, KeyHash> open_;
  /// How many waited so long; a week in different milliseconds is what it may hold at most.
  std::map<uint32_t, uint64_t> delays_ms_;
  uint64_t copies_ = 0, reports_delivered_ = 0;
  uint64_t now_queued_ = 0;
  Reasons endings_, put_offs_;
};

}  // namespace waybill::rehearse
