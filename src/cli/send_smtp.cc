#include "cli/send_smtp.h"

#include <netdb.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>

#include "base/bytes.h"
#include "net/dialer.h"
#include "smtp/dot_stuff.h"
#include "smtp/ehlo_reply.h"
#include "smtp/reply_parser.h"
#include "smtp/xtext.h"

namespace waybill::cli {
namespace {
using net::Task;

/// One connection to the server: lines out, replies in.
struct Dialogue {
  net::Stream stream;
  Steady deadline;
  smtp::ReplyParser parser{};
  std::string buffer{};
};

Task<Result<mail::Reply>> read_reply(Dialogue& d) {
  while (true) {
    const auto fed = d.parser.feed(d.buffer);
    d.buffer.erase(0, fed.consumed);
    if (fed.state == smtp::ReplyParser::State::reply) co_return d.parser.reply();
    if (fed.state == smtp::ReplyParser::State::broken)
      co_return fail(Errc::io, "not SMTP: {}", d.parser.error());
    char block[4096];
    const Result<size_t> got = co_await d.stream.read(block, d.deadline);
    if (!got) co_return pass(got.error(), "reading the server's reply");
    d.buffer.append(block, *got);
  }
}

Task<Result<mail::Reply>> command(Dialogue& d, std::string line) {
  line += "\r\n";
  const Status sent = co_await d.stream.write(line, d.deadline);
  if (!sent) co_return pass(sent.error(), "writing to the server");
  Result<mail::Reply> reply = co_await read_reply(d);
  co_return reply;
}

/// The reply as an error when it is not positive: for what ends the whole attempt.
Status expect_positive(const Result<mail::Reply>& reply, std::string_view what) {
  if (!reply) return pass(reply.error());
  if (reply->positive()) return {};
  return fail(reply->permanent() ? Errc::refused : Errc::busy, "{} was refused: {}", what,
              reply->to_string());
}

Result<std::string> mail_command(const Composed& mail, const smtp::PeerOffers& offers) {
  const mail::Envelope& envelope = mail.envelope;
  if (envelope.smtputf8 && !offers.smtputf8)
    return fail(Errc::unsupported, "the server does not take SMTPUTF8 mail");
  if (offers.size && offers.size_octets_max != 0 && mail.message.size() > offers.size_octets_max) {
    return fail(Errc::unsupported, "the message has {} octets, the server takes {}", mail.message.size(),
                offers.size_octets_max);
  }
  std::string line = fmt::format("MAIL FROM:<{}>", mail::to_string(envelope.from));
  if (offers.size) line += fmt::format(" SIZE={}", mail.message.size());
  if (envelope.body == mail::BodyType::eight_bit && offers.eight_bit_mime) line += " BODY=8BITMIME";
  if (envelope.smtputf8) line += " SMTPUTF8";
  if (offers.dsn && envelope.ret != mail::Ret::unset)
    line += envelope.ret == mail::Ret::full ? " RET=FULL" : " RET=HDRS";
  if (offers.dsn && !envelope.envid.empty()) line += " ENVID=" + smtp::encode_xtext(envelope.envid);
  return line;
}

std::string rcpt_command(const mail::Recipient& recipient, const smtp::PeerOffers& offers) {
  std::string line = fmt::format("RCPT TO:<{}>", recipient.address.to_string());
  if (!offers.dsn || recipient.notify == mail::notify_unset) return line;
  if ((recipient.notify & mail::notify_never) != 0) return line + " NOTIFY=NEVER";
  std::string names;
  if ((recipient.notify & mail::notify_success) != 0) names += ",SUCCESS";
  if ((recipient.notify & mail::notify_failure) != 0) names += ",FAILURE";
  if ((recipient.notify & mail::notify_delay) != 0) names += ",DELAY";
  return line + " NOTIFY=" + names.substr(1);
}

Task<Result<smtp::PeerOffers>> greet(Dialogue& d, std::string hostname) {
  const Result<mail::Reply> banner = co_await read_reply(d);
  if (const Status status = expect_positive(banner, "the session"); !status) co_return pass(status.error());
  Result<mail::Reply> hello = co_await command(d, "EHLO " + hostname);
  if (!hello) co_return pass(hello.error());
  if (hello->positive()) co_return smtp::parse_offers(*hello);
  // RFC 5321 3.2: a server without extensions is greeted with HELO; 421 ends it.
  if (hello->permanent()) hello = co_await command(d, "HELO " + hostname);
  if (const Status status = expect_positive(hello, "the greeting"); !status) co_return pass(status.error());
  co_return smtp::PeerOffers{};
}

Task<Status> write_body(Dialogue& d, const std::string& message) {
  smtp::BodyEncoder encoder;
  std::vector<std::string_view> pieces;
  std::string_view rest = message;
  while (!rest.empty()) {
    encoder.encode(rest.substr(0, kChunkOctetsMax), pieces);
    rest.remove_prefix(std::min(rest.size(), kChunkOctetsMax));
    const Status sent = co_await d.stream.write(std::span<const std::string_view>(pieces), d.deadline);
    if (!sent) co_return sent;
    pieces.clear();
  }
  encoder.finish(pieces);
  const Status sent = co_await d.stream.write(std::span<const std::string_view>(pieces), d.deadline);
  co_return sent;
}

Task<Result<Handed>> transact(Dialogue& d, const Composed& mail, std::string hostname) {
  const Result<smtp::PeerOffers> offers = co_await greet(d, hostname);
  if (!offers) co_return pass(offers.error());
  auto from = mail_command(mail, *offers);
  if (!from) co_return pass(from.error());
  Result<mail::Reply> reply = co_await command(d, *from);
  if (const Status status = expect_positive(reply, "the sender"); !status) co_return pass(status.error());
  Handed handed;
  for (const mail::Recipient& recipient : mail.envelope.recipients) {
    reply = co_await command(d, rcpt_command(recipient, *offers));
    if (!reply) co_return pass(reply.error());
    if (reply->positive()) {
      ++handed.answer.recipients_accepted;
    } else {
      handed.answer.refused.push_back({recipient.address.to_string(), *reply});
    }
  }
  if (handed.answer.recipients_accepted == 0) co_return handed;
  reply = co_await command(d, "DATA");
  if (const Status status = expect_positive(reply, "the message"); !status) co_return pass(status.error());
  const Status written = co_await write_body(d, mail.message);
  if (!written) co_return pass(written.error(), "writing the message");
  reply = co_await read_reply(d);
  if (const Status status = expect_positive(reply, "the message"); !status) co_return pass(status.error());
  handed.said = reply->to_string();
  reply = co_await command(d, "QUIT");  // the message is taken: what QUIT gets no longer matters
  co_return handed;
}

/// Host names go through the system's resolver: this is a client's command, not the router.
Result<std::vector<Endpoint>> resolve(const std::string& host_port) {
  if (const auto endpoint = Endpoint::parse(host_port)) return std::vector<Endpoint>{*endpoint};
  const size_t colon = host_port.rfind(':');
  if (colon == std::string::npos || colon == 0)
    return fail(Errc::invalid, "--smtp wants HOST:PORT, not '{}'", host_port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(host_port.substr(0, colon).c_str(), host_port.substr(colon + 1).c_str(), &hints, &found);
  if (error == EAI_NONAME || error == EAI_SERVICE)
    return fail(Errc::invalid, "{}: {}", host_port, gai_strerror(error));
  if (error != 0) return fail(Errc::io, "{}: {}", host_port, gai_strerror(error));
  std::vector<Endpoint> out;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    if (at->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(at->ai_addr);
      out.push_back({IpAddress::v4(ntohl(v4->sin_addr.s_addr)), ntohs(v4->sin_port)});
    } else if (at->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(at->ai_addr);
      std::array<uint8_t, 16> octets{};
      std::memcpy(octets.data(), &v6->sin6_addr, octets.size());
      out.push_back({IpAddress::v6(octets), ntohs(v6->sin6_port)});
    }
  }
  ::freeaddrinfo(found);
  if (out.empty()) return fail(Errc::io, "{} has no address", host_port);
  return out;
}

struct Job {
  std::vector<Endpoint> to;
  const Composed& mail;
  std::string hostname;
  Steady deadline;
  Result<Handed> result = fail(Errc::timeout, "nothing was tried");
};

Task<void> run(net::Loop& loop, Job& job) {
  Error last{Errc::io, "no address to try"};
  for (const Endpoint& endpoint : job.to) {
    Result<net::Stream> stream = co_await net::connect(loop, endpoint, std::nullopt, job.deadline);
    if (!stream) {
      // Nobody listening is no verdict on the mail.
      last = {Errc::io, fmt::format("{}: {}", endpoint.to_string(), stream.error().what)};
      continue;
    }
    Dialogue dialogue{std::move(*stream), job.deadline};
    Result<Handed> result = co_await transact(dialogue, job.mail, job.hostname);
    dialogue.stream.close();
    job.result = std::move(result);
    loop.stop();
    co_return;
  }
  job.result = std::unexpected(std::move(last));
  loop.stop();
}
}  // namespace

Result<Handed> send_by_smtp(const std::string& host_port, const Composed& mail, const std::string& hostname,
                            Millis timeout) {
  auto endpoints = resolve(host_port);
  if (!endpoints) return pass(endpoints.error());
  Job job{std::move(*endpoints), mail, hostname, net::deadline_in(timeout)};
  net::Loop loop;
  loop.spawn(run(loop, job));
  loop.run();
  return std::move(job.result);
}

}  // namespace waybill::cli
