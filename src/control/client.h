// client.h: the command line's side of the control socket. Blocks; one connection a call.
// Errors carry the daemon's own code and message; not_found and refused from the socket itself (no daemon
// there, no permission) come as `closed`, so that they can't be mistaken for "no such message".
#pragma once

#include <string>

#include "control/types.h"

namespace waybill::control {

class Client {
 public:
  explicit Client(std::string socket_path, Millis timeout = Millis{30'000})
      : socket_path_(std::move(socket_path)), timeout_(timeout) {}

  [[nodiscard]] Result<QueueListAnswer> queue_list(const QueueListRequest& request) const;
  [[nodiscard]] Result<QueueCountAnswer> queue_count(const Selector& selector) const;
  [[nodiscard]] Result<ActionReport> queue_act(const ActRequest& request) const;
  [[nodiscard]] Result<TraceAnswer> trace(MessageId id) const;
  [[nodiscard]] Result<WhyAnswer> why(const WhyRequest& request) const;
  [[nodiscard]] Result<CustodyAnswer> custody_verify() const;
  [[nodiscard]] Result<StatusAnswer> status() const;
  [[nodiscard]] Result<ReloadAnswer> reload() const;
  [[nodiscard]] Result<HealthAnswer> health() const;
  [[nodiscard]] Result<SendAnswer> send(const SendRequest& request) const;
  [[nodiscard]] Result<DnsCacheAnswer> dns_cache(const DnsCacheRequest& request) const;
  [[nodiscard]] Result<DnsFlushAnswer> dns_flush(const DnsFlushRequest& request) const;
  [[nodiscard]] Result<RecipientsAnswer> recipients(const RecipientsRequest& request) const;
  [[nodiscard]] Result<ForgetRecipientsAnswer> forget_recipients(
      const ForgetRecipientsRequest& request) const;

  [[nodiscard]] const std::string& socket_path() const { return socket_path_; }

 private:
  enum class Method { get, post };
  [[nodiscard]] Result<std::string> call(Method method, std::string target, std::string content_type,
                                         std::string body, Millis timeout) const;

  std::string socket_path_;
  Millis timeout_;
};

}  // namespace waybill::control
