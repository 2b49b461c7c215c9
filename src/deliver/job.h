// job.h: a delivery on its way through a site, and the queue from which the site's connections take.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deliver/dialogue.h"
#include "deliver/host_memory.h"
#include "deliver/ramp.h"
#include "mail/delivery.h"

namespace waybill::deliver {

class Connection;
struct ConnectionPlan;

/// Owned by exactly one place at a time: the site's queue, a connection, or the manager.
struct Job {
  mail::DeliveryPtr delivery;
  mail::DeliveryDone done;
  Outcomes outcomes;
  std::string wish;                   ///< the host that this delivery's own shuffle puts first; may be empty
  Steady queued_at{};                 ///< the beginning of time for one that comes back from a host
  std::vector<Peer> tried;            ///< hosts that failed this job in this attempt
  std::optional<mail::Outcome> last;  ///< what the last of them said
  uint8_t stale = 0;                  ///< reused connections that turned out to be gone
  bool backlog = false;               ///< as the delivery says

  [[nodiscard]] bool has_tried(const Peer& peer) const {
    for (const Peer& one : tried) {
      if (one == peer) return true;
    }
    return false;
  }
};
using JobPtr = std::unique_ptr<Job>;

/// Jobs that wait for a connection of one site, in a lane for each host that they wish for. Thread-safe: the
/// manager puts in, connections take out from their own loops, without a trip to the manager between two
/// messages. Held for a few instructions only.
///
/// A connection takes from its own host's lane first, so that equal hosts get equal shares (RFC 5321 5.1).
/// It helps other lanes out when nobody serves them, or when the other's job has waited: long, while it has
/// work of its own; a moment, when it has none: a share is not worth idleness. A job that a connection is on
/// its way for is left to it.
///
/// Where the destination has a limit or recovers (ramp.h) no message begins without a token; fresh mail and
/// what waited then take turns. A connection to a host that has yet to prove itself gets one message, and no
/// second before the manager has seen how that ended (proved(), prove_again()).
class JobQueue {
 public:
  /// Which idle connections push() may wake.
  enum class Wake : uint8_t { wished, any };
  /// The idle connection to wake, if there is one: to the wished host, else (any) of the best tier.
  [[nodiscard]] std::shared_ptr<Connection> push(JobPtr job, Wake wake);
  /// A job that failed elsewhere goes ahead of the rest.
  [[nodiscard]] std::shared_ptr<Connection> push_front(JobPtr job);
  struct Taken {
    JobPtr job;                        ///< null: the connection is now on the idle list
    std::optional<Steady> look_again;  ///< then another host's job, if it is still there, may be taken
    bool held = false;                 ///< there may be work, and it waits for a token or for its proof
  };
  /// The next job that was not tried at the connection's peer.
  [[nodiscard]] Taken take_or_rest(const std::shared_ptr<Connection>& connection, Steady now);
  /// A connection that leaves: it is not woken any more. False: it was woken already, so it must look again.
  bool forget(const Connection* connection);

  /// This connection, which is being made, will take a job.
  void expect(const Connection& connection);
  /// It does not come, or not soon: the job that it was owed is anybody's.
  void give_up_on(const Connection& connection);
  /// As give_up_on(), and it serves its host no more.
  void gone(const Connection& connection);
  /// An idle connection to wake for a job that nobody is on the way for.
  [[nodiscard]] std::shared_ptr<Connection> match();

  // recovery (job_pace.cc)
  /// At most so many messages a second begin, always.
  void limit(double rate, Steady now);
  void begin_ramp(const RampSettings& settings, double rate, Steady now);
  void end_ramp();
  void answered_well(Steady now);
  void slow_down(Steady now);
  struct PaceView {
    double rate = 0;
    double rate_max = 0;
    std::optional<Steady> paused_until;
    Steady backlog_seen{};  ///< when a job of the backlog was here last
    size_t backlog = 0;
  };
  /// None: no ramp.
  [[nodiscard]] std::optional<PaceView> pace(Steady now) const;
  /// Jobs that waited elsewhere before, and that are here now.
  [[nodiscard]] size_t backlog() const;
  /// A connection waits for a token or for a proof: another one would wait beside it.
  [[nodiscard]] bool held() const;
  /// One message, then it waits for the next two calls.
  void prove(uint64_t connection);
  [[nodiscard]] bool proving(uint64_t connection) const;
  /// Its message ended well: the connection to wake, if it rests.
  [[nodiscard]] std::shared_ptr<Connection> proved(uint64_t connection);
  /// Its message said nothing: another one may.
  [[nodiscard]] std::shared_ptr<Connection> prove_again(uint64_t connection);

  [[nodiscard]] bool has_idle(const std::string& host) const;
  /// The hosts that have idle connections.
  [[nodiscard]] std::set<std::string> idle_hosts() const;
  [[nodiscard]] std::optional<size_t> best_idle_tier() const;
  [[nodiscard]] std::vector<JobPtr> drain();
  /// Takes out those that wait here and that `wanted` names.
  [[nodiscard]] std::vector<JobPtr> take_if(const std::function<bool(const Job&)>& wanted);
  [[nodiscard]] bool holds(const std::function<bool(const Job&)>& wanted) const;
  /// Lets go of the idle connections, which hold this queue: nobody would free either.
  void shut();
  [[nodiscard]] size_t size() const;
  /// Jobs beyond those that a connection is on the way for.
  [[nodiscard]] size_t unattended() const;
  /// The hosts that the first job must not meet again (those that all waiting jobs share is what matters:
  /// the first waits longest).
  [[nodiscard]] std::vector<Peer> first_tried() const;
  /// Removes the first job if it has tried all of `peers`.
  [[nodiscard]] JobPtr take_exhausted(const std::vector<Peer>& peers);

 private:
  struct Lane {
    std::deque<JobPtr> jobs;
    size_t coming = 0;           ///< connections on their way to a job of this lane
    std::set<uint64_t> serving;  ///< connections to this host

    /// Whether its own host will take its jobs, so that others leave them for a while.
    [[nodiscard]] bool attended() const { return !serving.empty() || coming > 0; }
  };
  struct Idle {
    std::shared_ptr<Connection> connection;
    bool watching;  ///< it looks again by itself
    bool held;      ///< for a token or a proof: nothing that is put in may wake it
  };
  enum class Proof : uint8_t { open, under_way };
  using Lanes = std::map<std::string, Lane, std::less<>>;

  // REQUIRE: the mutex is held.
  [[nodiscard]] std::shared_ptr<Connection> wake_for(const Job& job, Wake wake);
  [[nodiscard]] std::shared_ptr<Connection> wake_at(size_t place, const std::string& lane);
  [[nodiscard]] bool serves(const Connection& connection, const Job& job) const;
  [[nodiscard]] std::optional<Taken> held_back(const std::shared_ptr<Connection>& connection, Steady now);
  [[nodiscard]] JobPtr take_paced(const ConnectionPlan& plan, Steady now);
  [[nodiscard]] std::shared_ptr<Connection> wake_held(uint64_t connection);
  [[nodiscard]] JobPtr remove(Lane& lane, std::deque<JobPtr>::iterator at);
  void arrived(uint64_t id);
  [[nodiscard]] Lane* first_lane();
  [[nodiscard]] const Lane* first_lane() const;

  mutable std::mutex mutex_;
  Lanes lanes_;
  size_t size_ = 0;
  std::map<uint64_t, std::string> coming_;  ///< connection to lane
  std::vector<Idle> idle_;
  size_t backlog_ = 0;
  Pace pace_;
  bool backlog_next_ = true;  ///< whose turn it is while messages are paced
  Steady backlog_seen_ = Steady::min();
  std::map<uint64_t, Proof> proving_;  ///< connections to hosts that have yet to prove themselves
};

}  // namespace waybill::deliver
