// run.h: runs checks over one domain: asks side by side whatever they lack, until each has its say.
// run_checks() is the pure step; check_domain() drives it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check/catalogue.h"
#include "route/gather.h"

namespace waybill::check {

enum class State : uint8_t {
  fine,
  findings,  ///< at least one that is no `unknown`
  unknown,   ///< nothing found, and something could not be found out
  skipped,   ///< nothing to judge, or not asked for: `why` says which
};
struct Ran {
  const Check* check = nullptr;
  State state = State::fine;
  std::vector<Finding> findings;
  std::string why;
};

/// The DNS answers among all facts, kept up to date as facts come in, for deciders that know the DNS alone.
class DnsFacts {
 public:
  const dns::Facts& with(const Facts& facts);

 private:
  dns::Facts dns_;
};

[[nodiscard]] Step<std::vector<Ran>, Question> run_checks(Checks checks, const Subject& subject,
                                                          const Facts& facts, const dns::Facts& dns);

using CheckDone = std::function<void(std::vector<Ran>, const Facts&)>;
/// `ask` answers on one thread; `done` is called there once. Checks that ask without end (a bug of ours) give
/// no result at all.
void check_domain(Checks checks, Subject subject, Ask ask, CheckDone done);

/// Puts the DNS's questions to `resolver`, the rest to `others`, which may be empty: then their answer is
/// "not asked". Answers hop through `post`.
[[nodiscard]] Ask ask_world(dns::Resolver& resolver, route::Post post, Ask others = {});

/// Several domains at once, for programs without a loop; results in the order of `subjects`. `progress` after
/// each.
struct Outside {
  dns::Resolver& resolver;
  /// Gets the Post that its answers must go through; empty: nothing but the DNS.
  std::function<Ask(route::Post)> others = {};
};
[[nodiscard]] std::vector<std::vector<Ran>> check_blocking(Checks checks,
                                                           const std::vector<Subject>& subjects,
                                                           const Outside& outside, size_t at_once = 32,
                                                           const std::function<void(size_t)>& progress = {});

}  // namespace waybill::check
