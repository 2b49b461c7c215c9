// decide.h: a decision asks for what it needs. A pure function from the facts known so far returns either
// its verdict or the questions still open; one driver asks those side by side and calls it again. No
// decision knows whether a fact came from the network, a file, a cache or a virtual world.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace waybill {

/// What is known so far. Question must be ordered; asking twice never happens.
template <class Question, class Answer>
class Facts {
 public:
  [[nodiscard]] const Answer* find(const Question& question) const {
    const auto at = known_.find(question);
    return at == known_.end() ? nullptr : &at->second;
  }
  void put(Question question, Answer answer) {
    known_.insert_or_assign(std::move(question), std::move(answer));
  }
  [[nodiscard]] size_t size() const { return known_.size(); }
  [[nodiscard]] auto begin() const { return known_.begin(); }
  [[nodiscard]] auto end() const { return known_.end(); }

 private:
  std::map<Question, Answer> known_;
};

template <class Question>
using Questions = std::vector<Question>;

template <class Verdict, class Question>
using Step = std::variant<Verdict, Questions<Question>>;

/// Answers one question, once, now or later, on any one thread at a time per decision.
template <class Question, class Answer>
using Ask = std::function<void(const Question&, std::function<void(Answer)>)>;

/// Runs `decide` to its verdict. `ask` may answer at once or later; all answers of one decision must
/// arrive on one thread (or strand). `done` is called exactly once. A decision that still asks after
/// `rounds_max` rounds, or asks only what it knows, is a bug of ours: `done` gets no verdict (nullptr).
template <class Verdict, class Question, class Answer>
class Decision : public std::enable_shared_from_this<Decision<Verdict, Question, Answer>> {
 public:
  using Known = Facts<Question, Answer>;
  using Decide = std::function<Step<Verdict, Question>(const Known&)>;
  using Done = std::function<void(const Verdict*, const Known&)>;

  static void run(Decide decide, Ask<Question, Answer> ask, Done done, int rounds_max = 16) {
    auto self = std::make_shared<Decision>();
    self->decide_ = std::move(decide);
    self->ask_ = std::move(ask);
    self->done_ = std::move(done);
    self->rounds_left_ = rounds_max;
    self->step();
  }

 private:
  void step() {
    // A loop, not recursion: answers that come at once must not grow the stack.
    while (true) {
      auto result = decide_(known_);
      if (auto* verdict = std::get_if<Verdict>(&result)) return done_(verdict, known_);
      auto& open = std::get<Questions<Question>>(result);
      std::erase_if(open, [this](const Question& q) { return known_.find(q) != nullptr; });
      if (open.empty() || rounds_left_-- == 0) return done_(nullptr, known_);
      waiting_ = open.size() + 1;  // one for ourselves: answers that come at once don't step in here
      for (const Question& question : open) {
        ask_(question, [self = this->shared_from_this(), question](Answer answer) {
          self->known_.put(question, std::move(answer));
          if (--self->waiting_ == 0) self->step();
        });
      }
      if (--waiting_ != 0) return;
    }
  }

  Decide decide_;
  Ask<Question, Answer> ask_;
  Done done_;
  Known known_;
  size_t waiting_ = 0;
  int rounds_left_ = 0;
};

}  // namespace waybill
