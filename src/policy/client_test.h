// client_test.h: what the tests of a client have in common: what each found, what a policy makes of it, and
// the reply or header fields that come of that. Pure; the tests themselves are iprev.h, early_talker.h,
// wrong_mx.h and greylist.h.
//
// What it never does: hold against a client what nobody could find out (Found::unknown), or keep anybody from
// `postmaster` (RFC 5321 4.5.1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/outcome.h"

namespace waybill::policy {

enum class ClientTest : uint8_t { iprev, early_talker, wrong_mx, greylist };
inline constexpr std::array kClientTests{ClientTest::iprev, ClientTest::early_talker, ClientTest::wrong_mx,
                                         ClientTest::greylist};
[[nodiscard]] std::string_view to_string(ClientTest test);

/// A value for each test.
template <class T>
class PerTest {
 public:
  [[nodiscard]] T& operator[](ClientTest test) { return values_[static_cast<size_t>(test)]; }
  [[nodiscard]] const T& operator[](ClientTest test) const { return values_[static_cast<size_t>(test)]; }
  bool operator==(const PerTest&) const = default;

 private:
  std::array<T, kClientTests.size()> values_{};
};

enum class ClientAction : uint8_t { off, observe, tag, defer, refuse };
[[nodiscard]] std::string_view to_string(ClientAction action);

enum class Found : uint8_t { unknown, pass, fail };
[[nodiscard]] std::string_view to_string(Found found);

struct Finding {
  Found found = Found::unknown;
  std::string why;  ///< one phrase for people, of printable ASCII: "left out mx1.example (10), which is up"
  Millis wait{0};   ///< greylist: how long until it passes
};
using Findings = PerTest<Finding>;

/// How long greylisting has whom wait.
struct GreylistTimes {
  Millis delay = std::chrono::minutes{5};
  Millis window = std::chrono::hours{48};
  Millis keep = std::chrono::days{35};
  uint32_t known_after = 5;  ///< waits that ended well; 0: nobody is ever known
  bool operator==(const GreylistTimes&) const = default;
};

/// One [policy.NAME].
struct ClientPolicy {
  std::string name = "default";
  PerTest<ClientAction> actions;
  Millis mx_memory = std::chrono::hours{4};
  Millis mx_grace = std::chrono::hours{1};
  GreylistTimes greylist;
  /// Whether a test that needs something looked up changes what becomes of a message: its answer then waits.
  [[nodiscard]] bool waits() const;
  [[nodiscard]] bool idle() const;  ///< every test is off
  bool operator==(const ClientPolicy&) const = default;
};

enum class ForPostmaster : uint8_t { no, yes };

struct ClientDecision {
  std::optional<mail::Reply> refusal;
  std::optional<ClientTest> refused_by;
  std::string tag;  ///< an X-Waybill-Client field with its CRLF; empty: none (iprev has a field of its own)
};

[[nodiscard]] ClientDecision decide_client(const ClientPolicy& policy, const Findings& findings,
                                           ForPostmaster postmaster);
/// The reply of a rule on its own: what `decide_client` gives when no other test fails.
[[nodiscard]] mail::Reply refusal_by(ClientTest test, ClientAction action, const Finding& finding);

}  // namespace waybill::policy
