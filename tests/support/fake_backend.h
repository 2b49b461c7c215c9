// fake_backend.h: a control::Backend over a few rows in memory, for tests of the service and the command
// line. It selects and acts as a daemon would, and remembers what it was asked. One thread at a time.
#pragma once

#include <functional>
#include <utility>

#include "base/bytes.h"
#include "control/backend.h"

namespace waybill::test {

inline Time at_s(int64_t seconds) { return Time{Millis{1'795'000'000'000 + seconds * 1000}}; }

inline mail::Address address(std::string_view text) { return *mail::Address::parse(text); }

inline control::QueueRow queue_row(uint64_t id, uint32_t index, std::string_view from, std::string_view to) {
  control::QueueRow row;
  row.message.id = MessageId{id};
  row.message.arrived = at_s(0);
  if (!from.empty()) row.message.envelope.from = address(from);
  row.message.size_octets = 4096;
  row.message.recipient_count = 1;
  row.message.origin.client_ip = *IpAddress::parse("192.0.2.7");
  row.message.origin.helo = "client.example";
  row.message.origin.listener = "mx";
  row.message.origin.protocol = "ESMTPS";
  row.recipient.index = index;
  row.recipient.recipient.address = address(to);
  row.recipient.attempts = 2;
  row.recipient.next_attempt = at_s(1800);
  row.recipient.last_attempt = at_s(60);
  row.recipient.last_reply = {451, {4, 7, 1}, "greylisted, come back"};
  row.recipient.last_host = "mx1.example.org";
  return row;
}

class FakeBackend final : public control::Backend {
 public:
  std::vector<control::QueueRow> rows;
  std::vector<control::ActRequest> acts;
  std::vector<control::SendRequest> sent;
  std::vector<std::string> flushed;
  control::CustodyAnswer custody;
  control::StatusAnswer status_answer;
  control::ReloadAnswer reload_answer;
  control::HealthAnswer health_answer;
  control::TraceAnswer trace_answer;
  control::WhyAnswer why_answer;
  control::SendAnswer send_answer;
  control::DnsCacheAnswer dns_answer;
  std::vector<control::RecipientsRequest> recipients_asked;
  control::RecipientsAnswer recipients_answer;
  std::vector<std::string> forgotten;
  std::optional<Error> failure;  ///< when set, every call fails with it

  net::Task<Result<control::QueueListAnswer>> queue_list(control::QueueListRequest request) override {
    if (failure) co_return std::unexpected(*failure);
    control::QueueListAnswer answer;
    for (const control::QueueRow& row : rows) {
      const control::Cursor here{row.message.id, row.recipient.index};
      if (!matches(request.selector, row)) continue;
      if (request.after &&
          std::pair(here.message, here.index) <= std::pair(request.after->message, request.after->index)) {
        continue;
      }
      if (answer.rows.size() == request.limit) {
        const control::QueueRow& last = answer.rows.back();
        answer.next = control::Cursor{last.message.id, last.recipient.index};
        break;
      }
      answer.rows.push_back(row);
    }
    co_return answer;
  }

  net::Task<Result<control::QueueCountAnswer>> queue_count(control::Selector selector) override {
    if (failure) co_return std::unexpected(*failure);
    control::QueueCountAnswer answer;
    answer.messages = 0;
    std::optional<MessageId> last;
    for (const control::QueueRow& row : rows) {
      if (!matches(selector, row)) continue;
      ++answer.recipients;
      if (last != row.message.id) ++*answer.messages;
      last = row.message.id;
    }
    co_return answer;
  }

  net::Task<Result<control::ActionReport>> queue_act(control::ActRequest request) override {
    if (failure) co_return std::unexpected(*failure);
    acts.push_back(request);
    control::ActionReport report;
    std::erase_if(rows, [&](control::QueueRow& row) {
      if (!matches(request.selector, row)) return false;
      ++report.matched;
      ++report.acted;
      if (request.action == control::Action::hold) row.recipient.state = control::RecipientState::held;
      if (request.action == control::Action::release) row.recipient.state = control::RecipientState::queued;
      if (request.action == control::Action::reroute) row.recipient.route_pin = request.via;
      return request.action == control::Action::drop;
    });
    co_return report;
  }

  net::Task<Result<control::TraceAnswer>> trace(MessageId id) override {
    if (failure) co_return std::unexpected(*failure);
    if (id != trace_answer.id) co_return fail(Errc::not_found, "no message {}", id.to_string());
    co_return trace_answer;
  }
  net::Task<Result<control::WhyAnswer>> why(control::WhyRequest request) override {
    if (failure) co_return std::unexpected(*failure);
    if (request.message != why_answer.id) {
      co_return fail(Errc::not_found, "no message {}", request.message.to_string());
    }
    co_return why_answer;
  }
  net::Task<Result<control::CustodyAnswer>> custody_verify() override { co_return give(custody); }
  net::Task<Result<control::StatusAnswer>> status() override { co_return give(status_answer); }
  net::Task<Result<control::ReloadAnswer>> reload() override { co_return give(reload_answer); }
  net::Task<Result<control::HealthAnswer>> health() override { co_return give(health_answer); }
  net::Task<Result<std::string>> metrics() override {
    co_return give(std::string("# TYPE waybill_up gauge\nwaybill_up 1\n"));
  }
  net::Task<Result<control::SendAnswer>> send(control::SendRequest request) override {
    if (failure) co_return std::unexpected(*failure);
    sent.push_back(std::move(request));
    co_return send_answer;
  }
  net::Task<Result<control::DnsCacheAnswer>> dns_cache(control::DnsCacheRequest) override {
    co_return give(dns_answer);
  }
  net::Task<Result<control::DnsFlushAnswer>> dns_flush(control::DnsFlushRequest request) override {
    flushed.push_back(request.name);
    co_return control::DnsFlushAnswer{7};
  }
  net::Task<Result<control::RecipientsAnswer>> recipients(control::RecipientsRequest request) override {
    recipients_asked.push_back(request);
    co_return give(recipients_answer);
  }
  net::Task<Result<control::ForgetRecipientsAnswer>> forget_recipients(
      control::ForgetRecipientsRequest request) override {
    forgotten.push_back(request.name);
    co_return give(control::ForgetRecipientsAnswer{3});
  }

 private:
  template <class T>
  Result<T> give(T value) const {
    if (failure) return std::unexpected(*failure);
    return value;
  }

  static bool matches(const control::Selector& s, const control::QueueRow& row) {
    const mail::Address& to = row.recipient.recipient.address;
    if (s.message && *s.message != row.message.id) return false;
    if (!s.domain.empty() && s.domain != to.domain.text()) return false;
    if (!s.recipient.empty() && s.recipient != to.to_string()) return false;
    if (!s.sender.empty() && s.sender != mail::to_string(row.message.envelope.from)) return false;
    if (!s.host.empty() && s.host != row.recipient.last_host) return false;
    if (!s.last_reply.empty() && row.recipient.last_reply.text.find(s.last_reply) == std::string::npos)
      return false;
    return !s.state || *s.state == row.recipient.state;
  }
};

}  // namespace waybill::test
