// injector.h: a mail program of the demo: hands messages to a host over SMTP, as any client would.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"

namespace waybill::cli::demo {

struct Letter {
  std::string from;  ///< reverse-path
  std::string to;
  std::string subject;
};

/// What the server said to one letter's last command: "250 2.0.0 3x… queued", "550 5.1.1 …".
struct Receipt {
  int code = 0;
  std::string text;
};

/// Sends all letters over one connection, from a given loopback address. Blocks. Errors: refused, timeout,
/// closed.
[[nodiscard]] Result<std::vector<Receipt>> inject(const Endpoint& to, const IpAddress& source,
                                                  std::vector<Letter> letters);

}  // namespace waybill::cli::demo
