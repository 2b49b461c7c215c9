// The server's session against the naive model, on any octets: all at once, and after every single command,
// the transaction that is left included. Then the same octets in another cut, for crashes and for enhanced
// codes that don't fit. The first octet chooses the cut and the policy.
#include <cstdio>
#include <cstdlib>

#include "support/session_compare.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill;
  if (size < 2) return 0;
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto settings = test::tight_settings();
  settings->bare_newline =
      (data[0] & 128) != 0 ? receive::BareNewline::replace : receive::BareNewline::reject;
  const auto whole = test::run_real(settings, input, {});
  const auto cut = test::run_real(settings, input, {{static_cast<size_t>(data[0] % 32 + 1)}});
  const std::string difference = test::difference(whole, test::NaiveSession(*settings, input)) +
                                 test::difference_after_a_command(settings, input);
  if (!difference.empty()) {
    std::fputs(difference.c_str(), stderr);
    std::abort();
  }
  for (const auto* run : {&whole, &cut}) {
    if (const std::string line = test::enhanced_mismatch(run->output); !line.empty()) {
      std::fputs(line.c_str(), stderr);
      std::abort();
    }
  }
  return 0;
}
