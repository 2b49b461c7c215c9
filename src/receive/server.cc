#include "receive/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>

#include "base/log.h"

namespace waybill::receive {
namespace {
constexpr Millis kRest{250};
/// Connections taken in a row before sessions of the same loop have their turn: under a flood there is always
/// another one waiting.
constexpr unsigned kAcceptsInARow = 32;
/// Connections that are being told that there is no place for them: the next ones wait in the kernel, where
/// they cost us nothing. Where descriptors are few it is a part of these.
constexpr uint32_t kTurnedAwayAtOnce = 1024;
constexpr rlim_t kPartOfDescriptors = 20;
constexpr Millis kTurningAway{1};

uint32_t turned_away_at_once() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kTurnedAwayAtOnce;
  const rlim_t part = std::max<rlim_t>(limit.rlim_cur / kPartOfDescriptors, 1);
  return static_cast<uint32_t>(std::min<rlim_t>(part, kTurnedAwayAtOnce));
}

using Count = std::shared_ptr<std::atomic<uint32_t>>;

net::Task<void> see_off(net::Stream stream, std::shared_ptr<const Settings> settings,
                        SessionRegistry::Admission why, Patience patience, Count leaving) {
  co_await turn_away(std::move(stream), std::move(settings), why, patience);
  leaving->fetch_sub(1);
}
}  // namespace

struct Server::Door {
  Door(net::Listener l, net::Loop& h, std::shared_ptr<const Settings> s)
      : listener(std::move(l)), home(h), settings(std::move(s)) {}
  net::Listener listener;
  net::Loop& home;
  std::shared_ptr<const Settings> settings;  ///< through std::atomic_load and std::atomic_store
};

Server::Server(Services services, SessionRegistry& registry, std::vector<net::Loop*> loops)
    : services_(services),
      registry_(registry),
      loops_(std::make_shared<const std::vector<net::Loop*>>(std::move(loops))) {}
Server::~Server() = default;

size_t Server::add(net::Listener listener, net::Loop& home, std::shared_ptr<const Settings> settings) {
  doors_.push_back(std::make_shared<Door>(std::move(listener), home, std::move(settings)));
  home.spawn(accept_all(doors_.back(), services_, registry_, loops_));
  return doors_.size() - 1;
}

void Server::reload(size_t n, std::shared_ptr<const Settings> settings) {
  std::atomic_store(&doors_.at(n)->settings, std::move(settings));
}

void Server::close(size_t n) {
  const auto door = doors_.at(n);
  door->home.post([door] { door->listener.close(); });
}

void Server::stop() {
  for (size_t n = 0; n < doors_.size(); ++n) close(n);
  registry_.stop_sessions();
}

net::Task<void> Server::accept_all(std::shared_ptr<Door> door, Services services, SessionRegistry& registry,
                                   std::shared_ptr<const std::vector<net::Loop*>> loops) {
  // Sessions of all doors are spread by one count a door: each starts elsewhere, none is favoured for long.
  size_t next = static_cast<size_t>(door->listener.local().port);
  bool resting = false;
  unsigned in_a_row = 0;
  const Count leaving = std::make_shared<std::atomic<uint32_t>>(0);
  const uint32_t leaving_max = turned_away_at_once();
  while (true) {
    while (leaving->load() >= leaving_max) co_await door->home.sleep(kTurningAway);
    if (++in_a_row > kAcceptsInARow) {
      in_a_row = 0;
      co_await door->home.sleep(Millis{0});
    }
    net::Loop& target = *(*loops)[next++ % loops->size()];
    Result<net::Stream> stream = co_await door->listener.accept(target);
    if (!stream && stream.error().code == Errc::closed) co_return;
    if (!stream) {
      if (!resting) log::warning("listener rests", {{"why", stream.error().what}});
      resting = true;
      co_await door->home.sleep(kRest);
      continue;
    }
    resting = false;
    auto settings = std::atomic_load(&door->settings);
    auto [admission, ticket] = registry.admit(stream->remote().ip);
    if (admission == SessionRegistry::Admission::admitted) {
      target.spawn(serve_session(std::move(*stream), std::move(settings), services, std::move(ticket)));
    } else {
      // Half of these places are for clients that we wait for until they hang up; nobody can fill the rest.
      const bool crowded = leaving->fetch_add(1) >= leaving_max / 2;
      const Patience patience =
          crowded || admission == SessionRegistry::Admission::overloaded ? Patience::none : Patience::some;
      target.spawn(see_off(std::move(*stream), std::move(settings), admission, patience, leaving));
    }
  }
}

}  // namespace waybill::receive
