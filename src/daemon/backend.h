// backend.h: answers the control API from the daemon's parts.
//
// Thread rule: runs on the control loop, which must stay quick for signals and health checks: long reads of
// the store go to the reader's loop, the longest to the auditor's, and what belongs to the conductor is asked
// of it on its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "control/backend.h"
#include "daemon/backup_places.h"
#include "daemon/conductor.h"
#include "daemon/gate.h"
#include "daemon/primary_places.h"
#include "daemon/resolver_holder.h"
#include "daemon/targeter.h"
#include "receive/registry.h"

namespace waybill::daemon {

class Backend final : public control::Backend {
 public:
  /// The running daemon, as far as the API may see it. All outlive the backend.
  struct Parts {
    net::Loop& loop;  ///< the control loop
    net::Loop& conductor_loop;
    net::Loop& reader_loop;   ///< where the store may be read for long
    net::Loop& auditor_loop;  ///< where it may be read for minutes: nobody's list waits behind that
    queue::Store& store;
    Conductor& conductor;
    deliver::Manager& manager;
    Targeter& targeter;
    ResolverHolder& resolver;
    receive::SessionRegistry& sessions;
    SpoolIntake& intake;
    PolicyGate& gate;
    BackupRecipients& backup;
    BackupPlaces& places;
    PrimaryPlaces& primaries;
    Overload& overload;
    ClientsGate& clients;
    Counters& counters;
    const Clock& clock;
    Time started;
    std::string config_file;
    std::function<std::shared_ptr<const config::Config>()> config;
    std::function<std::vector<control::ListenerStatus>()> listeners;
    std::function<std::string()> phase;
    std::function<control::ReloadAnswer()> reload;
    std::function<std::optional<Time>()> config_loaded;
  };
  explicit Backend(Parts parts) : parts_(std::move(parts)) {}

  net::Task<Result<control::QueueListAnswer>> queue_list(control::QueueListRequest request) override;
  net::Task<Result<control::QueueCountAnswer>> queue_count(control::Selector selector) override;
  net::Task<Result<control::ActionReport>> queue_act(control::ActRequest request) override;
  net::Task<Result<control::TraceAnswer>> trace(MessageId id) override;
  net::Task<Result<control::WhyAnswer>> why(control::WhyRequest request) override;
  net::Task<Result<control::CustodyAnswer>> custody_verify() override;
  net::Task<Result<control::StatusAnswer>> status() override;
  net::Task<Result<control::ReloadAnswer>> reload() override;
  net::Task<Result<control::HealthAnswer>> health() override;
  net::Task<Result<std::string>> metrics() override;
  net::Task<Result<control::SendAnswer>> send(control::SendRequest request) override;
  net::Task<Result<control::ClientsAnswer>> clients(control::ClientsRequest request) override;
  net::Task<Result<control::ClientsSeenAnswer>> clients_seen(control::ClientsSeenRequest request) override;
  net::Task<Result<control::DnsCacheAnswer>> dns_cache(control::DnsCacheRequest request) override;
  net::Task<Result<control::DnsFlushAnswer>> dns_flush(control::DnsFlushRequest request) override;
  net::Task<Result<control::RecipientsAnswer>> recipients(control::RecipientsRequest request) override;
  net::Task<Result<control::ForgetRecipientsAnswer>> forget_recipients(
      control::ForgetRecipientsRequest request) override;

 private:
  static constexpr size_t kBackupsShown = 1000;
  static constexpr size_t kPrimaryFaultsShown = 20;
  [[nodiscard]] net::Task<std::vector<control::BackupStatus>> backups();
  /// Runs `what` on another loop and comes back with its value.
  template <class T>
  [[nodiscard]] net::Task<T> on_loop(net::Loop& loop, std::move_only_function<T()> what);
  template <class T>
  [[nodiscard]] net::Task<T> on_conductor(std::move_only_function<T()> what) {
    return on_loop<T>(parts_.conductor_loop, std::move(what));
  }
  template <class T>
  [[nodiscard]] net::Task<T> on_reader(std::move_only_function<T()> what) {
    return on_loop<T>(parts_.reader_loop, std::move(what));
  }
  template <class T>
  [[nodiscard]] net::Task<T> on_auditor(std::move_only_function<T()> what) {
    return on_loop<T>(parts_.auditor_loop, std::move(what));
  }
  /// How a domain's destination stands, and how much waits for it.
  [[nodiscard]] net::Task<std::optional<control::RecoveryStatus>> recovery_of(Targeter::Asked asked);
  [[nodiscard]] Targeter::Asked as_asked(MessageId id, const queue::RecipientRecord& record) const;
  [[nodiscard]] net::Task<control::WhyRecipient> why_one(MessageId id, uint32_t index,
                                                         queue::RecipientRecord record);

  Parts parts_;
};

template <class T>
net::Task<T> Backend::on_loop(net::Loop& loop, std::move_only_function<T()> what) {
  net::Callback<T> waiting(parts_.loop);
  loop.post([answer = waiting.completer(), what = std::move(what)]() mutable { answer(what()); });
  T value = co_await waiting;
  co_return value;
}

}  // namespace waybill::daemon
