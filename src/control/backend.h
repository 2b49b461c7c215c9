// backend.h: what the service asks of the daemon. daemon/ implements it over the queue, the resolver, the
// planner and the configuration; tests implement it in memory.
//
// Thread rule: called on the loop of the connection that asks; the task must resume there (net::Callback does
// that), and must not block that loop: what reads the disk for long goes to a thread of its own.
// Errors: `invalid` (the question), `not_found` (no such message), `refused` (a rule), `busy`, `no_space`,
// `io`, `unsupported`: they become HTTP statuses in service.cc. Every Task is asked for once and runs to its
// end.
#pragma once

#include "control/types.h"
#include "net/task.h"

namespace waybill::control {

class Backend {
 public:
  virtual ~Backend() = default;

  [[nodiscard]] virtual net::Task<Result<QueueListAnswer>> queue_list(QueueListRequest request) = 0;
  [[nodiscard]] virtual net::Task<Result<QueueCountAnswer>> queue_count(Selector selector) = 0;
  /// The service has checked already: the selector restricts or says `all`, delete has a reason, and no more
  /// than `matched_max` match.
  [[nodiscard]] virtual net::Task<Result<ActionReport>> queue_act(ActRequest request) = 0;

  /// not_found when neither the spool nor the ledger knows the id.
  [[nodiscard]] virtual net::Task<Result<TraceAnswer>> trace(MessageId id) = 0;
  [[nodiscard]] virtual net::Task<Result<WhyAnswer>> why(WhyRequest request) = 0;
  [[nodiscard]] virtual net::Task<Result<CustodyAnswer>> custody_verify() = 0;

  [[nodiscard]] virtual net::Task<Result<StatusAnswer>> status() = 0;
  [[nodiscard]] virtual net::Task<Result<ReloadAnswer>> reload() = 0;
  [[nodiscard]] virtual net::Task<Result<HealthAnswer>> health() = 0;
  /// Prometheus text exposition format 0.0.4.
  [[nodiscard]] virtual net::Task<Result<std::string>> metrics() = 0;

  /// Answers after the message is durable. The message has CRLF line ends only.
  [[nodiscard]] virtual net::Task<Result<SendAnswer>> send(SendRequest request) = 0;

  [[nodiscard]] virtual net::Task<Result<DnsCacheAnswer>> dns_cache(DnsCacheRequest request) = 0;
  [[nodiscard]] virtual net::Task<Result<DnsFlushAnswer>> dns_flush(DnsFlushRequest request) = 0;

  /// What is known of recipients of backup domains. invalid: the name is neither an address nor a domain.
  [[nodiscard]] virtual net::Task<Result<RecipientsAnswer>> recipients(RecipientsRequest request) = 0;
  [[nodiscard]] virtual net::Task<Result<ForgetRecipientsAnswer>> forget_recipients(
      ForgetRecipientsRequest request) = 0;
};

}  // namespace waybill::control
