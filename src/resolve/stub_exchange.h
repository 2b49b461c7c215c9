// stub_exchange.h: the stub client without its sockets: questions in, datagrams out, packets in, answers out.
// Pure: the time comes in, so does the randomness; one thread. What it keeps is bounded: questions under way
// by the servers' windows, those that wait by StubOptions::waiting_max.
//
// Every question ends exactly once: answered, or failed with who was asked and what they said. Equal
// questions under way are asked once. A try that is not answered in time is repeated at the next server,
// after a longer wait each time; a late answer to an earlier try still counts. What does not match a try in
// server, port, id and question is ignored (RFC 5452 9).
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ip.h"
#include "dns/resolver.h"
#include "resolve/stub_window.h"

namespace waybill::resolve {

struct StubOptions {
  std::vector<Endpoint> servers;
  Millis timeout{15'000};       ///< for one question, whatever happens below
  Millis try_first{1'000};      ///< for the first try; twice as long for each further one
  WindowOptions window;         ///< of each server
  double per_second_max = 0;    ///< queries a second to each server; 0: as many as the window lets through
  size_t waiting_max = 65'536;  ///< questions that wait for a place; more are failed at once
  size_t channels = 8;          ///< sockets to each server, each with a port of its own
  uint32_t channel_queries_max = 16'384;  ///< then the socket gives way to one with another port
};

struct StubCounts {
  uint64_t queries = 0;  ///< datagrams sent
  uint64_t again = 0;    ///< of those, repetitions after a time-out
  uint64_t lost = 0;     ///< tries without an answer in time
  uint64_t over_tcp = 0;
  uint64_t ignored = 0;  ///< packets that answered nothing that was asked
  uint64_t refused = 0;  ///< SERVFAIL, REFUSED, nonsense
  size_t window = 0;     ///< places at all servers together, now
};

class StubExchange {
 public:
  using Done = dns::Resolver::Done;
  using Random = std::function<uint32_t()>;
  static constexpr size_t kTriesMax = 4;

  /// REQUIRES: one server at least.
  StubExchange(StubOptions options, Random random);

  void ask(const dns::Question& question, Done done, Steady now);

  struct Batch {
    size_t server = 0, channel = 0;
    std::vector<std::string> datagrams;
  };
  /// What may be sent now through one socket; nothing when all wait for room, time or answers.
  [[nodiscard]] std::optional<Batch> next(Steady now, size_t datagrams_max);
  /// From that server, to that channel's port.
  void received(size_t server, size_t channel, std::string_view packet, Steady now);

  /// Over TCP: what stub_query() makes, to that server; the end is told by over_tcp().
  struct TcpWork {
    size_t server = 0;
    uint32_t flight = 0;
    uint64_t generation = 0;
    std::string query;
  };
  [[nodiscard]] std::optional<TcpWork> next_tcp();
  void over_tcp(const TcpWork& work, const Result<std::string>& packet, Steady now);

  /// What is due by now is repeated or given up.
  void expire(Steady now);
  /// When expire() or next() should be called again; nothing while nothing is under way.
  [[nodiscard]] std::optional<Steady> wake_at(Steady now) const;

  /// A channel whose socket should be replaced by one with another port, now; nothing of it is under way.
  [[nodiscard]] std::optional<std::pair<size_t, size_t>> next_to_renew();

  /// Ends all, with this reason.
  void fail_all(const std::string& why);
  /// Calls `done` of what has ended since. Separate, because it may ask again.
  void deliver();

  [[nodiscard]] StubCounts counts() const;
  [[nodiscard]] const AdaptiveWindow& window(size_t server) const { return servers_[server].window; }
  [[nodiscard]] size_t under_way() const { return flights_.size() - free_.size(); }

 private:
  struct Try {
    uint32_t server = 0, channel = 0;
    uint16_t id = 0;
    bool listening = false;  ///< its id stands in the channel: a late answer counts
    bool open = false;       ///< it holds a place of the window
    uint64_t number = 0;     ///< the window's
    uint64_t serial = 0;
  };
  struct Flight {
    uint64_t generation = 0;  ///< 0: free
    dns::Question question;   ///< as asked
    dns::Question current;    ///< where a chain has led to
    dns::Answer so_far;       ///< chain and TTL up to there
    std::vector<Done> waiters;
    std::array<Try, kTriesMax> tries;
    uint8_t tried = 0;
    bool waits = false;  ///< stands in a queue to be sent
    bool tcp = false;
    bool edns = true;
    bool refused = false;  ///< the last word was one of a server, not silence
    uint32_t last_server = 0;
    Steady give_up{};
    std::string why;
  };
  struct Channel {
    std::unordered_map<uint16_t, uint32_t> by_id;
    uint32_t queries_left = 0;
    bool retiring = false;
  };
  struct Server {
    Endpoint at;
    AdaptiveWindow window;
    RateLimit rate;
    std::vector<Channel> channels;
  };
  struct Due {
    Steady at;
    uint32_t flight = 0;
    uint64_t generation = 0;
    uint64_t serial = 0;  ///< of the try; 0: the whole question
    bool operator>(const Due& other) const { return at > other.at; }
  };
  struct Ended {
    std::vector<Done> waiters;
    dns::Answer answer;
  };
  struct QuestionHash {
    size_t operator()(const dns::Question& question) const {
      return std::hash<std::string>{}(question.name.wire()) * 31 + static_cast<size_t>(question.type);
    }
  };

  uint32_t take_slot();
  std::optional<size_t> pick_server(const Flight& flight, std::optional<size_t> only, Steady now);
  size_t pick_channel(Server& server);
  std::string send(uint32_t index, size_t server, size_t channel, Steady now);
  void close_tries(Flight& flight, AdaptiveWindow::Outcome outcome, size_t answered_by);
  void next_try(uint32_t index, Steady now);
  void on_timeout(uint32_t index, Try& late, Steady now);
  void on_reply(uint32_t index, size_t server, std::string_view packet, Steady now, bool tcp);
  void on_no_help(uint32_t index, size_t server, std::string why, Steady now);
  void follow(uint32_t index, dns::Answer link);
  void finish(uint32_t index, dns::Answer answer);
  void give_up(uint32_t index, Steady now);
  [[nodiscard]] std::string asked_text() const;
  void merge(Flight& flight, dns::Answer& answer) const;

  StubOptions options_;
  Random random_;
  std::vector<Server> servers_;
  std::vector<Flight> flights_;
  std::vector<uint32_t> free_;
  uint64_t generations_ = 0;
  uint64_t serials_ = 0;
  std::unordered_map<dns::Question, uint32_t, QuestionHash> by_question_;
  std::deque<std::pair<uint32_t, uint64_t>> fresh_;  ///< flight and generation, to be sent
  std::deque<std::pair<uint32_t, uint64_t>> again_;  ///< the same, before them
  std::deque<TcpWork> tcp_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<Ended> ended_;
  std::vector<std::pair<size_t, size_t>> renew_;
  size_t next_server_ = 0;
  StubCounts counts_;
};

}  // namespace waybill::resolve
