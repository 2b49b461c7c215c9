#include "probe/prober.h"

#include <thread>
#include <utility>

#include "base/thread.h"
#include "probe/places.h"
#include "probe/policy_fetch.h"
#include "probe/server_query.h"
#include "probe/smtp_probe.h"

namespace waybill::probe {
namespace {
constexpr size_t kConnectionsMax =
    2;  // to one address: more looks like an attack, and some servers refuse it
/// One name server may be asked for many domains, and each question is but a packet.
constexpr size_t kQueriesMax = 256;
constexpr size_t kQueriesAddressMax = 8;
}  // namespace

struct Prober::Impl {
  using Reply = std::function<void(check::Answer)>;

  Impl(dns::Resolver& resolver, Options o)
      : options(std::move(o)),
        connections(loop, options.at_once, kConnectionsMax),
        queries(loop, kQueriesMax, kQueriesAddressMax),
        policy{.loop = loop,
               .resolver = resolver,
               .places = connections,
               .tls = nullptr,
               .port = options.https_port,
               .patience = options.patience},
        server{.loop = loop, .port = options.dns_port, .patience = options.server_patience} {}

  /// Made when first needed: to read the system's roots takes a while, and most domains have no policy.
  Status need_tls() {
    if (policy.tls) return {};
    auto made = net::TlsContext::examining_client(options.roots_file);
    if (!made) return pass(made.error());
    policy.tls = std::move(*made);
    return {};
  }

  net::Task<void> answer(check::AskProbe what, Reply reply) {
    if (const Status ready = need_tls(); !ready) {
      reply(check::ProbeSaid{.why = ready.error().what});
      co_return;
    }
    const auto place = co_await connections.take_for(what.ip);
    // The clock starts with the connection, not with the wait for a turn.
    check::ProbeSaid said = co_await probe_smtp(loop, policy.tls, options.hello, std::move(what),
                                                net::deadline_in(options.patience));
    reply(std::move(said));
  }
  net::Task<void> answer(check::AskPolicy what, Reply reply) {
    if (const Status ready = need_tls(); !ready) {
      reply(check::PolicySaid{.why = ready.error().what, .unknown = true});
      co_return;
    }
    check::PolicySaid said = co_await fetch_policy(policy, std::move(what.domain));
    reply(std::move(said));
  }
  net::Task<void> answer(check::AskServer what, Reply reply) {
    const auto place = co_await queries.take_for(what.server);
    check::ServerSaid said = co_await ask_server(server, std::move(what));
    reply(std::move(said));
  }

  const Options options;
  Places connections;  // these outlive the loop's frames, which give their places back
  Places queries;
  net::Loop loop;
  PolicyFetch policy;
  ServerQuery server;
  std::thread thread;
};

Prober::Prober(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Prober::~Prober() {
  impl_->loop.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<std::unique_ptr<Prober>> Prober::open(dns::Resolver& resolver, Options options) {
  const bool own_roots = !options.roots_file.empty();
  std::unique_ptr<Prober> out(new Prober(std::make_unique<Impl>(resolver, std::move(options))));
  // A file that was named is looked at before anything is asked.
  if (Status ready = own_roots ? out->impl_->need_tls() : Status{}; !ready) return pass(ready.error());
  auto thread = start_thread([impl = out->impl_.get()] { impl->loop.run(); });
  if (!thread) return pass(thread.error());
  out->impl_->thread = std::move(*thread);
  return out;
}

check::Ask Prober::ask(route::Post post) {
  return [impl = impl_.get(), post = std::move(post)](const check::Question& question,
                                                      std::function<void(check::Answer)> reply) {
    auto hop = [post, reply = std::move(reply)](check::Answer answer) {
      post([reply, answer = std::move(answer)] { reply(answer); });
    };
    if (const auto* probe = std::get_if<check::AskProbe>(&question)) {
      impl->loop.spawn(impl->answer(*probe, std::move(hop)));
    } else if (const auto* policy = std::get_if<check::AskPolicy>(&question)) {
      impl->loop.spawn(impl->answer(*policy, std::move(hop)));
    } else if (const auto* server = std::get_if<check::AskServer>(&question)) {
      impl->loop.spawn(impl->answer(*server, std::move(hop)));
    } else {
      hop(dns::Answer::failure("not asked"));
    }
  };
}

}  // namespace waybill::probe
