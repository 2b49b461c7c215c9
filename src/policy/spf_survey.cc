#include "policy/spf_survey.h"

#include <algorithm>
#include <set>

namespace waybill::policy {
namespace {
/// A tree of so many records needs far more lookups than anybody grants.
constexpr size_t kNodesMax = 64;
/// And so does one so deep. Each step down is a round of questions, of which whoever asks allows only so
/// many.
constexpr size_t kDepthMax = 16;
constexpr size_t kNamesMax = 128;   // of a, mx and exists, in all
constexpr size_t kMxHostsMax = 10;  // RFC 7208 4.6.4
/// Of all records below the first: far more than anybody publishes, and little enough to be read anew each
/// time that an answer comes.
constexpr size_t kOctetsMax = size_t{256} * 1024;
/// Macros that stand for the same whatever the message: the domain, and the sender's, which is the first
/// one's.
constexpr std::string_view kNeedsMessage = "slhipv";

class Surveyor {
 public:
  Surveyor(const dns::Name& domain, const dns::Facts& facts) : first_(domain), facts_(facts) {}

  Step<SpfSurvey, dns::Question> run() {
    out_.nodes.push_back({.domain = first_});
    read(0);
    if (!open_.empty()) return Questions<dns::Question>(open_.begin(), open_.end());
    std::ranges::stable_sort(out_.costs, std::ranges::greater{}, &SpfSurvey::Cost::lookups);
    return std::move(out_);
  }

 private:
  using State = SpfSurvey::State;

  const dns::Answer* ask(const dns::Name& name, dns::Type type) {
    dns::Question question{name, type};
    const dns::Answer* answer = facts_.find(question);
    if (answer == nullptr) open_.insert(std::move(question));
    return answer;
  }

  // Nodes are named by index throughout: the vector grows underneath.
  void read(size_t at) {
    const dns::Answer* answer = ask(out_.nodes[at].domain, dns::Type::txt);
    if (answer == nullptr) return;
    if (answer->unknown()) {
      out_.nodes[at].failed = *answer;
      return mark(at, State::unknown);
    }
    SpfTexts texts = spf_texts(*answer);
    if (texts.texts.empty()) return mark(at, State::none);
    if (texts.texts.size() > 1) return mark(at, State::several);
    octets_ += at == 0 ? 0 : texts.texts.front().size();
    if (octets_ > kOctetsMax) {
      out_.nodes[at].failed =
          dns::Answer::failure("its records have more than 256 KiB in all, and are not read");
      return mark(at, State::unknown);
    }
    out_.nodes[at].text = texts.texts.front();
    out_.nodes[at].record = parse_spf(texts.texts.front());
    if (!out_.nodes[at].record.faults.empty()) mark(at, State::faulty);
    walk(at);
  }

  void mark(size_t at, State state) {
    out_.nodes[at].state = state;
    if (state == State::unknown || state == State::depends || state == State::loop) uncounted(at);
  }

  void walk(size_t at) {
    const SpfRecord record = out_.nodes[at].record;
    const bool ends = record.find(SpfKind::all) != nullptr;
    for (const SpfTerm& term : record.terms) {
      if (term.kind == SpfKind::all) return;  // 5.1: nothing behind it counts, nor redirect= anywhere
      if (term.is_modifier()) continue;
      visit(at, term);
    }
    if (const SpfTerm* redirect = record.find(SpfKind::redirect); redirect != nullptr && !ends)
      visit(at, *redirect);
  }

  void visit(size_t at, const SpfTerm& term) {
    if (!term.is_lookup()) return;
    const int before = out_.nodes[at].lookups;
    ++out_.nodes[at].lookups;
    if (term.kind == SpfKind::ptr || (term.target && term.target->uses("p")))
      out_.pointers.push_back({.node = at, .term = term.text});
    if (term.kind == SpfKind::include || term.kind == SpfKind::redirect) {
      descend(at, term);
    } else {
      look_up(at, term);
    }
    if (at == 0) out_.costs.push_back({term.text, out_.nodes[0].lookups - before});
  }

  /// nullopt: only a message tells, or it is no name at all.
  std::optional<dns::Name> target_of(size_t at, const SpfTerm& term) {
    if (!term.target) return out_.nodes[at].domain;
    if (term.target->uses(kNeedsMessage)) return std::nullopt;
    const SpfMacroValues values{.sender_domain = first_.to_string(),
                                .domain = out_.nodes[at].domain.to_string()};
    return name_of_expansion(expand_macros(*term.target, values));
  }

  void descend(size_t at, const SpfTerm& term) {
    const size_t below = out_.nodes.size();
    if (below >= kNodesMax || depth(at) >= kDepthMax) return uncounted(at);
    auto target = target_of(at, term);
    out_.nodes.push_back({.domain = target.value_or(dns::Name{}), .term = term.text, .above = at});
    if (!target) return mark(below, State::depends);
    if (above(at, *target)) return mark(below, State::loop);
    read(below);
    out_.nodes[at].lookups += out_.nodes[below].lookups;
  }

  [[nodiscard]] size_t depth(size_t at) const {
    size_t out = 0;
    for (; at != 0; at = out_.nodes[at].above) ++out;
    return out;
  }

  /// Something at or below `at` is missing from the count, and so all the way up.
  void uncounted(size_t at) {
    for (size_t up = at;; up = out_.nodes[up].above) {
      out_.nodes[up].at_least = true;
      if (up == 0) return;
    }
  }

  /// `name` is the domain of the node `at` or of one above it.
  [[nodiscard]] bool above(size_t at, const dns::Name& name) const {
    for (size_t up = at;; up = out_.nodes[up].above) {
      if (out_.nodes[up].domain == name) return true;
      if (up == 0) return false;
    }
  }

  void look_up(size_t at, const SpfTerm& term) {
    if (term.kind == SpfKind::ptr || ++names_ > kNamesMax) return;
    const auto name = target_of(at, term);
    if (!name) return;
    const SpfSurvey::Asked asked{.node = at, .term = term.text, .name = *name};
    if (term.kind == SpfKind::mx) return exchanges(asked);
    host(asked, term.kind == SpfKind::exists);
  }

  /// `only_v4`: exists asks for nothing else (5.7).
  void host(SpfSurvey::Asked asked, bool only_v4) {
    const dns::Answer* v4 = ask(asked.name, dns::Type::a);
    const dns::Answer* v6 = only_v4 ? v4 : ask(asked.name, dns::Type::aaaa);
    if (v4 == nullptr || v6 == nullptr) return;
    if (v4->present() || v6->present()) return;
    if (!v4->unknown() && !v6->unknown()) return out_.voids.push_back(std::move(asked));
    asked.type = v4->unknown() ? dns::Type::a : dns::Type::aaaa;
    asked.failed = v4->unknown() ? *v4 : *v6;
    out_.unanswered.push_back(std::move(asked));
  }

  void exchanges(SpfSurvey::Asked asked) {
    asked.type = dns::Type::mx;
    const dns::Answer* mx = ask(asked.name, dns::Type::mx);
    if (mx == nullptr) return;
    if (mx->unknown()) {
      asked.failed = *mx;
      return out_.unanswered.push_back(std::move(asked));
    }
    if (mx->absent()) return out_.voids.push_back(std::move(asked));
    asked.hosts = mx->records.size();
    if (asked.hosts > kMxHostsMax) return out_.crowded.push_back(std::move(asked));
    for (const dns::Record& record : mx->records) {
      const auto* exchange = std::get_if<dns::Mx>(&record.data);
      if (exchange == nullptr || exchange->exchange.is_root()) continue;
      if (++names_ > kNamesMax) return;
      host({.node = asked.node, .term = asked.term, .name = exchange->exchange}, false);
    }
  }

  const dns::Name first_;
  const dns::Facts& facts_;
  std::set<dns::Question> open_;
  SpfSurvey out_;
  size_t names_ = 0;
  size_t octets_ = 0;
};
}  // namespace

const SpfSurvey::Node* SpfSurvey::last() const {
  size_t at = 0;
  while (true) {
    const Node& node = nodes[at];
    if (node.state != State::read && node.state != State::faulty) return nullptr;
    const SpfTerm* redirect = node.record.find(SpfKind::redirect);
    if (redirect == nullptr || node.record.find(SpfKind::all) != nullptr) return &node;
    size_t next = at;
    for (size_t i = at + 1; i < nodes.size(); ++i) {
      if (nodes[i].above == at && nodes[i].term == redirect->text) next = i;
    }
    if (next == at) return nullptr;
    at = next;
  }
}

std::string SpfSurvey::path_to(size_t node) const {
  std::string out = nodes[node].domain.to_string();
  while (node != 0) {
    node = nodes[node].above;
    out = nodes[node].domain.to_string() + " → " + out;
  }
  return out;
}

Step<SpfSurvey, dns::Question> survey_spf(const dns::Name& domain, const dns::Facts& facts) {
  return Surveyor(domain, facts).run();
}

}  // namespace waybill::policy
