#include "receive/server.h"

#include <atomic>

#include "base/log.h"

namespace waybill::receive {
namespace {
constexpr Millis kRest{250};
}

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
  while (true) {
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
      target.spawn(turn_away(std::move(*stream), std::move(settings), admission));
    }
  }
}

}  // namespace waybill::receive
