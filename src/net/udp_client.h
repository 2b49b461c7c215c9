// udp_client.h: a UDP socket connected to one server, from a port that nobody can guess, many datagrams a
// system call: what a DNS client needs (RFC 5452 9.2). Not thread-safe: all calls on its loop. Datagrams from
// any other address or port are dropped and counted, those of over kDatagramOctetsMax octets too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "net/loop.h"

namespace waybill::net {

class UdpClient {
 public:
  static constexpr size_t kDatagramOctetsMax = 4096;  ///< of one that is received
  static constexpr size_t kBatchMax = 64;             ///< datagrams a system call

  /// `port` is the local one that is asked for; another one is taken where it is in use.
  [[nodiscard]] static Result<std::shared_ptr<UdpClient>> open(Loop& loop, const Endpoint& server,
                                                               uint16_t port);
  ~UdpClient();
  UdpClient(const UdpClient&) = delete;
  UdpClient& operator=(const UdpClient&) = delete;

  /// Sends at once, never waits: what the socket has no room for is not sent. Returns how many were.
  size_t send(std::span<const std::string_view> datagrams);
  /// Hands each datagram that has come to `take`, until none is left. The view lives only during the call.
  void receive(const std::function<void(std::string_view)>& take);
  /// Waits until something may have come; false once it is closed.
  [[nodiscard]] Task<bool> readable();
  void close();
  [[nodiscard]] Endpoint local() const;
  [[nodiscard]] uint64_t strangers() const { return strangers_; }  ///< datagrams from elsewhere, dropped

 private:
  struct Impl;
  explicit UdpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  uint64_t strangers_ = 0;
};

}  // namespace waybill::net
