#include "resolve/stub_resolver.h"

#include <pthread.h>
#include <signal.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <thread>
#include <utility>

#include "base/thread.h"
#include "net/dialer.h"
#include "net/udp_client.h"
#include "resolve/resolv_conf.h"

namespace waybill::resolve {
namespace {
using dns::Answer;
using dns::Question;

/// One socket's share of what is sent in one go: larger batches cost fewer calls, smaller ones mix the ports
/// more.
constexpr size_t kBatchMax = 32;
constexpr size_t kTcpConnectionsMax = 8;
constexpr Millis kTcpDeadline{8'000};
/// Below are the ports of services.
constexpr uint32_t kPortMin = 1024;

/// The kernel's randomness, fetched in bulk. One thread.
class Randomness {
 public:
  uint32_t operator()() {
    if (at_ == pool_.size()) {
      // Up to 256 octets come whole, and without waiting once the system is up.
      if (getrandom(pool_.data(), sizeof pool_, 0) != static_cast<ssize_t>(sizeof pool_)) std::abort();
      at_ = 0;
    }
    return pool_[at_++];
  }

 private:
  std::array<uint32_t, 64> pool_{};
  size_t at_ = 64;
};

using Pending = std::vector<std::pair<Question, dns::Resolver::Done>>;
}  // namespace

struct StubResolver::Impl {
  explicit Impl(StubOptions options)
      : servers(options.servers), exchange(std::move(options), [this] { return random(); }) {}
  ~Impl();

  Status open(size_t channels);
  void take_queue();
  void pump();
  void send(const StubExchange::Batch& batch);
  void start_tcp();
  void renew();
  void arm();
  Result<std::shared_ptr<net::UdpClient>> open_socket(size_t server);
  void listen(size_t server, size_t channel);
  static net::Task<void> listen_on(Impl* self, size_t server, size_t channel,
                                   std::shared_ptr<net::UdpClient> socket);
  static net::Task<void> talk_tcp(Impl* self, size_t server);
  static net::Task<Result<std::string>> ask_tcp(std::shared_ptr<net::Stream> stream, std::string query);

  std::mutex mutex;
  Pending queue;          ///< guarded by mutex
  bool stopping = false;  ///< guarded by mutex
  StubCounts shown;       ///< guarded by mutex

  net::Loop loop;
  const std::vector<Endpoint> servers;
  // The rest belongs to the client's thread once that runs.
  Randomness random;
  StubExchange exchange;
  std::vector<std::vector<std::shared_ptr<net::UdpClient>>> sockets;
  std::vector<std::vector<StubExchange::TcpWork>> tcp_work;  ///< by server
  std::vector<size_t> tcp_open;
  net::Loop::Timer timer;
  Steady armed = Steady::max();
  std::thread thread;
};

StubResolver::Impl::~Impl() {
  if (!thread.joinable()) return;
  {
    const std::scoped_lock lock(mutex);
    stopping = true;
  }
  loop.post([this] {
    take_queue();
    exchange.fail_all("shutting down");
    exchange.deliver();
    timer.cancel();
    loop.stop();
  });
  thread.join();
}

Result<std::shared_ptr<net::UdpClient>> StubResolver::Impl::open_socket(size_t server) {
  const auto port = static_cast<uint16_t>(kPortMin + random() % (65'536 - kPortMin));
  return net::UdpClient::open(loop, servers[server], port);
}

Status StubResolver::Impl::open(size_t channels) {
  tcp_work.resize(servers.size());
  tcp_open.resize(servers.size());
  for (size_t server = 0; server < servers.size(); ++server) {
    sockets.emplace_back();
    for (size_t channel = 0; channel < channels; ++channel) {
      auto socket = open_socket(server);
      if (!socket) return pass(socket.error());
      sockets.back().push_back(std::move(*socket));
      listen(server, channel);
    }
  }
  // Signals are for the main thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto started = start_thread([this] {
    pthread_setname_np(pthread_self(), "stub");
    loop.run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) return pass(started.error());
  thread = std::move(*started);
  return {};
}

void StubResolver::Impl::listen(size_t server, size_t channel) {
  loop.spawn(listen_on(this, server, channel, sockets[server][channel]));
}

net::Task<void> StubResolver::Impl::listen_on(Impl* self, size_t server, size_t channel,
                                              std::shared_ptr<net::UdpClient> socket) {
  while (true) {
    const bool open = co_await socket->readable();
    if (!open || self->sockets[server][channel] != socket) co_return;
    socket->receive([&](std::string_view packet) {
      self->exchange.received(server, channel, packet, net::steady_now());
    });
    self->pump();
  }
}

void StubResolver::Impl::take_queue() {
  Pending taken;
  bool stop = false;
  {
    const std::scoped_lock lock(mutex);
    taken.swap(queue);
    stop = stopping;
  }
  const Steady now = net::steady_now();
  for (auto& [question, done] : taken) {
    if (stop) {
      done(Answer::failure("shutting down"));
    } else {
      exchange.ask(question, std::move(done), now);
    }
  }
  if (!stop) pump();
}

/// After anything that happened: sends what may be sent, tells what has ended, and sets the clock.
void StubResolver::Impl::pump() {
  const Steady now = net::steady_now();
  exchange.expire(now);
  while (const auto batch = exchange.next(now, kBatchMax)) send(*batch);
  start_tcp();
  renew();
  {
    // First: who hears an answer finds it counted.
    const std::scoped_lock lock(mutex);
    shown = exchange.counts();
  }
  exchange.deliver();
  arm();
}

void StubResolver::Impl::send(const StubExchange::Batch& batch) {
  std::array<std::string_view, kBatchMax> views;
  std::ranges::copy(batch.datagrams, views.begin());
  // What the socket has no room for is lost, as on any other way to the server: it is repeated in time.
  (void)sockets[batch.server][batch.channel]->send(std::span(views).first(batch.datagrams.size()));
}

void StubResolver::Impl::renew() {
  while (const auto place = exchange.next_to_renew()) {
    auto& socket = sockets[place->first][place->second];
    auto fresh = open_socket(place->first);
    if (!fresh) continue;  // no descriptors or ports left now: the old one serves on
    std::exchange(socket, std::move(*fresh))->close();
    listen(place->first, place->second);
  }
}

void StubResolver::Impl::arm() {
  const Steady now = net::steady_now();
  const auto at = exchange.wake_at(now);
  if (!at || (timer.pending() && armed <= *at)) return;
  armed = *at;
  timer = loop.after(std::max(*at - now, Millis(0)), [this] { pump(); });
}

// ---- TCP ------------------------------------------------------------------------------------------------

void StubResolver::Impl::start_tcp() {
  while (auto work = exchange.next_tcp()) {
    const size_t server = work->server;
    tcp_work[server].push_back(std::move(*work));
    if (tcp_open[server] >= kTcpConnectionsMax) continue;
    ++tcp_open[server];
    loop.spawn(talk_tcp(this, server));
  }
}

net::Task<Result<std::string>> StubResolver::Impl::ask_tcp(std::shared_ptr<net::Stream> stream,
                                                           std::string query) {
  const Steady deadline = net::deadline_in(kTcpDeadline);
  std::string framed;
  framed += static_cast<char>(query.size() >> 8);
  framed += static_cast<char>(query.size() & 0xFF);
  framed += query;
  const auto written = co_await stream->write(std::string_view(framed), deadline);
  if (!written) co_return pass(written.error());
  std::string got;
  size_t wanted = 2;
  std::array<char, 4096> piece{};
  while (got.size() < wanted) {
    const auto count = co_await stream->read(std::span<char>(piece), deadline);
    if (!count) co_return pass(count.error());
    got.append(piece.data(), *count);
    // RFC 7766 8: two octets of length, then the message.
    if (wanted == 2 && got.size() >= 2)
      wanted = 2 + (size_t{static_cast<uint8_t>(got[0])} << 8 | static_cast<uint8_t>(got[1]));
  }
  if (got.size() != wanted) co_return fail(Errc::invalid, "more than one answer came");
  co_return got.substr(2);
}

/// One connection: question after question, until none waits.
net::Task<void> StubResolver::Impl::talk_tcp(Impl* self, size_t server) {
  std::shared_ptr<net::Stream> stream;
  bool used =
      false;  // an old connection may have been closed by the server meanwhile: that question gets another
  while (!self->tcp_work[server].empty()) {
    const StubExchange::TcpWork work = std::move(self->tcp_work[server].back());
    self->tcp_work[server].pop_back();
    Result<std::string> packet = fail(Errc::closed, "no connection");
    for (int tries_left = used ? 2 : 1; tries_left > 0 && !packet; --tries_left) {
      if (!stream) {
        auto opened = co_await net::connect(self->loop, self->servers[server], std::nullopt,
                                            net::deadline_in(kTcpDeadline));
        if (!opened) {
          packet = pass(opened.error());
          break;
        }
        stream = std::make_shared<net::Stream>(std::move(*opened));
      }
      packet = co_await ask_tcp(stream, work.query);
      if (!packet) {
        stream->close();
        stream.reset();
      }
    }
    used = stream != nullptr;
    self->exchange.over_tcp(work, packet, net::steady_now());
    self->pump();
  }
  if (stream) stream->close();
  --self->tcp_open[server];
}

// ---- the resolver ---------------------------------------------------------------------------------------

StubResolver::StubResolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StubResolver::~StubResolver() = default;

Result<std::unique_ptr<StubResolver>> StubResolver::open(StubOptions options) {
  if (options.servers.empty()) return fail(Errc::invalid, "no DNS server to ask");
  const size_t channels = std::max<size_t>(options.channels, 1);
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto status = impl->open(channels); !status) return pass(status.error());
  return std::unique_ptr<StubResolver>(new StubResolver(std::move(impl)));
}

void StubResolver::resolve(const Question& question, Done done) {
  bool first = false;
  {
    const std::scoped_lock lock(impl_->mutex);
    if (!impl_->stopping) {
      first = impl_->queue.empty();
      impl_->queue.emplace_back(question, std::move(done));
      done = nullptr;
    }
  }
  if (done) return done(Answer::failure("shutting down"));
  if (first) impl_->loop.post([impl = impl_.get()] { impl->take_queue(); });
}

StubCounts StubResolver::counts() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->shown;
}

Result<std::unique_ptr<DirectStack>> make_direct_stack(const Options& how, StubOptions stub,
                                                       const Clock& clock) {
  auto zones = load_zones(how.zones);
  if (!zones) return pass(zones.error());
  stub.servers = how.servers;
  if (stub.servers.empty()) {
    auto servers = read_resolv_conf();
    if (!servers) return pass(servers.error());
    stub.servers = std::move(*servers);
  }
  stub.timeout = how.timeout;
  auto network = StubResolver::open(std::move(stub));
  if (!network) return pass(network.error());
  std::unique_ptr<DirectStack> stack(new DirectStack);
  stack->stub_ = network->get();
  stack->top_ = std::make_unique<CachingResolver>(
      std::move(*network), clock,
      CacheOptions{
          .entries_max = how.cache_entries_max, .failure_ttl = how.failure_ttl, .not_kept = {dns::Type::mx}});
  if (!zones->zones.empty())
    stack->top_ = std::make_unique<OverlayResolver>(std::move(zones->zones), std::move(stack->top_));
  return stack;
}

}  // namespace waybill::resolve
