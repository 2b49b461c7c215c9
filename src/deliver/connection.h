// connection.h: one connection to one host: the coroutine that moves octets between a Dialogue and a socket,
// and takes job after job from its site's queue.
//
// Thread rule: run() and wake() on the connection's own loop; start, retire(), abort() and the const
// accessors anywhere. What happens is reported through Reports, whose conductor decides what it means.
#pragma once

#include <array>
#include <atomic>
#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "deliver/job.h"
#include "deliver/settings.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "net/stream.h"

namespace waybill::deliver {

struct Report {
  enum class What : uint8_t {
    opened,    ///< ready for mail for the first time
    done,      ///< every recipient of `job` has its outcome
    returned,  ///< `job` has recipients without one, and the session is over
    leaving,   ///< takes no further job
    closed,    ///< the last report of a connection
  };
  What what = What::closed;
  std::shared_ptr<Connection> connection;  ///< null: a Maildir job
  JobPtr job;
  Dialogue::MessageEnd how = Dialogue::MessageEnd::settled;
  Dialogue::End end = Dialogue::End::open;
  bool established = false;
  std::unique_ptr<mail::Outcome> why;  ///< for returned and closed
};

/// Carries reports to the conductor, many in one trip when they come fast. Thread-safe.
class Reports : public std::enable_shared_from_this<Reports> {
 public:
  using Take = std::function<void(std::vector<Report>)>;
  Reports(net::Loop& conductor, Take take) : conductor_(conductor), take_(std::move(take)) {}
  void post(Report report);
  /// Nothing is delivered any more; the conductor may go away. Call on the conductor.
  void shut();

 private:
  void deliver();

  net::Loop& conductor_;
  Take take_;
  std::mutex mutex_;
  std::vector<Report> waiting_;
  bool shut_ = false;
};

struct ConnectionPlan {
  uint64_t id = 0;
  std::string site_key;
  Peer peer;
  std::string host;
  size_t tier = 0;
  bool proving =
      false;  ///< its host failed before, or is not known to take what has waited: one message first
  std::optional<IpAddress> source;
  Millis connect_timeout{30'000};
  Timeouts timeouts;
  uint32_t messages_max = 100;
  Millis age_max{300'000};
  DialogueSettings dialogue;
  std::shared_ptr<net::TlsContext> tls;
  std::shared_ptr<JobQueue> jobs;
  std::shared_ptr<Reports> reports;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(net::Loop& loop, ConnectionPlan plan);
  void start();

  /// No further message; goodbye after the present one, at once when idle.
  void retire();
  /// Now: what is under way ends as lost.
  void abort();
  /// There may be a job. Thread-safe.
  void wake();

  [[nodiscard]] const Peer& peer() const { return plan_.peer; }
  [[nodiscard]] const ConnectionPlan& plan() const { return plan_; }
  [[nodiscard]] uint64_t id() const { return plan_.id; }
  enum class State : uint8_t { opening, idle, busy };
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] uint64_t messages() const { return messages_; }
  /// It has been idle at least once.
  [[nodiscard]] bool rested() const { return rested_; }
  [[nodiscard]] bool tls() const { return tls_; }
  [[nodiscard]] Steady born() const { return born_; }

 private:
  enum class Sent : uint8_t { whole, failed, body_unreadable };
  struct Rest;

  static net::Task<void> run(std::shared_ptr<Connection> self);
  net::Task<Status> open();
  net::Task<void> converse();
  net::Task<void> on_send(Dialogue::Step step);
  net::Task<Sent> send(Dialogue::Step step);
  net::Task<void> hear_last_words();
  net::Task<void> on_read(Stage stage);
  net::Task<void> on_tls();
  net::Task<void> on_ready();
  void on_message_done();
  void begin(JobPtr job);
  void leave();
  [[nodiscard]] bool should_leave() const;
  [[nodiscard]] Millis timeout(Stage stage) const;
  void report(Report::What what);

  net::Loop& loop_;
  ConnectionPlan plan_;
  Steady born_;
  Dialogue dialogue_;
  std::optional<net::Stream> stream_;
  JobPtr job_;
  std::string why_;  ///< of the last failed write or body read
  std::vector<std::string_view> pieces_;
  std::array<char, 4096> buffer_{};
  uint64_t replies_heard_ = ~0ULL;
  Steady reply_deadline_{};
  bool opened_ = false;

  // Resting, on the loop's thread only.
  std::coroutine_handle<> resting_;
  net::Loop::Timer rest_timer_;
  std::optional<Steady> idle_since_;

  std::atomic<State> state_{State::opening};
  std::atomic<uint64_t> messages_{0};
  std::atomic<bool> rested_{false};
  std::atomic<bool> tls_{false};
  std::atomic<bool> retire_{false};
  std::atomic<bool> abort_{false};
};

}  // namespace waybill::deliver
