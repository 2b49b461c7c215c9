// Any split of the octets gives the same replies and messages; the naive model agrees after every command.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "support/session_compare.h"

namespace waybill::test {
namespace {
std::string piece(int choice) {
  static const std::vector<std::string> kPieces = {
      "EHLO c.example\r\n",
      "HELO c.example\r\n",
      "EHLO\r\n",
      "MAIL FROM:<a@b.example>\r\n",
      "MAIL FROM:<>\r\n",
      "MAIL FROM:<a@b.example> SIZE=3000\r\n",
      "MAIL FROM:<a@b.example> BODY=8BITMIME RET=FULL\r\n",
      "MAIL FROM\r\n",
      "RCPT TO:<x@c.example>\r\n",
      "RCPT TO:<y@c.example>\r\n",
      "RCPT TO:<no@c.example>\r\n",
      "RCPT TO:<postmaster>\r\n",
      "RCPT TO:<x@c.example> NOTIFY=NEVER\r\n",
      "RCPT TO:<z@c.example\r\n",
      "DATA\r\n",
      "DATA now\r\n",
      "RSET\r\n",
      "NOOP\r\n",
      "VRFY x\r\n",
      "HELP\r\n",
      "QUIT\r\n",
      "STARTTLS\r\n",
      "WHAT\r\n",
      "NOOP\n",
      "NOOP\r",
      ".\r\n",
      "\r\n.\r\n",
      "\n.\r\n",
      "\r\n.\n",
      "\r.\r",
      "\r\n.\r",
      ".\r\r\n",
      "..\r\n",
      "Subject: x\r\n",
      "\r\n",
      "Received: a\r\n",
      "body \xc3\xa4\r\n",
      "long" + std::string(700, 'x') + "\r\n",
      std::string("nul\0\r\n", 6),
      "BDAT 4\r\nab\r\n",
      "BDAT 4 LAST\r\nab\r\n",
      "BDAT 0 LAST\r\n",
      "BDAT 0\r\n",
      "BDAT 1\r\n\r",
      "BDAT 1\r\n\n",
      "BDAT 1500\r\n" + std::string(1498, 'y') + "\r\n",
      "BDAT 3\r\n",
      "BDAT x\r\n",
      "BDAT 99999999999\r\n",
      "MAIL FROM:<a@b.example>\r\nRCPT TO:<x@c.example>\r\nDATA\r\n",
      "text\r\n.\r\n",
      "MAIL FROM:<a@b.example>\r\nRCPT TO:<x@c.example>\r\nBDAT 2\r\nok"};
  return kPieces[static_cast<size_t>(choice) % kPieces.size()];
}

std::string script(const std::vector<int>& choices) {
  std::string input = "EHLO c.example\r\n";
  for (const int choice : choices) input += piece(choice);
  return input;
}

RC_GTEST_PROP(SessionProperty, naive_model_agrees_however_the_octets_are_cut, ()) {
  const auto choices = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 52));
  const auto sizes = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 40));
  auto settings = tight_settings();
  settings->bare_newline = *rc::gen::element(receive::BareNewline::reject, receive::BareNewline::replace);
  const std::string input = script(choices);
  const RealRun cut = run_real(settings, input, {sizes});
  const RealRun whole = run_real(settings, input, {});
  // What depends on octets that are there already (a refused DATA) is compared with the whole input alone.
  const NaiveSession naive(*settings, input);
  RC_ASSERT(difference(whole, naive) == "");
  RC_ASSERT(enhanced_mismatch(whole.output) == "");
  if (whole.codes == cut.codes) {
    RC_ASSERT(whole.output == cut.output);
    RC_ASSERT(whole.messages == cut.messages);
    RC_ASSERT(whole.log == cut.log);
  } else {
    RC_ASSERT(input.find("DATA\r\n") != std::string::npos);
    RC_ASSERT(cut.messages.size() >= whole.messages.size());
  }
}

RC_GTEST_PROP(SessionProperty, naive_model_agrees_after_every_command, ()) {
  const auto choices = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 52));
  auto settings = tight_settings();
  std::string input = "EHLO c.example\r\n";
  for (const int choice : choices) {
    input += piece(choice);
    RC_ASSERT(difference(run_real(settings, input, {}), NaiveSession(*settings, input)) == "");
  }
  RC_ASSERT(difference_after_a_command(settings, input) == "");
}
}  // namespace
}  // namespace waybill::test
