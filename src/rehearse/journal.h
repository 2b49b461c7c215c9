// journal.h: everything that happened in a run, for expectations and for drawings. Values; written by the
// engine on its one thread, read when the run is over. Times are counted from the start of the run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/ip.h"
#include "dns/answer.h"
#include "mail/outcome.h"
#include "queue/schedule.h"

namespace waybill::rehearse {

struct Journal {
  /// A connection that was tried.
  struct Connect {
    Millis at{0};
    std::string host;  ///< its label; empty: nobody stands at that address
    IpAddress ip;
  };
  /// A host answered a whole message with 250.
  struct Taken {
    Millis at{0};
    std::string host;
    std::vector<std::string> recipients;
  };
  struct Arrival {
    Millis at{0};
    MessageId message;
    uint32_t index = 0;
    std::string recipient;
    bool report = false;  ///< a message that we wrote ourselves
  };
  /// An attempt for one recipient and what became of it.
  struct Attempt {
    Millis at{0};
    MessageId message;
    uint32_t index = 0;
    queue::State after = queue::State::queued;
    mail::Reply reply;
    std::string host;  ///< MX name; empty: none was reached
  };
  struct Sent {
    Millis at{0};
    queue::ReportKind kind = queue::ReportKind::failure;
    std::string to;
    std::string about;
    std::string status;
  };
  struct Lookup {
    Millis at{0};
    dns::Question question;
  };
  /// Recipients in the queue from this time on.
  struct Depth {
    Millis at{0};
    uint64_t recipients = 0;
  };

  /// A stretch that was not played, because nothing changed in it: mail went on coming and going as in the
  /// sample.
  struct Calm {
    Millis from{0};
    Millis to{0};
    uint64_t messages = 0;    ///< that came in
    uint64_t recipients = 0;  ///< theirs; each was delivered
    struct Host {
      std::string host;  ///< its label
      uint64_t messages = 0;
      uint64_t connections = 0;
    };
    uint64_t sample_messages = 0;            ///< that came in while the sample was taken; never 0
    std::vector<Host> hosts;                 ///< in the sample
    std::map<uint32_t, uint64_t> delays_ms;  ///< in the sample: from acceptance to the 250, and how often
    uint64_t depth = 0;                      ///< the most recipients queued in the sample
  };

  std::vector<Connect> connects;
  std::vector<Taken> taken;
  std::vector<Arrival> arrivals;
  std::vector<Attempt> attempts;
  std::vector<Sent> reports;
  std::vector<Lookup> lookups;
  std::vector<Depth> depths;
  std::vector<std::string> custody_faults;  ///< empty: every accepted recipient is accounted for
  Millis end{0};
};

}  // namespace waybill::rehearse
