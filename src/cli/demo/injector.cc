#include "cli/demo/injector.h"

#include <array>
#include <charconv>

#include "net/dialer.h"

namespace waybill::cli::demo {
namespace {
constexpr Seconds kPatience{20};

// One connection: lines out, replies in.
class Client {
 public:
  explicit Client(net::Stream stream) : stream_(std::move(stream)) {}

  net::Task<Result<Receipt>> ask(std::string line) {
    line += "\r\n";
    Status sent = co_await stream_.write(line, net::deadline_in(kPatience));
    if (!sent) co_return pass(sent.error());
    Result<Receipt> reply = co_await read_reply();
    co_return reply;
  }

  net::Task<Result<Receipt>> read_reply() {
    while (true) {
      // The last line of a reply has a space after its code (RFC 5321 4.2.1).
      for (size_t end = input_.find("\r\n"); end != std::string::npos; end = input_.find("\r\n")) {
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        if (line.size() >= 4 && line[3] == '-') continue;
        Receipt receipt;
        std::from_chars(line.data(), line.data() + std::min<size_t>(3, line.size()), receipt.code);
        receipt.text = line;
        co_return receipt;
      }
      std::array<char, 1024> buffer;
      Result<size_t> got = co_await stream_.read(buffer, net::deadline_in(kPatience));
      if (!got) co_return pass(got.error());
      input_.append(buffer.data(), *got);
    }
  }

 private:
  net::Stream stream_;
  std::string input_;
};

std::string content(const Letter& letter) {
  return fmt::format(
      "From: <{}>\r\nTo: <{}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@demo.test>\r\n\r\n"
      "A letter of waybill's demo.\r\n.",
      letter.from, letter.to, letter.subject, format_rfc5322(SystemClock{}.now()),
      std::hash<std::string>{}(letter.subject + letter.to));
}

net::Task<Result<Receipt>> send_one(Client& client, const Letter letter) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("MAIL FROM:<{}>", letter.from));
  lines.push_back(fmt::format("RCPT TO:<{}>", letter.to));
  lines.emplace_back("DATA");
  lines.push_back(content(letter));
  for (const std::string& line : lines) {
    Result<Receipt> reply = co_await client.ask(line);
    if (!reply) co_return reply;
    if (reply->code >= 400) {
      const Receipt refusal = *reply;
      Result<Receipt> reset = co_await client.ask("RSET");
      if (!reset) co_return reset;
      co_return refusal;
    }
    if (reply->code == 250 && line.ends_with("\r\n.")) co_return reply;
  }
  co_return fail(Errc::closed, "the server never answered the letter");
}

net::Task<void> run(net::Loop& loop, Endpoint to, IpAddress source, const std::vector<Letter>& letters,
                    Result<std::vector<Receipt>>& out) {
  Result<net::Stream> stream = co_await net::connect(loop, to, source, net::deadline_in(kPatience));
  if (!stream) {
    out = pass(stream.error());
    co_return loop.stop();
  }
  Client client(std::move(*stream));
  Result<Receipt> greeting = co_await client.read_reply();
  if (greeting) greeting = co_await client.ask("EHLO demo.sender.test");
  if (!greeting) out = pass(greeting.error());
  for (size_t i = 0; i < letters.size() && out; ++i) {
    Result<Receipt> receipt = co_await send_one(client, letters[i]);
    if (receipt) {
      out->push_back(std::move(*receipt));
    } else {
      out = pass(receipt.error());
    }
  }
  if (out) (void)co_await client.ask("QUIT");
  loop.stop();
}
}  // namespace

Result<std::vector<Receipt>> inject(const Endpoint& to, const IpAddress& source,
                                    std::vector<Letter> letters) {
  net::Loop loop;
  Result<std::vector<Receipt>> out = std::vector<Receipt>{};
  loop.spawn(run(loop, to, source, letters, out));
  loop.run();
  return out;
}

}  // namespace waybill::cli::demo
