// delivery_kit.h: deliveries, routes and a running manager for tests.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "deliver/manager.h"

namespace waybill::test {

inline mail::Address address(const std::string& text) {
  auto parsed = mail::Address::parse(text);
  if (!parsed) throw std::runtime_error(parsed.error().what);
  return *parsed;
}

inline std::shared_ptr<mail::Delivery> make_delivery(const std::vector<std::string>& to,
                                                     std::string body = "Subject: x\r\n\r\nhello\r\n",
                                                     uint64_t id = 7) {
  auto delivery = std::make_shared<mail::Delivery>();
  auto envelope = std::make_shared<mail::Envelope>();
  envelope->from = address("sender@source.test");
  delivery->id = MessageId{id};
  delivery->envelope = envelope;
  delivery->body = std::make_shared<mail::MemoryBody>(std::move(body));
  for (const std::string& one : to) {
    mail::DeliveryRecipient recipient;
    recipient.index = static_cast<uint32_t>(delivery->recipients.size());
    recipient.recipient.address = address(one);
    delivery->recipients.push_back(recipient);
  }
  if (!to.empty()) delivery->domain = delivery->recipients.front().recipient.address.domain;
  return delivery;
}

/// Routes by domain from a table.
class TableRouter final : public deliver::Router {
 public:
  void set(const std::string& domain, deliver::TargetsPtr targets) {
    const std::scoped_lock lock(mutex_);
    table_[domain] = std::move(targets);
  }
  void targets(const mail::Delivery& delivery, Done done) override {
    const mail::Domain& domain = delivery.domain;
    deliver::TargetsPtr found;
    {
      const std::scoped_lock lock(mutex_);
      if (const auto at = table_.find(domain.text()); at != table_.end()) found = at->second;
    }
    done(found);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, deliver::TargetsPtr> table_;
};

struct HostAt {
  uint16_t preference;
  std::string host;
  std::string ip;
  uint16_t port;
};

/// One tier a preference; hosts in ascending preference.
inline deliver::TargetsPtr smtp_targets(const std::string& site, const std::vector<HostAt>& hosts) {
  auto out = std::make_shared<deliver::Targets>();
  out->decision = deliver::TargetsDecision::deliver;
  out->site_key = site;
  for (const HostAt& one : hosts) {
    if (out->tiers.empty() || out->tiers.back().front().preference != one.preference)
      out->tiers.emplace_back();
    out->tiers.back().push_back({one.preference, one.host, {IpAddress::parse(one.ip).value()}, one.port});
  }
  return out;
}

/// A manager with one conductor and one I/O thread.
class ManagerKit {
 public:
  explicit ManagerKit(deliver::Settings settings = {}) {
    settings.hostname = "client.test";
    conductor_thread_ = std::thread([this] { conductor_.run(); });
    io_thread_ = std::thread([this] { io_.run(); });
    manager_ = std::make_unique<deliver::Manager>(
        conductor_, std::vector<net::Loop*>{&io_}, router, files, std::move(settings),
        [this](const std::string& site, const std::vector<mail::Domain>& domains) {
          const std::scoped_lock lock(mutex_);
          for (const auto& domain : domains) back_.push_back(site + "/" + domain.text());
          changed_.notify_all();
        });
  }
  ~ManagerKit() {
    stop(Millis{3'000});
    io_.stop();
    conductor_.stop();
    io_thread_.join();
    conductor_thread_.join();
    manager_.reset();
  }
  void stop(Millis within) {
    on_conductor([this, within] {
      manager_->stop(net::deadline_in(within), [this] {
        const std::scoped_lock lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
      });
    });
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [this] { return stopped_; });
  }

  void start(mail::DeliveryPtr delivery) {
    conductor_.post([this, delivery = std::move(delivery)]() mutable {
      manager_->start(std::move(delivery), [this](mail::DeliveryResult result) {
        const std::scoped_lock lock(mutex_);
        results_.push_back(std::move(result));
        changed_.notify_all();
      });
    });
  }
  /// Waits until so many results are there (10 s at most).
  std::vector<mail::DeliveryResult> results(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return results_.size() >= count; });
    return results_;
  }
  mail::Outcome one(mail::DeliveryPtr delivery) {
    size_t before;
    {
      const std::scoped_lock lock(mutex_);
      before = results_.size();
    }
    start(std::move(delivery));
    const auto all = results(before + 1);
    return all.size() > before ? all[before].outcomes.at(0) : mail::Outcome{};
  }
  std::vector<std::string> back(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return back_.size() >= count; });
    return back_;
  }
  deliver::ManagerStatus status() {
    deliver::ManagerStatus out;
    on_conductor([&] { out = manager_->status(); });
    return out;
  }
  void on_conductor(std::function<void()> work) {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    conductor_.post([&] {
      work();
      const std::scoped_lock lock(mutex);
      done = true;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done; });
  }

  /// On the conductor only.
  deliver::Manager& manager() { return *manager_; }

  TableRouter router;
  FaultFs files;

 private:
  net::Loop conductor_;
  net::Loop io_;
  std::thread conductor_thread_;
  std::thread io_thread_;
  std::unique_ptr<deliver::Manager> manager_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<mail::DeliveryResult> results_;
  std::vector<std::string> back_;
  bool stopped_ = false;
};

}  // namespace waybill::test
