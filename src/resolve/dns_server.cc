#include "resolve/dns_server.h"

#include <array>
#include <optional>
#include <span>

#include "base/log.h"
#include "net/listener.h"
#include "net/udp.h"

namespace waybill::resolve {

struct DnsServer::State {
  State(net::Loop& l, Authority a, Log f, net::UdpSocket u, net::Listener t)
      : loop(l), authority(std::move(a)), log(std::move(f)), udp(std::move(u)), tcp(std::move(t)) {}
  net::Loop& loop;
  Authority authority;
  Log log;
  net::UdpSocket udp;
  net::Listener tcp;
  std::optional<net::UdpSocket> other_port;
  size_t connections = 0;
  bool closed = false;
};

namespace {

using StatePtr = std::shared_ptr<DnsServer::State>;
constexpr size_t kConnectionsMax = 256;
constexpr Millis kIdle{10'000};
constexpr Millis kWrite{10'000};
constexpr Millis kRest{50};

void send(const StatePtr& state, const Reply& reply, const Endpoint& to) {
  if (state->closed || reply.octets.empty()) return;
  net::UdpSocket* from = &state->udp;
  if (reply.from_other_port) {
    if (!state->other_port) {
      auto socket = net::UdpSocket::open(state->loop, {state->udp.local().ip, 0});
      if (!socket) return log::warning("cannot open a second port", {{"error", socket.error().what}});
      state->other_port.emplace(std::move(*socket));
    }
    from = &*state->other_port;
  }
  if (const auto sent = from->send(reply.octets, to); !sent) {
    log::warning("cannot send a DNS answer", {{"to", to.to_string()}, {"error", sent.error().what}});
  }
}

net::Task<void> send_later(StatePtr state, Reply reply, Endpoint to) {
  co_await state->loop.sleep(reply.delay);
  send(state, reply, to);
}

net::Task<void> serve_udp(StatePtr state) {
  while (!state->closed) {
    auto datagram = co_await state->udp.receive();
    if (!datagram) {
      if (datagram.error().code == Errc::closed) co_return;
      co_await state->loop.sleep(kRest);
      continue;
    }
    Reply reply = state->authority.answer(datagram->octets, Transport::udp);
    if (state->log && !reply.log_line.empty()) state->log(datagram->from, reply.log_line);
    if (reply.delay > Millis(0)) {
      state->loop.spawn(send_later(state, std::move(reply), datagram->from));
    } else {
      send(state, reply, datagram->from);
    }
  }
}

/// Reads until `buffer` holds `octets`. False: the client went away, or was too slow.
net::Task<bool> fill(std::shared_ptr<net::Stream> stream, std::shared_ptr<std::string> buffer,
                     size_t octets) {
  std::array<char, 4096> piece{};
  const Steady deadline = net::deadline_in(kIdle);
  while (buffer->size() < octets) {
    const auto got = co_await stream->read(std::span<char>(piece), deadline);
    if (!got) co_return false;
    buffer->append(piece.data(), *got);
  }
  co_return true;
}

net::Task<void> serve_connection(StatePtr state, std::shared_ptr<net::Stream> stream) {
  const auto buffer = std::make_shared<std::string>();
  while (!state->closed) {
    // RFC 7766 8: two octets of length, then the query; several may come at once.
    const bool head = co_await fill(stream, buffer, 2);
    if (!head) break;
    const size_t length =
        size_t{static_cast<uint8_t>((*buffer)[0])} << 8 | static_cast<uint8_t>((*buffer)[1]);
    const bool whole = co_await fill(stream, buffer, 2 + length);
    if (!whole) break;
    Reply reply = state->authority.answer(std::string_view(*buffer).substr(2, length), Transport::tcp);
    buffer->erase(0, 2 + length);
    if (state->log && !reply.log_line.empty()) state->log(stream->remote(), reply.log_line);
    if (reply.delay > Millis(0)) co_await state->loop.sleep(reply.delay);
    if (reply.octets.empty()) continue;
    std::string framed;
    framed += static_cast<char>(reply.octets.size() >> 8);
    framed += static_cast<char>(reply.octets.size() & 0xFF);
    framed += reply.octets;
    const auto written = co_await stream->write(std::string_view(framed), net::deadline_in(kWrite));
    if (!written) break;
  }
  stream->close();
  --state->connections;
}

net::Task<void> serve_tcp(StatePtr state) {
  while (!state->closed) {
    if (state->connections >= kConnectionsMax) {
      co_await state->loop.sleep(kRest);
      continue;
    }
    auto stream = co_await state->tcp.accept(state->loop);
    if (!stream) {
      if (stream.error().code == Errc::closed) co_return;
      co_await state->loop.sleep(kRest);  // no descriptors left: rest, don't spin
      continue;
    }
    ++state->connections;
    state->loop.spawn(serve_connection(state, std::make_shared<net::Stream>(std::move(*stream))));
  }
}

}  // namespace

Result<std::unique_ptr<DnsServer>> DnsServer::open(net::Loop& loop, const Endpoint& at, Authority authority,
                                                   Log log) {
  // A port that is free for UDP may be taken for TCP: with port 0, try some more.
  for (int tries_left = at.port == 0 ? 16 : 1;;) {
    auto udp = net::UdpSocket::open(loop, at);
    if (!udp) return std::unexpected(udp.error());
    auto tcp = net::Listener::open(loop, {at.ip, udp->local().port});
    if (!tcp) {
      if (--tries_left == 0) return std::unexpected(tcp.error());
      continue;
    }
    auto state =
        std::make_shared<State>(loop, std::move(authority), std::move(log), std::move(*udp), std::move(*tcp));
    loop.spawn(serve_udp(state));
    loop.spawn(serve_tcp(state));
    return std::unique_ptr<DnsServer>(new DnsServer(std::move(state)));
  }
}

DnsServer::~DnsServer() { close(); }

Endpoint DnsServer::local() const { return state_->udp.local(); }

void DnsServer::replace(Authority authority) { state_->authority = std::move(authority); }

void DnsServer::close() {
  if (std::exchange(state_->closed, true)) return;
  state_->udp.close();
  state_->tcp.close();
}

}  // namespace waybill::resolve
