// server_lab.h: a receive::Server on loopback with its loop on a thread of its own, a gate that lets all in
// but "no", an intake that keeps messages in memory, and blocking helpers for a client.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/dialer.h"
#include "net/listener.h"
#include "receive/server.h"
#include "receive/server_session.h"

namespace waybill::test {

/// Answers for "slow" come from another thread.
struct OpenGate final : receive::Gate {
  std::function<void()> when_connected = [] {};
  void on_connect(const receive::ClientFacts&, Answer answer) override {
    when_connected();
    answer(receive::Verdict::ok());
  }
  void on_mail(const receive::ClientFacts&, const mail::ReversePath&, uint64_t, Answer answer) override {
    answer(receive::Verdict::ok());
  }
  void on_rcpt(const receive::ClientFacts&, const mail::ReversePath&, const mail::Address& to,
               Answer answer) override {
    // From another thread, as an answer that had to wait for something would come.
    if (to.local == "slow") {
      std::thread([answer = std::move(answer)]() mutable { answer(receive::Verdict::ok()); }).detach();
    } else {
      answer(to.local == "no" ? receive::Verdict::refuse({550, {5, 1, 1}, "no such user"})
                              : receive::Verdict::ok());
    }
  }
};

struct MemoryIntake final : receive::Intake {
  std::mutex mutex;
  uint64_t next = 1;
  std::vector<receive::Accepted> messages;
  std::vector<std::pair<uint64_t, uint32_t>> abandoned;
  uint64_t spilled_octets = 0;
  std::function<void(std::move_only_function<void(Status)>)> when_committed;

  MessageId begin() override {
    const std::lock_guard lock(mutex);
    return {next++};
  }
  Status spill(MessageId, uint32_t, Chunk chunk) override {
    const std::lock_guard lock(mutex);
    spilled_octets += chunk.size();
    return {};
  }
  void commit(receive::Accepted message, std::move_only_function<void(Status)> done) override {
    {
      const std::lock_guard lock(mutex);
      messages.push_back(std::move(message));
    }
    if (when_committed) return when_committed(std::move(done));
    std::thread([done = std::move(done)]() mutable { done(Status{}); }).detach();
  }
  void abandon(MessageId id, uint32_t chunks) override {
    const std::lock_guard lock(mutex);
    abandoned.emplace_back(id.value, chunks);
  }
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    settings_->hostname = "mx.example";
    settings_->banner_delay = Millis{0};
  }
  ~ServerTest() override {
    registry_.kill_sessions();
    if (thread_.joinable()) {
      loop_.stop();
      thread_.join();
    }
  }
  void start(receive::SessionLimits limits = {}) {
    listen(std::move(limits));
    go();
  }
  /// The two halves of start(): clients can connect, but nobody is served until go().
  void listen(receive::SessionLimits limits) {
    registry_.set_limits(std::move(limits));
    auto listener = net::Listener::open(loop_, Endpoint{*IpAddress::parse("127.0.0.1"), 0});
    ASSERT_TRUE(listener);
    at_ = listener->local();
    server_.add(std::move(*listener), loop_, settings_);
  }
  void go() {
    thread_ = std::thread([this] { loop_.run(); });
  }

  /// Runs a client's coroutine on the server's loop and waits for its result.
  std::string run(net::Task<std::string> client) {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<std::string> result;
    loop_.spawn(finish(std::move(client), &mutex, &ready, &result));
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return result.has_value(); });
    return *result;
  }
  static net::Task<void> finish(net::Task<std::string> client, std::mutex* mutex,
                                std::condition_variable* ready, std::optional<std::string>* result) {
    std::string heard = co_await client;
    const std::lock_guard lock(*mutex);
    result->emplace(std::move(heard));
    ready->notify_one();
  }

  /// Sends `says` one after the other, each after a reply line to the one before; returns all that was heard.
  static net::Task<std::string> talk(net::Loop* loop, Endpoint at, std::vector<std::string> says,
                                     Millis patience) {
    auto stream = co_await net::connect(*loop, at, std::nullopt, net::deadline_in(Millis{5000}));
    if (!stream) co_return "no connection: " + stream.error().what;
    std::string heard;
    std::array<char, 4096> buffer;
    size_t next = 0;
    while (true) {
      const Result<size_t> got = co_await stream->read(std::span<char>(buffer), net::deadline_in(patience));
      if (!got) break;
      heard.append(buffer.data(), *got);
      const size_t line = heard.rfind('\n', heard.size() - 2);
      const size_t start = line == std::string::npos ? 0 : line + 1;
      if (!heard.ends_with("\r\n") || heard[start + 3] != ' ' || next >= says.size()) continue;
      const Status sent = co_await stream->write(std::string_view(says[next++]), net::deadline_in(patience));
      if (!sent) break;
    }
    co_return heard;
  }
  std::string talk(std::vector<std::string> says, Millis patience = Millis{5000}) {
    return run(talk(&loop_, at_, std::move(says), patience));
  }

  OpenGate gate_;
  MemoryIntake intake_;
  SystemClock clock_;
  receive::SessionRegistry registry_;
  std::shared_ptr<receive::Settings> settings_ = std::make_shared<receive::Settings>();
  net::Loop loop_;
  receive::Server server_{receive::Services{gate_, intake_, clock_}, registry_, {&loop_}};
  Endpoint at_;
  std::thread thread_;
};

}  // namespace waybill::test
