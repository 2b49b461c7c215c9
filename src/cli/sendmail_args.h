// sendmail_args.h: the command line of sendmail(8), as scripts and mail programs have called it for decades:
// letters in clusters with their values attached or apart (-fADDR, -f ADDR, -oi), options anywhere among
// the recipients. Pure. Known options that mean nothing here are taken and ignored; modes that would do
// something else than send (-bs, -bp, -bi, -q…) are refused, never ignored.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "mail/envelope.h"

namespace waybill::cli {

enum class DotEnds : uint8_t { yes, no };     ///< whether a line with a lone dot ends the input
enum class FromHeader : uint8_t { no, yes };  ///< -t: recipients from To, Cc and Bcc

struct SendmailArgs {
  std::vector<std::string> recipients;
  std::optional<std::string> sender;  ///< -f, -r; "" or "<>": the null sender
  std::string full_name;              ///< -F
  FromHeader from_header = FromHeader::no;
  DotEnds dot_ends = DotEnds::yes;
  uint8_t notify = mail::notify_unset;  ///< -N
  mail::Ret ret = mail::Ret::unset;     ///< -R
  std::string envid;                    ///< -V, xtext decoded
  std::optional<mail::BodyType> body;   ///< -B
  bool verbose = false;                 ///< -v
  bool help = false;
  // Ours, not sendmail's:
  std::string socket, config, smtp;  ///< --socket, --config, --smtp
};

/// Errors: `invalid` for usage (EX_USAGE), `unsupported` for a mode that is not ours (EX_UNAVAILABLE).
[[nodiscard]] Result<SendmailArgs> parse_sendmail_args(const std::vector<std::string>& args);

}  // namespace waybill::cli
