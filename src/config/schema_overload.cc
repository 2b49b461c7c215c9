// schema_overload.cc: the table of [overload], and the kinds that only it has.
#include "config/kinds.h"
#include "config/schema.h"

namespace waybill::config {
namespace {
using std::chrono::hours;
using std::chrono::minutes;

bool is_word(const toml::node& node, std::string_view word) {
  const auto* text = node.as_string();
  return text != nullptr && text->get() == word;
}

/// "off", or nothing, for a limit that is not looked at.
template <class K>
struct OrOff {
  K kind;
  template <class T>
  void read(const Scope& scope, const toml::node& node, T& out) const {
    if (!is_word(node, "off")) return kind.read(scope, node, out);
    out = T{};
    scope.remember(node);
  }
  template <class T>
  [[nodiscard]] std::string show(const T& value) const {
    return value == T{} ? "\"off\"" : kind.show(value);
  }
  [[nodiscard]] std::string type() const { return kind.type() + " or \"off\""; }
};

template <class K>
struct CeilingKind {
  K kind;
  void read(const Scope& scope, const toml::node& node, Ceiling& out) const {
    if (is_word(node, "auto")) {
      out = {};
      return scope.remember(node);
    }
    uint64_t value = 0;
    const size_t before = scope.reader.errors().size();
    OrOff<K>{kind}.read(scope, node, value);
    if (scope.reader.errors().size() == before) out = {.automatic = false, .value = value};
  }
  [[nodiscard]] std::string show(const Ceiling& value) const {
    return value.automatic ? "\"auto\"" : OrOff<K>{kind}.show(value.value);
  }
  [[nodiscard]] std::string type() const { return kind.type() + ", \"auto\" or \"off\""; }
};

template <class M, class K>
Key<Overload> key(std::string_view name, std::string_view doc, M Overload::* member, K kind) {
  return {
      name, kind.type(), doc,
      [=](const Scope& scope, const toml::node& node, Overload& out) { kind.read(scope, node, out.*member); },
      [=](const Overload& from) { return kind.show(from.*member); }};
}

constexpr Count kPercent{1, 100};
}  // namespace

const Section<Overload>& overload_section() {
  static const Section<Overload> section{
      "overload",
      "When clients are told to come back later: strangers first, those of relay.trusted_networks last.",
      {
          key("queue", "recipients waiting in the queue; this many are 100 %", &Overload::queue_recipients,
              OrOff<Count>{{0, 10'000'000'000}}),
          key("memory",
              "what the process holds resident; auto: three quarters of the machine or its control group",
              &Overload::memory, CeilingKind<Size>{}),
          key("descriptors", "open files and connections; auto: what the process may have (RLIMIT_NOFILE)",
              &Overload::descriptors, CeilingKind<Count>{}),
          key("commit_latency", "from a message's end until it is on disk, for 99 of 100",
              &Overload::commit_latency, OrOff<Duration>{{Seconds{0}, hours{1}}}),
          key("shed_strangers", "percent of a limit from which strangers get 421 or 452",
              &Overload::shed_strangers_percent, kPercent),
          key("shed_everyone", "percent of a limit from which trusted clients get it, too",
              &Overload::shed_everyone_percent, kPercent),
          key("recover", "percent of a limit below which strangers are served again",
              &Overload::recover_percent, kPercent),
          key("dwell", "how long it must stay below before that, so that it doesn't flap", &Overload::dwell,
              Duration{Seconds{1}, hours{1}}),
      }};
  return section;
}

}  // namespace waybill::config
