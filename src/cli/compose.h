// compose.h: from what a program wrote to sendmail's standard input to an envelope and a whole message
// (RFC 6409 8: what a submission may mend): line ends become CRLF; Date, Message-ID and From are added when
// they are missing; with -t Bcc is taken out and read. Nothing else is changed, and nothing is re-folded.
// Pure: the time, the host's and the user's names come in.
#pragma once

#include "cli/sendmail_args.h"

namespace waybill::cli {

struct Writer {
  std::string hostname;   ///< completes addresses without a domain, and Message-ID
  std::string user;       ///< login name
  std::string real_name;  ///< of the user; -F wins
  Time now{};
  uint64_t unique = 0;  ///< distinguishes Message-IDs of one millisecond
};

struct Composed {
  mail::Envelope envelope;
  std::string message;  ///< CRLF line ends
};

/// The input up to the end: a line with a lone dot when `dot_ends` says so, else all of it.
[[nodiscard]] std::string_view until_end(std::string_view input, DotEnds dot_ends);

/// Errors: `invalid` (an address or the message is malformed: EX_DATAERR), `not_found` (no recipients:
/// EX_USAGE).
[[nodiscard]] Result<Composed> compose(const SendmailArgs& args, std::string input, const Writer& writer);

}  // namespace waybill::cli
