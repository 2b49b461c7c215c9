// verb_run.h: runs verbs of the command line in this process, and keeps what they print.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/verbs.h"

namespace waybill::test {

struct Ran {
  int code = -1;
  std::string out, err;
};

/// `waybill WORDS…`, where `verbs` are all the verbs there are.
inline Ran run_verb(const std::vector<cli::AddVerb>& verbs, const std::vector<std::string>& words) {
  cli::Context context;
  CLI::App app{"waybill"};
  for (const auto add : verbs) add(app, context);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran;
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them from the back
    ran.code = context.exit_code;
  } catch (const CLI::ParseError&) {
    ran.code = cli::exit_usage;
  }
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

}  // namespace waybill::test
