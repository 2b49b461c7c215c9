#include "probe/smtp_probe.h"

#include <algorithm>
#include <random>

#include "base/bytes.h"
#include "mail/address.h"
#include "net/dialer.h"
#include "smtp/reply_parser.h"

namespace waybill::probe {
namespace {
using check::ProbeSaid;
using net::Task;
constexpr Millis kConnectMax{30'000};
constexpr Millis kFarewellMax{5'000};
constexpr size_t kKeywordsMax = 100;

/// One connection: lines out, replies in.
struct Talk {
  net::Stream stream;
  Steady deadline;
  smtp::ReplyParser parser{};
  std::string buffer{};
};

Task<Result<mail::Reply>> read_reply(Talk& talk) {
  while (true) {
    const auto fed = talk.parser.feed(talk.buffer);
    talk.buffer.erase(0, fed.consumed);
    if (fed.state == smtp::ReplyParser::State::reply) co_return talk.parser.reply();
    if (fed.state == smtp::ReplyParser::State::broken)
      co_return fail(Errc::invalid, "it speaks no SMTP: {}", talk.parser.error());
    char block[4096];
    const Result<size_t> got = co_await talk.stream.read(block, talk.deadline);
    if (!got) co_return pass(got.error());
    talk.buffer.append(block, *got);
  }
}

Task<Result<mail::Reply>> command(Talk& talk, std::string line) {
  line += "\r\n";
  const Status sent = co_await talk.stream.write(line, talk.deadline);
  if (!sent) co_return pass(sent.error());
  Result<mail::Reply> reply = co_await read_reply(talk);
  co_return reply;
}

ProbeSaid::Reach reach_of(const Error& error) {
  switch (error.code) {
    case Errc::refused:
      return ProbeSaid::Reach::refused;
    case Errc::timeout:
      return ProbeSaid::Reach::timed_out;
    default:
      return ProbeSaid::Reach::unreachable;
  }
}

std::vector<std::string> keywords_of(const mail::Reply& reply) {
  std::vector<std::string> out;
  const auto lines = split(reply.text, '\n');
  for (size_t at = 1; at < lines.size() && out.size() < kKeywordsMax; ++at) {  // the first is its name
    std::string keyword(trim(lines[at]));
    std::ranges::transform(keyword, keyword.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (!keyword.empty()) out.push_back(std::move(keyword));
  }
  return out;
}

bool offers(const ProbeSaid& said, std::string_view keyword) {
  return std::ranges::any_of(said.keywords, [&](const std::string& line) {
    return line.starts_with(keyword) && (line.size() == keyword.size() || line[keyword.size()] == ' ');
  });
}

void take_identity(const net::Stream& stream, const std::string& host, ProbeSaid& said) {
  said.tls = ProbeSaid::Tls::done;
  if (const auto agreed = stream.tls()) said.protocol = agreed->protocol;
  const auto peer = stream.peer();
  if (!peer) {
    said.certificate_why = "the server showed no certificate";
    return;
  }
  for (const net::PeerCertificate& each : peer->chain) {
    said.chain.push_back({.der = each.der,
                          .spki = each.spki,
                          .der_sha256 = net::sha256(each.der),
                          .der_sha512 = net::sha512(each.der),
                          .spki_sha256 = net::sha256(each.spki),
                          .spki_sha512 = net::sha512(each.spki),
                          .names = each.names,
                          .anchors = each.anchors});
  }
  said.chain_trusted = peer->trusted;
  said.name_matches = peer->names(host);
  if (!peer->trusted) {
    said.certificate_why = peer->why_untrusted;
  } else if (!said.name_matches) {
    const auto& names = peer->chain.front().names;
    const std::span shown(names.begin(), std::min<size_t>(names.size(), 5));
    said.certificate_why = names.empty()
                               ? "it names no host"
                               : "it names " + printable(fmt::format("{}", fmt::join(shown, ", ")), 200);
  }
}

/// True if the connection can be used further.
Task<bool> try_tls(Talk& talk, std::shared_ptr<net::TlsContext> tls, std::string host, ProbeSaid& said) {
  if (!offers(said, "STARTTLS")) {
    said.tls = ProbeSaid::Tls::not_offered;
    co_return true;
  }
  const Result<mail::Reply> go = co_await command(talk, "STARTTLS");
  if (!go) {
    said.tls = ProbeSaid::Tls::failed;
    said.why = "STARTTLS: " + go.error().what;
    co_return false;
  }
  if (go->code != 220) {
    said.tls = ProbeSaid::Tls::refused;
    said.why = "STARTTLS was refused: " + go->to_string();
    co_return true;
  }
  if (!talk.buffer.empty()) {  // RFC 3207 4: whatever came before the handshake is not to be believed
    said.tls = ProbeSaid::Tls::failed;
    said.why = "there was plain text behind the reply to STARTTLS";
    co_return false;
  }
  const Status shaken = co_await talk.stream.start_tls_client(std::move(tls), host, talk.deadline);
  if (!shaken) {
    said.tls = ProbeSaid::Tls::failed;
    said.why = shaken.error().what;
    co_return false;
  }
  take_identity(talk.stream, host, said);
  co_return true;
}

/// Nobody has it: sixteen random digits behind a name that tells its reader what this is about.
std::string nobody_at(const mail::Domain& domain) {
  std::random_device device;
  const uint64_t random = (static_cast<uint64_t>(device()) << 32) | device();
  return fmt::format("waybill-check-{:016x}@{}", random, domain.text());
}

Task<void> ask_for_nobody(Talk& talk, dns::Name rcpt_domain, ProbeSaid& said) {
  const auto domain = mail::Domain::parse(rcpt_domain.to_string());
  if (!domain || domain->is_literal()) co_return;
  Result<mail::Reply> reply = co_await command(talk, "MAIL FROM:<>");
  if (!reply) {
    said.unknown_reply = reply.error().what;
    co_return;
  }
  said.unknown_reply = reply->to_string();
  if (!reply->positive()) co_return;
  reply = co_await command(talk, fmt::format("RCPT TO:<{}>", nobody_at(*domain)));
  if (!reply) {
    said.unknown_reply = reply.error().what;
    co_return;
  }
  said.unknown_reply = reply->to_string();
  said.unknown_recipient = reply->positive()    ? ProbeSaid::Unknown::accepted
                           : reply->permanent() ? ProbeSaid::Unknown::refused
                                                : ProbeSaid::Unknown::deferred;
  reply = co_await command(talk, "RSET");
}

Task<void> say_goodbye(Talk& talk) {
  talk.deadline = std::min(talk.deadline, net::deadline_in(kFarewellMax));
  const Result<mail::Reply> ignored = co_await command(talk, "QUIT");
  co_await talk.stream.shutdown(talk.deadline);
}

/// The banner; true if the server takes a session.
Task<bool> read_banner(Talk& talk, ProbeSaid& said) {
  const Result<mail::Reply> banner = co_await read_reply(talk);
  if (!banner) {
    said.reach =
        banner.error().code == Errc::timeout ? ProbeSaid::Reach::timed_out : ProbeSaid::Reach::broken;
    said.why = "it took the connection, but gave no greeting: " + banner.error().what;
    co_return false;
  }
  said.reach = ProbeSaid::Reach::answered;
  said.banner_code = banner->code;
  said.banner = banner->text;
  const std::string_view first = split(banner->text, '\n').front();
  said.banner_host = first.substr(0, first.find(' '));
  if (banner->code != 220) said.why = "it refuses sessions: " + banner->to_string();
  co_return banner->code == 220;
}

Task<void> converse(Talk& talk, std::shared_ptr<net::TlsContext> tls, std::string hello, check::AskProbe what,
                    ProbeSaid& said) {
  const bool welcome = co_await read_banner(talk, said);
  if (welcome) {
    Result<mail::Reply> hi = co_await command(talk, "EHLO " + hello);
    if (hi && hi->positive()) {
      said.keywords = keywords_of(*hi);
    } else if (hi) {  // RFC 5321 3.2: a server without extensions
      hi = co_await command(talk, "HELO " + hello);
    }
    if (!hi || !hi->positive()) {
      said.why = hi ? "the greeting was refused: " + hi->to_string() : hi.error().what;
      if (!hi) co_return;
    } else {
      const bool usable = co_await try_tls(talk, std::move(tls), what.host.to_string(), said);
      if (!usable) co_return;
      if (said.tls == ProbeSaid::Tls::done) hi = co_await command(talk, "EHLO " + hello);  // RFC 3207 4.2
      if (hi && hi->positive()) co_await ask_for_nobody(talk, what.rcpt_domain, said);
    }
  }
  if (said.reach == ProbeSaid::Reach::answered) co_await say_goodbye(talk);
}

std::string literal_of(const IpAddress& ip) { return mail::Domain::literal(ip).text(); }
}  // namespace

Task<ProbeSaid> probe_smtp(net::Loop& loop, std::shared_ptr<net::TlsContext> tls, std::string hello,
                           check::AskProbe what, Steady deadline) {
  ProbeSaid said;
  const Steady connect_by = std::min(deadline, net::deadline_in(kConnectMax));
  Result<net::Stream> stream =
      co_await net::connect(loop, Endpoint{what.ip, what.port}, std::nullopt, connect_by);
  if (!stream) {
    said.reach = reach_of(stream.error());
    said.why = stream.error().what;
    co_return said;
  }
  if (hello.empty()) hello = literal_of(stream->local().ip);
  Talk talk{std::move(*stream), deadline};
  co_await converse(talk, std::move(tls), std::move(hello), std::move(what), said);
  talk.stream.close();
  co_return said;
}

}  // namespace waybill::probe
