// prober.h: answers those questions of checks that are none of the resolver's (check/facts.h): hosts' SMTP
// servers, MTA-STS policies, single name servers. Has one thread with one loop. Sends no mail, ever.
// At most two connections to one address at a time, and a total deadline for each question.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "check/run.h"

namespace waybill::probe {

struct Options {
  std::string hello;  ///< our name for EHLO; empty: our address as a literal
  std::string
      roots_file;  ///< trusted roots in PEM; empty: the system's (SSL_CERT_FILE and SSL_CERT_DIR count)
  Millis patience{60'000};        ///< with one SMTP server or one policy
  Millis server_patience{3'000};  ///< with one name server, each of two tries
  size_t at_once = 32;
  uint16_t https_port = 443;  ///< another one: a lab
  uint16_t dns_port = 53;     ///< the same
};

class Prober {
 public:
  /// `resolver` outlives it. Errors: roots that can't be read, no thread.
  [[nodiscard]] static Result<std::unique_ptr<Prober>> open(dns::Resolver& resolver, Options options);
  /// REQUIRES: every question has its answer.
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Answers hop through `post`. Questions of the DNS are not its own: they fail. Must not outlive this.
  [[nodiscard]] check::Ask ask(route::Post post);

 private:
  struct Impl;
  explicit Prober(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill::probe
