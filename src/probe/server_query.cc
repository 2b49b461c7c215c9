#include "probe/server_query.h"

#include <algorithm>
#include <array>
#include <random>

#include "net/dialer.h"
#include "net/udp.h"
#include "resolve/packet_answer.h"

namespace waybill::probe {
namespace {
using check::ServerSaid;
using net::Task;

uint16_t random_id() {
  std::random_device device;
  return static_cast<uint16_t>(device());
}

dns::Message query_of(const dns::Question& question) {
  dns::Message out;
  out.id = random_id();
  out.recursion_desired = false;  // the server's own data, not what it may fetch
  out.questions.push_back({.name = question.name, .type = question.type});
  out.edns = dns::Edns{.udp_octets_max = 1232};
  return out;
}

/// The answer to `query`, or nothing: something else that came to our port.
std::optional<dns::Message> matching(std::string_view octets, const dns::Message& query) {
  auto message = dns::parse_message(octets);
  if (!message || !message->response || message->id != query.id) return std::nullopt;
  const auto& asked = query.questions.front();
  // A refusal or an error may come without the question (RFC 1035 4.1.1 leaves it open).
  if (message->questions.empty() && message->rcode != dns::Rcode::noerror) return std::move(*message);
  if (message->questions.size() != 1 || message->questions[0].name != asked.name ||
      message->questions[0].type != asked.type) {
    return std::nullopt;
  }
  return std::move(*message);
}

Task<Result<dns::Message>> over_udp(const ServerQuery& how, Endpoint server, dns::Message query) {
  const IpAddress any = server.ip.is_v4() ? IpAddress() : IpAddress::v6({});
  auto socket = net::UdpSocket::open(how.loop, {any, 0});  // the system picks a port at random
  if (!socket) co_return pass(socket.error());
  const net::Loop::Timer timer = how.loop.after(how.patience, [&socket] { socket->close(); });
  if (const Status sent = socket->send(dns::encode_message(query), server); !sent)
    co_return pass(sent.error());
  while (true) {
    const auto datagram = co_await socket->receive();
    if (!datagram) co_return fail(Errc::timeout, "no answer within {}", format_duration(how.patience));
    if (datagram->from != server) continue;
    if (auto message = matching(datagram->octets, query)) co_return std::move(*message);
  }
}

Task<Result<std::string>> read_exactly(net::Stream& stream, size_t octets, Steady deadline) {
  std::string out(octets, '\0');
  size_t have = 0;
  while (have < octets) {
    const Result<size_t> got = co_await stream.read(std::span(out.data() + have, octets - have), deadline);
    if (!got) co_return pass(got.error());
    have += *got;
  }
  co_return out;
}

Task<Result<dns::Message>> over_tcp(const ServerQuery& how, Endpoint server, dns::Message query) {
  const Steady deadline = net::deadline_in(how.patience);
  Result<net::Stream> stream = co_await net::connect(how.loop, server, std::nullopt, deadline);
  if (!stream) co_return pass(stream.error());
  const std::string octets = dns::encode_message(query);
  // RFC 1035 4.2.2: two octets of length before the message.
  std::string framed{static_cast<char>(octets.size() >> 8), static_cast<char>(octets.size() & 0xff)};
  framed += octets;
  const Status sent = co_await stream->write(framed, deadline);
  if (!sent) co_return pass(sent.error());
  const Result<std::string> head = co_await read_exactly(*stream, 2, deadline);
  if (!head) co_return pass(head.error());
  const size_t length = (static_cast<size_t>(static_cast<unsigned char>((*head)[0])) << 8) |
                        static_cast<unsigned char>((*head)[1]);
  const Result<std::string> body = co_await read_exactly(*stream, length, deadline);
  if (!body) co_return pass(body.error());
  if (auto message = matching(*body, query)) co_return std::move(*message);
  co_return fail(Errc::invalid, "what came over TCP is no answer to the question");
}

uint32_t serial_in(const dns::Message& message) {
  for (const auto* section : {&message.authority, &message.answers}) {
    for (const dns::Record& record : *section) {
      if (const auto* soa = std::get_if<dns::Soa>(&record.data)) return soa->serial;
    }
  }
  return 0;
}
}  // namespace

ServerSaid read_server_answer(const dns::Question& question, const IpAddress& server,
                              const dns::Message& message) {
  ServerSaid out{.answer = resolve::answer_from_message(question, message),
                 .authoritative = message.authoritative,
                 .serial = serial_in(message)};
  if (out.answer.unknown()) {
    out.failure =
        message.rcode == dns::Rcode::refused ? ServerSaid::Failure::refused : ServerSaid::Failure::error;
    out.answer.why = fmt::format("{} said {}", server.to_string(), out.answer.why);
  } else if (!message.authoritative) {
    out.failure = ServerSaid::Failure::not_authoritative;
    // Also a referral: it knows of the zone, but does not serve it (RFC 1912 2.8).
    out.answer = dns::Answer::failure(fmt::format("{} answers without authority", server.to_string()));
  }
  return out;
}

Task<ServerSaid> ask_server(const ServerQuery& how, check::AskServer what) {
  const Endpoint server{what.server, how.port};
  Error error;
  for (int round = 0; round < how.tries; ++round) {
    const dns::Message query = query_of(what.question);
    Result<dns::Message> message = co_await over_udp(how, server, query);
    if (message && message->truncated) message = co_await over_tcp(how, server, query_of(what.question));
    if (message) co_return read_server_answer(what.question, what.server, *message);
    error = message.error();
  }
  ServerSaid out{.answer = dns::Answer::failure(fmt::format("{}: {}", what.server.to_string(), error.what))};
  out.failure = error.code == Errc::timeout   ? ServerSaid::Failure::silent
                : error.code == Errc::invalid ? ServerSaid::Failure::error
                                              : ServerSaid::Failure::unreachable;
  co_return out;
}

}  // namespace waybill::probe
