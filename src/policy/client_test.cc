#include "policy/client_test.h"

#include <algorithm>

#include <fmt/format.h>

namespace waybill::policy {
namespace {
bool turns_away(ClientAction action) {
  return action == ClientAction::defer || action == ClientAction::refuse;
}

int64_t whole_seconds(Millis wait) { return std::max<int64_t>(1, (wait.count() + 999) / 1000); }

std::string tag_of(const ClientPolicy& policy, const Findings& findings) {
  std::string out;
  for (const ClientTest test : kClientTests) {
    if (policy.actions[test] != ClientAction::tag || test == ClientTest::iprev) continue;
    const Finding& finding = findings[test];
    out += fmt::format("{}\r\n\t{}={}", out.empty() ? "X-Waybill-Client:" : ";", to_string(test),
                       to_string(finding.found));
    if (finding.found != Found::pass && !finding.why.empty()) out += fmt::format(" ({})", finding.why);
  }
  return out.empty() ? out : out + "\r\n";
}
}  // namespace

std::string_view to_string(ClientTest test) {
  switch (test) {
    case ClientTest::iprev:
      return "iprev";
    case ClientTest::early_talker:
      return "early_talker";
    case ClientTest::wrong_mx:
      return "wrong_mx";
    case ClientTest::greylist:
      return "greylist";
  }
  return "iprev";
}

std::string_view to_string(ClientAction action) {
  switch (action) {
    case ClientAction::off:
      return "off";
    case ClientAction::observe:
      return "observe";
    case ClientAction::tag:
      return "tag";
    case ClientAction::defer:
      return "defer";
    case ClientAction::refuse:
      return "refuse";
  }
  return "off";
}

std::string_view to_string(Found found) {
  switch (found) {
    case Found::unknown:
      return "unknown";
    case Found::pass:
      return "pass";
    case Found::fail:
      return "fail";
  }
  return "unknown";
}

bool ClientPolicy::waits() const {
  return std::ranges::any_of(kClientTests, [this](ClientTest test) {
    const bool acts = actions[test] == ClientAction::tag || turns_away(actions[test]);
    return acts && test != ClientTest::early_talker;  // which is known from the start
  });
}

bool ClientPolicy::idle() const {
  return std::ranges::all_of(kClientTests,
                             [this](ClientTest test) { return actions[test] == ClientAction::off; });
}

mail::Reply refusal_by(ClientTest test, ClientAction action, const Finding& finding) {
  const bool for_good = action == ClientAction::refuse;
  const uint16_t code = for_good ? 550 : 450;
  const uint16_t klass = for_good ? 5 : 4;
  switch (test) {
    case ClientTest::iprev:  // X.7.25: RFC 7372 3.3
      return {code, {klass, 7, 25}, fmt::format("the reverse name of your address: {}", finding.why)};
    case ClientTest::early_talker:
      return {code, {klass, 7, 1}, "you spoke before it was your turn (RFC 5321 3.1)"};
    case ClientTest::wrong_mx:
      return {code, {klass, 7, 1}, fmt::format("{}: try that first (RFC 5321 5.1)", finding.why)};
    case ClientTest::greylist:
      return {
          450, {4, 7, 1}, fmt::format("greylisted: come back in {} seconds", whole_seconds(finding.wait))};
  }
  return {450, {4, 7, 1}, "try again later"};
}

ClientDecision decide_client(const ClientPolicy& policy, const Findings& findings, ForPostmaster postmaster) {
  ClientDecision out;
  out.tag = tag_of(policy, findings);
  // RFC 5321 4.5.1: postmaster must be reachable, and who is wrongly kept out has nobody else to tell.
  if (postmaster == ForPostmaster::yes) return out;
  for (const ClientAction action : {ClientAction::refuse, ClientAction::defer}) {
    for (const ClientTest test : kClientTests) {
      if (policy.actions[test] != action || findings[test].found != Found::fail) continue;
      out.refusal = refusal_by(test, action, findings[test]);
      out.refused_by = test;
      return out;
    }
  }
  return out;
}

}  // namespace waybill::policy
