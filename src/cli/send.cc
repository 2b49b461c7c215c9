// send.cc: `waybill send`, also as a link named `sendmail`: takes a message on standard input and hands it to
// the running router through its control socket, or to a server with --smtp. Exit codes are those of
// sysexits.h, as every caller of sendmail expects (docs/exit-codes.md): 75 means "nothing was taken, try
// again".
#include <pwd.h>
#include <sysexits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "cli/daemon_call.h"
#include "cli/output.h"
#include "cli/send_smtp.h"
#include "config/config.h"

namespace waybill::cli {
namespace {
constexpr size_t kInputOctetsMax = 60 * 1024 * 1024;

constexpr const char* kHelp =
    "Usage: waybill send [OPTIONS] [RECIPIENT...]   (also as: sendmail)\n"
    "Reads a message on standard input and sends it.\n\n"
    "  -t              take the recipients from To, Cc and Bcc as well, and remove Bcc\n"
    "  -f, -r ADDRESS  envelope sender; <> for none (default: you)\n"
    "  -F NAME         your full name, when From is missing\n"
    "  -i, -oi         a line with a lone dot does not end the message\n"
    "  -N WHEN         delivery reports: never, or success,failure,delay\n"
    "  -R full|hdrs    how much of the message a failure report returns\n"
    "  -V ENVID        envelope id, returned in reports\n"
    "  -B 7BIT|8BITMIME\n"
    "  -v              say what became of it\n"
    "  --socket PATH   the router's control socket\n"
    "  --config FILE   its configuration: where that socket stands\n"
    "  --smtp HOST:PORT  hand it to this server instead\n\n"
    "Exit codes are those of sysexits.h: 0 taken, 64 usage, 65 bad data, 67 no such recipient,\n"
    "69 refused, 75 try again, 77 not permitted, 78 configuration.\n";

struct Complaints {
  std::string_view program;  ///< as the caller knows us

  int operator()(int code, const std::string& what) const {
    fmt::print(stderr, "{}: {}\n", program, terminal_safe(what));
    return code;
  }
};

/// What an error says to a caller that knows only sysexits. When in doubt: try again.
int sysexit_of(Errc code) {
  switch (code) {
    case Errc::invalid:
      return EX_DATAERR;
    case Errc::refused:
      return EX_NOPERM;
    case Errc::unsupported:
      return EX_UNAVAILABLE;
    case Errc::corrupt:
    case Errc::internal:
      return EX_SOFTWARE;
    default:
      return EX_TEMPFAIL;
  }
}

Result<std::string> read_input(DotEnds dot_ends) {
  std::string input;
  std::string block(64 * 1024, '\0');
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(errno_error("reading standard input"));
    if (got == 0) break;
    const size_t line = input.rfind('\n');
    const size_t from = line == std::string::npos ? 0 : line + 1;
    input.append(block, 0, static_cast<size_t>(got));
    if (input.size() > kInputOctetsMax)
      return fail(Errc::invalid, "the message is larger than {}", human_size(kInputOctetsMax));
    // A person who types ends the message with a dot: don't wait for the end of input.
    const std::string_view fresh = std::string_view(input).substr(from);
    const std::string_view kept = until_end(fresh, dot_ends);
    if (kept.size() != fresh.size()) {
      input.resize(from + kept.size());
      break;
    }
  }
  return input;
}

Writer writer_of(const SendmailArgs& args) {
  Writer writer;
  writer.now = SystemClock().now();
  writer.unique = static_cast<uint64_t>(::getpid());
  writer.user = fmt::format("uid{}", ::getuid());
  if (const passwd* entry = ::getpwuid(::getuid()); entry != nullptr) {
    writer.user = entry->pw_name;
    // RFC-less custom: the first part of GECOS is the full name, '&' stands for the login name.
    const std::string_view gecos = entry->pw_gecos == nullptr ? "" : entry->pw_gecos;
    writer.real_name = std::string(gecos.substr(0, gecos.find(',')));
    if (writer.real_name.find('&') != std::string::npos) writer.real_name.clear();
  }
  const std::string path = args.config.empty() ? config::default_path() : args.config;
  const auto config = ::access(path.c_str(), R_OK) == 0 ? config::load(path) : config::Config();
  writer.hostname =
      config && !config->hostname.empty() ? config->hostname.text() : config::machine_hostname().text();
  return writer;
}

int refusal_code(const mail::Reply& reply) {
  if (!reply.permanent()) return EX_TEMPFAIL;
  // RFC 3463 3.2: X.1.Y is about the address.
  const bool address =
      reply.enhanced.present() ? reply.enhanced.subject == 1 : reply.code == 550 || reply.code == 553;
  return address ? EX_NOUSER : EX_UNAVAILABLE;
}

int tell(const Handed& handed, const SendmailArgs& args, const Complaints& complain) {
  int code = EX_OK;
  for (const control::SendRefusal& refusal : handed.answer.refused) {
    // A permanent refusal outweighs "try again": trying everything again would send twice to the others.
    const int this_code = refusal_code(refusal.reply);
    if (code == EX_OK || code == EX_TEMPFAIL) code = this_code;
    complain(code, fmt::format("{}: {}", refusal.address, refusal.reply.to_string()));
  }
  // Part of it was taken: "try again" would send it to those twice.
  if (code == EX_TEMPFAIL && handed.answer.recipients_accepted > 0) code = EX_UNAVAILABLE;
  if (args.verbose && handed.answer.recipients_accepted > 0) {
    const std::string id = handed.answer.id ? handed.answer.id->to_string() : terminal_safe(handed.said);
    fmt::print("taken for {} recipient{}: {}\n", handed.answer.recipients_accepted,
               handed.answer.recipients_accepted == 1 ? "" : "s", id);
  }
  return code;
}

Result<Handed> hand_over(const SendmailArgs& args, Composed composed, const Writer& writer) {
  if (!args.smtp.empty()) return send_by_smtp(args.smtp, composed, writer.hostname, Millis{600'000});
  auto socket = find_socket({args.socket, args.config});
  if (!socket) return pass(socket.error());
  control::SendRequest request{std::move(composed.envelope), who_asks(), std::move(composed.message)};
  auto answer = control::Client(std::move(*socket)).send(request);
  if (!answer) return pass(answer.error());
  return Handed{std::move(*answer), {}};
}

int send(const std::vector<std::string>& words, const Complaints& complain) {
  const auto args = parse_sendmail_args(words);
  if (!args)
    return complain(args.error().code == Errc::unsupported ? EX_UNAVAILABLE : EX_USAGE, args.error().what);
  if (args->help) {
    fmt::print("{}", kHelp);
    return EX_OK;
  }
  if (const auto socket = find_socket({args->socket, args->config}); !socket)
    return complain(EX_CONFIG, socket.error().what);
  if (args->recipients.empty() && args->from_header == FromHeader::no) {
    return complain(EX_USAGE, "no recipients: name them, or give -t to take them from the header");
  }
  auto input = read_input(args->dot_ends);
  if (!input)
    return complain(input.error().code == Errc::invalid ? EX_DATAERR : EX_IOERR, input.error().what);
  const Writer writer = writer_of(*args);
  auto composed = compose(*args, std::move(*input), writer);
  if (!composed)
    return complain(composed.error().code == Errc::not_found ? EX_USAGE : EX_DATAERR, composed.error().what);
  const auto handed = hand_over(*args, std::move(*composed), writer);
  if (!handed) return complain(sysexit_of(handed.error().code), handed.error().what);
  return tell(*handed, *args, complain);
}
}  // namespace

void add_send(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("send", "Send a message from standard input, as sendmail does");
  // sendmail's options are clusters of letters with values attached: they are parsed by their own rules.
  verb->set_help_flag();
  verb->prefix_command();
  verb->callback([verb, &context] {
    const Complaints complain{context.as_sendmail ? "sendmail" : "waybill send"};
    context.exit_code = send(verb->remaining(), complain);
  });
}

}  // namespace waybill::cli
