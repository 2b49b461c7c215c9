// callouts.h: asks the hosts of backup domains for recipients, gently: each recipient once at a time for all
// who want to know, few connections to a domain's host, each used for several questions, so many in a minute,
// and a host that gave no answer is left alone for a while.
//
// Only hosts of the best preference are asked: one of a middle preference is a backup itself, whose word is
// worth nothing. Thread rule: everything on `loop`, which must not run any more when this goes. Failure: what
// can't be found out is `unknown`, with the reason. Bounded: by the domains that are asked for, and
// kWaitingMax questions for each.
#pragma once

#include <coroutine>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deliver/callout.h"
#include "deliver/targets.h"

namespace waybill::deliver {

struct CalloutSettings {
  std::string hostname;  ///< for EHLO
  std::optional<IpAddress> source_v4;
  std::optional<IpAddress> source_v6;
  uint32_t connections_max = 2;  ///< of one domain at once
  uint32_t per_minute = 60;      ///< questions of one domain; a minute's worth may come at once
  CalloutPatience patience;
  Millis idle{3'000};  ///< a connection waits so long for the next question
  Millis age_max{
      10'000};  ///< and is not kept for longer: a host that learns of a user tells its new sessions
  uint32_t questions_max = 20;  ///< of one connection: some hosts slow down or leave after many RSETs
  Millis rest{30'000};          ///< after a host gave no answer at all
  uint32_t addresses_max = 4;   ///< tried for one connection
};

struct CalloutResult {
  CalloutAnswer answer;
  /// What the same host said of a name that nobody has; none: it was not asked for one.
  std::optional<RecipientWord> nobody;
  bool asked = false;  ///< a host was asked; false: there was none, or no leave to ask
};

/// Whether a host that takes everything has to be told from one that knows.
enum class TestNobody : uint8_t { no, yes };

class Callouts {
 public:
  /// Where a domain's mail goes. Called on the loop; `done` may be called on any thread.
  using Route = std::function<void(const mail::Domain& domain, std::function<void(TargetsPtr)> done)>;
  using Done = std::function<void(const CalloutResult&)>;
  /// Once for each answer of a host, before those who wait for it.
  using Heard = std::function<void(const mail::Address&, const CalloutResult&)>;
  static constexpr size_t kWaitingMax = 1000;

  Callouts(net::Loop& loop, Route route, Heard heard, CalloutSettings settings);
  ~Callouts();
  Callouts(const Callouts&) = delete;
  Callouts& operator=(const Callouts&) = delete;

  void configure(CalloutSettings settings) { settings_ = std::move(settings); }
  /// `done` is called once, at once or later.
  void ask(const mail::Address& recipient, TestNobody test, Done done);
  /// Mail reached the host: it may be asked again.
  void host_is_back(const mail::Domain& domain);

 private:
  struct Question {
    mail::Address recipient;
    TestNobody test = TestNobody::no;
  };
  /// A connection that may rest between two questions.
  struct Line {
    std::coroutine_handle<> resting;
    net::Loop::Timer timer;
  };
  struct Site {
    mail::Domain domain;
    std::deque<Question> waiting;
    std::map<mail::Address, std::vector<Done>> wanted;  ///< until answered, also while it is asked
    std::vector<std::shared_ptr<Line>> resting;
    uint32_t connections = 0;
    double leave = 0;  ///< questions that may be asked now
    Steady leave_at{};
    Steady rest_until{};
    std::string rest_why;
  };
  struct Rest;

  [[nodiscard]] Site& site_of(const mail::Domain& domain);
  [[nodiscard]] bool take_leave(Site& site);
  void begin(const std::shared_ptr<Site>& site);
  [[nodiscard]] static net::Task<void> run(Callouts* self, std::shared_ptr<Site> site);
  [[nodiscard]] net::Task<Status> open_any(CalloutSession* session, TargetsPtr targets);
  [[nodiscard]] net::Task<bool> serve(CalloutSession* session, std::shared_ptr<Site> site);
  void answer(Site& site, const mail::Address& recipient, const CalloutResult& result);
  void answer_all(Site& site, const std::string& why);

  net::Loop& loop_;
  Route route_;
  Heard heard_;
  CalloutSettings settings_;
  std::map<std::string, std::shared_ptr<Site>> sites_;  ///< by Domain::text()
};

}  // namespace waybill::deliver
