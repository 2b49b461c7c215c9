// main.cc: the command line of smtp_load; what it does is told in smtp_load.h.
#include <arpa/inet.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>

#include "smtp_load.h"

namespace smtp_load {
namespace {
long number(const char* text) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*text == 0 || *end != 0 || value < 0 || value > 100'000'000) die(std::string("not a number: ") + text);
  return value;
}

double rate(const char* text) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (*text == 0 || *end != 0 || !(value > 0 && value < 1e7)) die(std::string("not a rate: ") + text);
  return value;
}

sockaddr_in endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) die("the last word is IP:PORT");
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(number(text.c_str() + colon + 1)));
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &out.sin_addr) != 1) die("not an address: " + text);
  return out;
}

Options parse(int argc, char** argv) {
  const std::map<std::string_view, Options::Role> roles{
      {"source", Options::Role::source}, {"sink", Options::Role::sink}, {"idle", Options::Role::idle}};
  Options o;
  if (argc < 3 || !roles.contains(argv[1]))
    die("usage: smtp_load source|sink|idle … IP:PORT (see the top of bench/smtp_load/smtp_load.h)");
  o.role = roles.at(argv[1]);
  const std::map<std::string_view, bool*> switches{
      {"--kept", &o.kept}, {"--tls", &o.tls}, {"--with-message", &o.with_message}};
  const std::map<std::string_view, long*> numbers{
      {"--sessions", &o.sessions}, {"--messages", &o.messages},     {"--size", &o.size},
      {"--domains", &o.domains},   {"--recipients", &o.recipients}, {"--first", &o.first}};
  const std::map<std::string_view, std::string*> texts{
      {"--cert", &o.cert}, {"--key", &o.key}, {"--suffix", &o.suffix}, {"--times", &o.times}};
  for (int i = 2; i < argc - 1; ++i) {
    const std::string_view name = argv[i];
    if (switches.contains(name)) {
      *switches.at(name) = true;
      continue;
    }
    if (i + 2 >= argc) die("no value for " + std::string(name));
    const char* value = argv[++i];
    if (numbers.contains(name))
      *numbers.at(name) = number(value);
    else if (texts.contains(name))
      *texts.at(name) = value;
    else if (name == "--rate")
      o.rate = rate(value);
    else
      die("unknown: " + std::string(name));
  }
  if (o.sessions < 1 || o.messages < 1 || o.size < 1 || o.domains < 1 || o.recipients < 1)
    die("only --first may be 0");
  o.peer = endpoint(argv[argc - 1]);
  return o;
}
}  // namespace
}  // namespace smtp_load

int main(int argc, char** argv) {
  using namespace smtp_load;
  const Options options = parse(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  switch (options.role) {
    case Options::Role::source:
      return run_source(options);
    case Options::Role::sink:
      return run_sink(options);
    case Options::Role::idle:
      return run_idle(options);
  }
}
