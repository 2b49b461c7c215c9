// session_compare.h: runs the real session and the naive one on the same octets and says where they differ.
#pragma once

#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <string>

#include "support/naive_session.h"
#include "support/session_driver.h"

namespace waybill::test {

/// Where the octets are cut: 0 feeds all at once.
struct Cuts {
  std::vector<size_t> sizes;  ///< piece sizes, used in turn; empty: one piece
};

struct RealRun {
  std::vector<int> codes;
  std::vector<NaiveMessage> messages;
  bool closed = false;
  std::string output;
  std::vector<std::string> log;
};

inline RealRun run_real(std::shared_ptr<const receive::Settings> settings, const std::string& input,
                        const Cuts& cuts) {
  SessionDriver driver(std::move(settings));
  std::string output = driver.start();
  size_t at = 0;
  for (size_t i = 0; at < input.size() && !driver.closed(); ++i) {
    const size_t size =
        cuts.sizes.empty() ? input.size() : std::max<size_t>(cuts.sizes[i % cuts.sizes.size()], 1);
    driver.feed(std::string_view(input).substr(at, size));
    at += size;
  }
  output += driver.take_output();
  RealRun run;
  run.codes = reply_codes(output);
  run.output = std::move(output);
  run.closed = driver.closed();
  for (const Committed& message : driver.committed()) {
    NaiveMessage plain{mail::to_string(message.envelope.from), {}, message.content};
    for (const auto& recipient : message.envelope.recipients)
      plain.recipients.push_back(recipient.address.to_string());
    run.messages.push_back(std::move(plain));
  }
  run.log = driver.log();
  return run;
}

/// "" when both agree.
inline std::string difference(const RealRun& real, const NaiveSession& naive) {
  std::string out;
  if (real.codes != naive.codes) {
    out += fmt::format("codes: real {} naive {}\n", fmt::join(real.codes, ","), fmt::join(naive.codes, ","));
  }
  if (real.closed != naive.closed)
    out += fmt::format("closed: real {} naive {}\n", real.closed, naive.closed);
  if (real.messages != naive.messages) {
    out += fmt::format("messages: real {} naive {}\n", real.messages.size(), naive.messages.size());
    for (const auto& m : real.messages)
      out += fmt::format("  real <{}> '{}'\n", m.from, printable(m.content));
    for (const auto& m : naive.messages)
      out += fmt::format("  naive <{}> '{}'\n", m.from, printable(m.content));
  }
  return out;
}

/// Feeds the real session one command at a time, each with its text or chunk, and compares the replies, the
/// messages and what is left of the transaction after every one. "" when both agree throughout.
inline std::string difference_after_a_command(std::shared_ptr<const receive::Settings> settings,
                                              const std::string& input) {
  const NaiveSession naive(*settings, input, Arrival::a_command_at_a_time);
  SessionDriver real(std::move(settings));
  std::string output = real.start();
  size_t at = 0;
  for (size_t n = 0; n < naive.steps.size(); ++n) {
    const NaiveStep& step = naive.steps[n];
    real.feed(std::string_view(input).substr(at, step.at - at));
    at = step.at;
    output += real.take_output();
    const std::vector<int> codes = reply_codes(output);
    std::vector<std::string> recipients;
    for (const auto& to : real.session().envelope().recipients) recipients.push_back(to.address.to_string());
    const std::string where = fmt::format("after command {}, octet {}: ", n + 1, at);
    if (!std::ranges::equal(codes, std::span(naive.codes).first(step.codes)))
      return where + fmt::format("codes: real {} naive {}\n", fmt::join(codes, ","),
                                 fmt::join(std::span(naive.codes).first(step.codes), ","));
    if (real.closed() != step.closed) return where + "closed\n";
    if (real.committed().size() != step.messages) return where + "messages\n";
    if (step.closed || step.unfinished) return {};
    if (mail::to_string(real.session().from()) != step.from || recipients != step.recipients)
      return where + fmt::format("left over: real <{}> {} naive <{}> {}\n",
                                 mail::to_string(real.session().from()), fmt::join(recipients, ","),
                                 step.from, fmt::join(step.recipients, ","));
    if (!step.chunks_open && real.session().in_message()) return where + "a message is still open\n";
  }
  return {};
}

/// RFC 2034 4: the class of an enhanced status equals the code's first digit. "" when all do.
inline std::string enhanced_mismatch(std::string_view output) {
  for (std::string_view line : split(output, '\n')) {
    if (line.size() < 9 || line[5] != '.') continue;
    if (line[4] >= '0' && line[4] <= '9' && line[4] != line[0]) return std::string(line);
  }
  return {};
}

/// Small limits, so that short inputs reach them; talking early is allowed, because it depends on the cuts.
inline std::shared_ptr<receive::Settings> tight_settings() {
  auto settings = test_settings();
  settings->early_talkers = receive::EarlyTalkers::allow;
  settings->command_octets_max = 600;
  settings->message_octets_max = 2000;
  settings->header_octets_max = 1500;
  settings->line_octets_max = 1000;
  settings->received_fields_max = 3;
  settings->recipients_max = 4;
  settings->messages_max = 5;
  settings->commands_max = 60;
  settings->errors_max = 8;
  settings->rejected_recipients_max = 5;
  return settings;
}

}  // namespace waybill::test
