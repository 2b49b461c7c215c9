// resolver.h: asks the DNS. Implementations: resolve/ (libunbound, overlay), and FixedResolver for tests.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "dns/answer.h"

namespace waybill::dns {

class Resolver {
 public:
  using Done = std::function<void(Answer)>;
  virtual ~Resolver() = default;
  /// Thread-safe. Calls `done` exactly once, at once or later, on any thread: callers hop to their own.
  virtual void resolve(const Question& question, Done done) = 0;
};

/// Answers from a map, at once; what is not in it is NXDOMAIN. For tests and rehearsals.
class FixedResolver final : public Resolver {
 public:
  void put(const Question& question, Answer answer) {
    const std::scoped_lock lock(mutex_);
    answers_.insert_or_assign(question, std::move(answer));
  }
  void resolve(const Question& question, Done done) override;
  /// Every question asked so far, in order.
  [[nodiscard]] std::vector<Question> asked() const;

 private:
  mutable std::mutex mutex_;
  std::map<Question, Answer> answers_;
  std::vector<Question> asked_;
};

}  // namespace waybill::dns
