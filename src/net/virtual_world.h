// virtual_world.h: a network and a clock that exist in memory only, under the code that otherwise runs on
// Asio: a Loop made with a VirtualWorld posts and waits here, and its connections end at a Far instead of a
// socket. Days pass in a second, in an order that depends on nothing but the calls: a run can be replayed.
//
// Thread rule: one thread. While a world lives, steady_now() on its thread is the world's; one world a
// thread. Never: touches a socket, sleeps, or reads the machine's clock.
#pragma once

#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "net/loop.h"
#include "net/task.h"

namespace waybill::net {

class VirtualPipe;

/// Who plays the server at the far end of one connection. Called from inside our side's writes: it answers
/// through VirtualWorld::at() or post(), never at once.
class Far {
 public:
  virtual ~Far() = default;
  virtual void received(std::string_view octets) = 0;
  /// Our side went away.
  virtual void left() = 0;
  /// The handshake after STARTTLS. There is no cryptography: it works or it does not.
  virtual Status start_tls() = 0;
};

/// What becomes of one attempt to connect.
struct Dialed {
  std::shared_ptr<Far> far;  ///< null: see `error`
  Error error;               ///< refused, unreachable; Errc::timeout: nobody answers until the deadline
  Millis after{0};           ///< how long it takes to know
};

class VirtualWorld {
 public:
  using Work = Loop::Work;
  /// Who stands at an address. `pipe` is how the far end answers.
  using Dial = std::function<Dialed(const Endpoint& to, const std::shared_ptr<VirtualPipe>& pipe)>;

  explicit VirtualWorld(ManualClock& clock);
  ~VirtualWorld();
  VirtualWorld(const VirtualWorld&) = delete;
  VirtualWorld& operator=(const VirtualWorld&) = delete;

  void on_dial(Dial dial) { dial_ = std::move(dial); }
  [[nodiscard]] const Dial& dial() const { return dial_; }
  [[nodiscard]] Steady now() const { return clock_.steady(); }

  void post(Work work) { ready_.push_back(std::move(work)); }
  void at(Steady when, Work work);
  /// Does what is ready, or else lets time pass to the next appointment and does that. False: nothing is left
  /// before `until`, which the clock now shows.
  bool step(Steady until);

 private:
  struct Appointment {
    Steady when;
    uint64_t number;  ///< equals in the order in which they were made
    Work work;
    bool operator<(const Appointment& other) const {
      return when != other.when ? when > other.when : number > other.number;
    }
  };

  ManualClock& clock_;
  Dial dial_;
  std::deque<Work> ready_;
  std::vector<Appointment> appointments_;  ///< a heap, the next one first
  uint64_t number_ = 0;
};

/// One connection. The near end is a Stream, the far end a Far.
class VirtualPipe : public std::enable_shared_from_this<VirtualPipe> {
 public:
  VirtualPipe(VirtualWorld& world, Loop& loop) : world_(world), loop_(loop) {}

  // -- for the far end
  void say(std::string_view octets);
  void hang_up();

  // -- for the Stream
  void attach(std::shared_ptr<Far> far) { far_ = std::move(far); }
  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] bool tls() const { return tls_; }
  [[nodiscard]] static Task<Result<size_t>> read(std::shared_ptr<VirtualPipe> self, std::span<char> into,
                                                 Steady deadline);
  [[nodiscard]] Status write(std::span<const std::string_view> pieces);
  [[nodiscard]] Status start_tls();
  /// Ends a read under way with closed.
  void close();
  /// As close(), but nobody is resumed.
  void abandon();

 private:
  struct Waiting;
  void wake();
  void set_alarm();
  void leave();

  VirtualWorld& world_;
  Loop& loop_;
  std::shared_ptr<Far> far_;
  std::string inbox_;
  std::coroutine_handle<> waiter_;
  uint64_t wait_ = 0;
  Steady deadline_{};            ///< of the read that waits
  std::optional<Steady> alarm_;  ///< the appointment that was made for it, or for one before
  bool far_closed_ = false;
  bool near_closed_ = false;
  bool tls_ = false;
};

}  // namespace waybill::net
