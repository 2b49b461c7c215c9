// queue_samples.h: messages, changes and a blocking commit for tests of the queue.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "queue/store.h"

namespace waybill::queue::samples {

inline const Time kStart{Millis{1'800'000'000'000}};

inline MessageId id_at(uint64_t n, Time at = kStart) {
  return {(static_cast<uint64_t>(at.time_since_epoch().count() - 1'577'836'800'000) << 19) + n};
}

inline RecipientRecord recipient(std::string_view address, Time due = kStart) {
  RecipientRecord out;
  out.recipient.address = *mail::Address::parse(address);
  out.next_attempt = due;
  return out;
}

inline NewMessage message(MessageId id, const std::vector<std::string>& to,
                          std::string body = "Subject: x\r\n\r\nhello\r\n", Time at = kStart) {
  NewMessage out;
  out.message.id = id;
  out.message.arrived = at;
  out.message.envelope.from = *mail::Address::parse("sender@example.org");
  out.message.origin.helo = "client.example.org";
  out.message.origin.protocol = "ESMTP";
  out.message.origin.client_ip = *IpAddress::parse("192.0.2.1");
  out.message.size_octets = body.size();
  out.message.chunk_count = 1;
  out.message.recipient_count = static_cast<uint32_t>(to.size());
  out.chunks.emplace_back(std::move(body));
  for (const std::string& address : to) out.recipients.push_back(recipient(address, at));
  return out;
}

inline EventKind event_of(State state) {
  switch (state) {
    case State::delivered:
      return EventKind::delivered;
    case State::bounced:
      return EventKind::bounced;
    case State::expired:
      return EventKind::expired;
    case State::deleted:
      return EventKind::deleted;
    case State::discarded:
      return EventKind::discarded;
    case State::held:
      return EventKind::held;
    case State::queued:
      return EventKind::deferred;
  }
  return EventKind::deferred;
}

inline Change change(RecipientKey key, RecipientRecord after, State state, Time at = kStart) {
  Change out;
  out.key = key;
  out.after = std::move(after);
  out.after.state = state;
  out.event.time = at;
  out.event.message = key.message;
  out.event.recipient = key.index;
  out.event.kind = event_of(state);
  out.event.address = out.after.recipient.address.to_string();
  return out;
}

/// Commits and waits for the answer.
inline Status commit(Store& store, Transaction transaction) {
  auto promise = std::make_shared<std::promise<Status>>();
  auto answer = promise->get_future();
  store.commit(std::move(transaction), [promise](Status status) { promise->set_value(std::move(status)); });
  return answer.get();
}

inline Status accept(Store& store, NewMessage added) {
  Transaction transaction;
  transaction.messages.push_back(std::move(added));
  return commit(store, std::move(transaction));
}

inline Status apply(Store& store, Change one) {
  Transaction transaction;
  transaction.changes.push_back(std::move(one));
  return commit(store, std::move(transaction));
}

/// A folder of its own, gone afterwards.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "waybill-queue-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string spool() const { return path_ + "/spool"; }

 private:
  std::string path_;
};

}  // namespace waybill::queue::samples
