// Any octets on the control socket: through the real HTTP server and the service, over a connection in
// memory. What comes back is whole answers, each with its length and JSON where it says so; the same however
// the octets are cut; and on the read-only listener nothing ever changes. The first octet chooses the cut and
// the access.
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "control/service.h"
#include "net/dialer.h"
#include "net/virtual_world.h"
#include "support/fake_backend.h"

namespace {
using namespace waybill;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

struct Client final : net::Far {
  std::string heard;
  bool gone = false;
  void received(std::string_view octets) override { heard += octets; }
  void left() override { gone = true; }
  Status start_tls() override { return fail(Errc::unsupported, "no TLS here"); }
};

net::HttpLimits small_limits() {
  net::HttpLimits limits;
  limits.header_octets_max = 1024;
  limits.body_octets_max = 4096;
  limits.requests_max = 20;
  return limits;
}

net::Task<void> serve(net::Loop* loop, net::HttpHandler handler, bool* ended) {
  const Endpoint peer{*IpAddress::parse("127.0.0.1"), 1};
  auto stream = co_await net::connect(*loop, peer, std::nullopt, net::deadline_in(Millis{1'000}));
  if (!stream) std::abort();
  co_await net::serve_http(std::move(*stream), handler, small_limits());
  *ended = true;
}

/// A queue of two, and what became of the rest of the world.
struct Run {
  test::FakeBackend backend;
  std::vector<std::string> methods;  ///< of the requests that reached the service
  std::string heard;

  Run(std::string_view octets, size_t cut, control::Access access) {
    backend.rows = {test::queue_row(7, 0, "a@b.example", "c@d.example"),
                    test::queue_row(8, 0, "", "e@f.example")};
    backend.trace_answer.id = backend.why_answer.id = MessageId{7};
    ManualClock clock;
    net::VirtualWorld world(clock);
    net::Loop loop(world);
    control::Service service(backend);
    const auto client = std::make_shared<Client>();
    std::shared_ptr<net::VirtualPipe> pipe;
    world.on_dial([&](const Endpoint&, const std::shared_ptr<net::VirtualPipe>& made) {
      pipe = made;
      return net::Dialed{client, {}, Millis{0}};
    });
    bool ended = false;
    const auto handler = [this, &service, access](net::HttpRequest request) {
      methods.push_back(request.method);
      return service.handle(std::move(request), access);
    };
    loop.spawn(serve(&loop, handler, &ended));
    while (!pipe && world.step(world.now())) {
    }
    while (world.step(world.now())) {
    }
    for (; !octets.empty() && !client->gone; octets.remove_prefix(std::min(cut, octets.size()))) {
      pipe->say(octets.substr(0, cut));
      while (world.step(world.now())) {
      }
    }
    // Nobody says more: what is not whole by now ends in its own time.
    const Steady patience = world.now() + std::chrono::minutes{10};
    while (!ended && world.step(patience)) {
    }
    require(ended, "a connection that never ends");
    heard = std::move(client->heard);
  }
};

struct Reply {
  unsigned status = 0;
  std::string_view body;
};

/// Takes one answer off the front of `left`: status line, header, and as many octets as its Content-Length
/// says, but after HEAD (RFC 9110 9.3.2).
Reply take_reply(std::string_view& left, bool head) {
  Reply out;
  const size_t end = left.find("\r\n\r\n");
  require(left.starts_with("HTTP/1.1 ") && end != std::string_view::npos, "no header of an answer");
  const std::string_view header = left.substr(0, end + 2);
  for (size_t i = 0; i < header.size(); ++i)
    require(header[i] != '\n' || header[i - 1] == '\r', "a bare LF in an answer's header");
  std::from_chars(header.data() + 9, header.data() + 12, out.status);
  left.remove_prefix(end + 4);
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const size_t at = header.find(kLength);
  if (at == std::string_view::npos || head) return out;
  size_t length = 0;
  std::from_chars(header.data() + at + kLength.size(), header.data() + header.size(), length);
  require(length <= left.size(), "an answer that is not whole");
  out.body = left.substr(0, length);
  left.remove_prefix(length);
  return out;
}

/// Returns the answers to requests that reached the service. What comes behind them is the refusal of one
/// that never became whole, which may be 400 or 408 by how much of it was there.
std::string check(const Run& run, control::Access access) {
  const auto& backend = run.backend;
  const size_t changes = backend.acts.size() + backend.sent.size() + backend.flushed.size();
  size_t good = 0;
  size_t answers = 0;
  size_t answered = 0;
  for (std::string_view left = run.heard; !left.empty();) {
    const bool head = answers < run.methods.size() && run.methods[answers] == "HEAD";
    const Reply reply = take_reply(left, head);
    if (reply.status == 100) continue;
    ++answers;
    if (answers <= run.methods.size()) answered = run.heard.size() - left.size();
    require(reply.status >= 200 && reply.status <= 507, "an odd status");
    if (reply.status == 200) ++good;
    if (reply.status < 400 || head || answers > run.methods.size()) continue;
    // A daemon that is not well says so with 503, in the form of its health.
    require(reply.body.starts_with("{\"v\":1,") && reply.body.ends_with("}\n"),
            "an error that is no document");
  }
  require(answers >= run.methods.size(), "a request without an answer");
  require(changes <= good, "a change without a 200");
  if (access == control::Access::read_only) require(changes == 0, "a change through the read-only listener");
  for (const auto& act : backend.acts) {
    const bool answerable = act.action != control::Action::drop || (!act.who.empty() && !act.reason.empty());
    require(answerable, "a deletion that nobody answers for");
  }
  for (const auto& sent : backend.sent) require(!sent.envelope.recipients.empty(), "mail for nobody");
  return run.heard.substr(0, answered);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 16 * 1024) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto access = (data[0] & 128) != 0 ? control::Access::read_only : control::Access::full;
  const std::string whole = check(Run(octets, octets.size(), access), access);
  const std::string cut = check(Run(octets, 1 + data[0] % 32, access), access);
  const std::string both = "other answers in another cut:\n" + whole + "\nand:\n" + cut;
  require(whole == cut, both.c_str());
  return 0;
}
