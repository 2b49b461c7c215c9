// session_driver.h: plays the shell of a receive::Session in memory: a gate by a function, an intake that
// keeps what was committed, and the octets in any split.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "receive/session.h"

namespace waybill::test {

struct Committed {
  mail::Envelope envelope;
  mail::Origin origin;
  std::string trace;    ///< our Received field
  std::string content;  ///< the message as the client sent it
  uint64_t size_octets = 0;
  bool operator==(const Committed&) const = default;
};

/// The world around a session: what the gate says, how the store behaves.
struct World {
  std::function<receive::Verdict(const receive::ClientFacts&)> connect = [](const auto&) {
    return receive::Verdict::ok();
  };
  std::function<receive::Verdict(const mail::ReversePath&)> mail = [](const auto&) {
    return receive::Verdict::ok();
  };
  /// Recipients whose local part begins with "no" are refused; domainless postmaster gets one.
  std::function<receive::Verdict(const mail::Address&)> rcpt = [](const mail::Address& to) {
    if (to.local.starts_with("no")) return receive::Verdict::refuse({550, {5, 1, 1}, "no such user"});
    receive::Verdict verdict;
    if (to.domain.empty()) verdict.rewritten = {{to.local, *mail::Domain::parse("mx.example")}};
    return verdict;
  };
  std::function<Status(uint32_t n)> spill = [](uint32_t) { return Status{}; };
  std::function<Status()> commit = [] { return Status{}; };
};

inline std::shared_ptr<receive::Settings> test_settings() {
  auto settings = std::make_shared<receive::Settings>();
  settings->hostname = "mx.example";
  return settings;
}

class SessionDriver {
 public:
  explicit SessionDriver(std::shared_ptr<const receive::Settings> settings = test_settings(),
                         World world = {}, std::string_view client_ip = "192.0.2.7")
      : world_(std::move(world)),
        session_(settings, {Endpoint{*IpAddress::parse(client_ip), 40000},
                            settings->listener,
                            settings->role,
                            {},
                            receive::Secured::no,
                            {}}) {}

  /// Everything said until now, the banner included, then forgets it.
  std::string start() {
    session_.start();
    settle();
    return take_output();
  }
  /// Feeds in one piece and returns the replies.
  std::string say(std::string_view octets) {
    feed(octets);
    return take_output();
  }
  void feed(std::string_view octets) {
    pending_ += octets;
    settle();
  }
  std::string take_output() { return std::exchange(said_, {}); }

  receive::Session& session() { return session_; }
  std::vector<Committed>& committed() { return committed_; }
  [[nodiscard]] const std::vector<uint64_t>& abandoned() const { return abandoned_; }
  [[nodiscard]] const std::map<uint64_t, std::vector<std::string>>& spilled() const { return spilled_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] size_t unread_octets() const { return pending_.size(); }
  /// Octets in the largest number of chunks that the session handed over at once.
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }

  /// Carries out actions and feeds what is pending until nothing moves any more.
  void settle() {
    while (true) {
      if (auto action = session_.take_action()) {
        carry_out(std::move(*action));
        continue;
      }
      said_ += std::exchange(session_.output(), {});
      if (pending_.empty() || !session_.wants_input()) return;
      const size_t used = session_.feed(pending_);
      if (used == 0) return;
      pending_.erase(0, used);
    }
  }

 private:
  void carry_out(receive::Action action) {
    if (std::holds_alternative<receive::AskConnect>(action)) {
      session_.on_verdict(world_.connect(session_.client()));
    } else if (std::holds_alternative<receive::AskMail>(action)) {
      session_.on_verdict(world_.mail(session_.from()));
    } else if (std::holds_alternative<receive::AskRcpt>(action)) {
      session_.on_verdict(world_.rcpt(session_.candidate()));
    } else if (std::holds_alternative<receive::Begin>(action)) {
      log_.emplace_back("begin");
      session_.on_begun(MessageId{next_id_++}, Time{Millis{1'800'000'000'000}});
    } else if (auto* spill = std::get_if<receive::Spill>(&action)) {
      log_.push_back(fmt::format("spill {}", spill->n));
      const Status kept = world_.spill(spill->n);
      if (kept) {
        spilled_[spill->id.value].emplace_back(spill->chunk.view());
      } else {
        session_.on_spill_failed(kept.error());
      }
    } else if (auto* message = std::get_if<receive::Commit>(&action)) {
      commit(std::move(message->message));
    } else if (auto* abandon = std::get_if<receive::Abandon>(&action)) {
      log_.push_back(fmt::format("abandon {}", abandon->chunks));
      abandoned_.push_back(abandon->id.value);
      spilled_.erase(abandon->id.value);
    } else if (std::holds_alternative<receive::BeginTls>(action)) {
      log_.emplace_back("tls");
      pending_.clear();  // as the shell does: nothing read in the clear survives
      said_ += std::exchange(session_.output(), {});
      session_.on_tls_started("using TLSv1.3 with cipher X");
    } else {
      closed_ = true;
      pending_.clear();
      said_ += std::exchange(session_.output(), {});
    }
  }

  void commit(receive::Accepted accepted) {
    log_.emplace_back("commit");
    const Status status = world_.commit();
    if (status) {
      std::string body;
      for (const std::string& chunk : spilled_[accepted.id.value]) body += chunk;
      for (const Chunk& chunk : accepted.chunks) body += chunk.view();
      // Our own field ends at the first line that is not folded.
      size_t end = body.find("\r\n");
      while (end != std::string::npos && end + 2 < body.size() && body[end + 2] == '\t')
        end = body.find("\r\n", end + 2);
      committed_.push_back({accepted.envelope, accepted.origin, body.substr(0, end + 2), body.substr(end + 2),
                            accepted.size_octets});
    }
    session_.on_committed(status);
  }

  World world_;
  receive::Session session_;
  std::string pending_;
  std::string said_;
  std::vector<Committed> committed_;
  std::vector<uint64_t> abandoned_;
  std::map<uint64_t, std::vector<std::string>> spilled_;
  std::vector<std::string> log_;
  uint64_t next_id_ = 1;
  bool closed_ = false;
};

/// The codes of the replies in `output`, one for each reply (not for each line).
inline std::vector<int> reply_codes(std::string_view output) {
  std::vector<int> codes;
  for (const std::string_view line : split(output, '\n')) {
    if (line.size() >= 4 && line[3] == ' ') codes.push_back(std::stoi(std::string(line.substr(0, 3))));
  }
  return codes;
}

}  // namespace waybill::test
