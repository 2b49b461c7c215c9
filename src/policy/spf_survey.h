// spf_survey.h: a domain's SPF record with everything that it includes, walked whole, for no client in
// particular: how many lookups an evaluation can need at most, who needs them, and what is wrong on the way.
// The verdict about one client is spf_evaluate.h's. Pure; bounded, whatever the records say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dns/answer.h"
#include "policy/spf_record.h"

namespace waybill::policy {

struct SpfSurvey {
  enum class State : uint8_t {
    read,
    none,     ///< the domain has no SPF record: a permerror for who includes it (RFC 7208 5.2)
    several,  ///< a permerror (4.5)
    faulty,   ///< a permerror (4.6); its terms without a fault are walked all the same
    unknown,  ///< the DNS could not say
    loop,     ///< it stands above itself
    depends,  ///< the name holds macros that only a message fills in
  };
  /// One record; [0] is the domain's own.
  struct Node {
    dns::Name domain;
    std::string term;  ///< of the record above that led here; empty for the first
    size_t above = 0;  ///< its index; [0] stands above itself
    State state = State::read;
    std::string text;
    SpfRecord record;
    int lookups = 0;        ///< its terms that count, and those of all below it
    bool at_least = false;  ///< some below could not be counted
    dns::Answer failed;     ///< state unknown
  };
  /// A term that asks for a name.
  struct Asked {
    size_t node = 0;
    std::string term;
    dns::Name name;
    dns::Type type = dns::Type::a;
    size_t hosts = 0;    ///< of crowded
    dns::Answer failed;  ///< of unanswered
  };
  /// What each counting term of the first record takes, itself included; most first.
  struct Cost {
    std::string term;
    int lookups = 0;
  };

  std::vector<Node> nodes;
  std::vector<Cost> costs;
  std::vector<Asked> voids;       ///< names that do not exist in either family: void lookups for every client
  std::vector<Asked> crowded;     ///< mx with more hosts than may be asked
  std::vector<Asked> unanswered;  ///< names of a, mx and exists that could not be looked up
  std::vector<Asked> pointers;    ///< ptr, or a macro %{p}

  [[nodiscard]] int lookups() const { return nodes.front().lookups; }
  [[nodiscard]] bool at_least() const { return nodes.front().at_least; }
  /// The record at the end of redirect= from the first; nullptr if it can't be read.
  [[nodiscard]] const Node* last() const;
  /// "example.org → _spf.example.net → example.org"
  [[nodiscard]] std::string path_to(size_t node) const;
};

[[nodiscard]] Step<SpfSurvey, dns::Question> survey_spf(const dns::Name& domain, const dns::Facts& facts);

}  // namespace waybill::policy
