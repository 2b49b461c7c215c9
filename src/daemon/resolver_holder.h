// resolver_holder.h: the resolver in force, replaceable at a reload. Thread-safe. An old resolver is kept
// until its questions have timed out, and ended by whoever replaced it.
#pragma once

#include <memory>

#include "base/published.h"
#include "dns/resolver.h"
#include "resolve/stack.h"

namespace waybill::daemon {

class ResolverHolder final : public dns::Resolver {
 public:
  explicit ResolverHolder(std::shared_ptr<resolve::Stack> stack) : stack_(std::move(stack)) {}

  void resolve(const dns::Question& question, Done done) override {
    // The stack must outlive the call, not the answer: it answers or fails every question before it ends.
    const std::shared_ptr<resolve::Stack> stack = stack_.load();
    if (!stack) return done(dns::Answer::failure("shutting down"));
    stack->resolve(question, std::move(done));
  }
  [[nodiscard]] std::shared_ptr<resolve::Stack> current() const { return stack_.load(); }
  /// Puts another in force and returns the old one: drop it later, on a thread that may wait.
  [[nodiscard]] std::shared_ptr<resolve::Stack> replace(std::shared_ptr<resolve::Stack> stack) {
    return stack_.exchange(std::move(stack));
  }

 private:
  Published<resolve::Stack> stack_;
};

}  // namespace waybill::daemon
