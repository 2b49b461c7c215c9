// dns_lab.h: an authoritative server on a loopback port of its own, with its own thread, for tests; and a way
// to wait for one answer.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dns/resolver.h"
#include "dns/zone_file.h"
#include "net/loop.h"
#include "resolve/dns_server.h"

namespace waybill::test {

class DnsLab {
 public:
  /// `zones` as text; `faults` as parse_fault has them. Aborts the test program on a mistake in either.
  explicit DnsLab(const std::string& zones, const std::vector<std::string>& faults = {}) {
    auto server = resolve::DnsServer::open(loop_, {IpAddress::v4(0x7F000001), 0}, authority(zones, faults),
                                           [this](const Endpoint&, const std::string& line) {
                                             const std::scoped_lock lock(mutex_);
                                             seen_.push_back(line);
                                           });
    if (!server) throw std::runtime_error(server.error().what);
    server_ = std::move(*server);
    at_ = server_->local();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~DnsLab() {
    loop_.post([this] { server_->close(); });
    loop_.stop();
    thread_.join();
  }
  [[nodiscard]] Endpoint at() const { return at_; }
  /// One line a query: "MX example.org -> NOERROR 2 records".
  [[nodiscard]] std::vector<std::string> seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }
  void replace(const std::string& zones, const std::vector<std::string>& faults = {}) {
    std::promise<void> done;
    loop_.post([this, &done, a = authority(zones, faults)]() mutable {
      server_->replace(std::move(a));
      done.set_value();
    });
    done.get_future().wait();
  }

  static resolve::Authority authority(const std::string& zones, const std::vector<std::string>& faults) {
    const dns::ZoneFile file = dns::read_zone_text(zones, "lab.zone");
    if (!file.errors.empty()) throw std::runtime_error(file.errors[0].to_string());
    dns::ZoneSet set;
    for (auto& zone : dns::zones_of(file)) set.add(zone);
    std::vector<resolve::Fault> parsed;
    for (const std::string& text : faults) parsed.push_back(resolve::parse_fault(text).value());
    return resolve::Authority(std::move(set), resolve::FaultTable(std::move(parsed)));
  }

 private:
  net::Loop loop_;
  std::unique_ptr<resolve::DnsServer> server_;
  Endpoint at_;
  std::thread thread_;
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
};

inline dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

inline dns::Answer ask(dns::Resolver& resolver, std::string_view what, dns::Type type) {
  auto promise = std::make_shared<std::promise<dns::Answer>>();
  auto future = promise->get_future();
  resolver.resolve({name(what), type},
                   [promise](dns::Answer answer) { promise->set_value(std::move(answer)); });
  return future.get();
}

}  // namespace waybill::test
