// dns_server.h: the small authoritative server's sockets: UDP and TCP on one port of one loop. Not
// thread-safe: all calls on its loop. TCP carries many queries a connection (RFC 7766 6.2.1), idles 10 s, 256
// connections at most; the others wait. Never trusts a length: 65,535 octets a query.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/loop.h"
#include "resolve/authority.h"

namespace waybill::resolve {

class DnsServer {
 public:
  using Log = std::function<void(const Endpoint& client, const std::string& line)>;
  /// Listens at once; port 0 takes one that is free for both protocols. Serves once the loop runs.
  [[nodiscard]] static Result<std::unique_ptr<DnsServer>> open(net::Loop& loop, const Endpoint& at,
                                                               Authority authority, Log log = {});
  ~DnsServer();
  [[nodiscard]] Endpoint local() const;
  /// From the next query on.
  void replace(Authority authority);
  void close();

  struct State;

 private:
  explicit DnsServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace waybill::resolve
