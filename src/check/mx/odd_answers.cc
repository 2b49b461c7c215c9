// A name server that is listed but does not serve the zone costs every resolver time, and the last one the
// mail.
#include "check/mx/mx.h"
#include "check/mx/server_answers.h"

namespace waybill::check::mx {
namespace {
using Failure = ServerSaid::Failure;

/// What is odd about it; empty: nothing, or nothing that is known to be the server's fault.
std::string oddity(const ServerAnswer& each) {
  const dns::Answer& answer = each.said->answer;
  if (each.lame()) return "it answers without authority (lame): it does not serve the zone";
  if (!answer.unknown()) return "";
  if (each.said->failure == Failure::refused) return fmt::format("it refuses to answer: {}", answer.why);
  if (each.said->failure == Failure::error) return fmt::format("it answers with an error: {}", answer.why);
  return "";
}

void judge_names(const ZoneServers& zone, Report& report) {
  const std::string apex = zone.zone.to_string();
  for (const dns::Name& name : zone.without_address) {
    report.warning({.subject = name.to_string(),
                    .got = fmt::format("name server of {}, but it has no address", apex),
                    .want = "name servers that have addresses",
                    .fix = fmt::format("delete  {}. NS {}.  or give it an address", apex, name.to_string())});
  }
  for (const dns::Name& name : zone.aliases) {
    report.warning({.subject = name.to_string(),
                    .got = fmt::format("name server of {}, but an alias (CNAME)", apex),
                    .want = "the host's own name",
                    .fix = fmt::format("name the host itself in  {}. NS", apex),
                    .ref = "RFC 2181 10.3"});
  }
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto asked = server_answers(subject, look, report);
  if (!asked) return;
  judge_names(asked->zone, report);
  const std::string zone = asked->zone.zone.to_string();
  std::vector<std::string> unreachable;
  for (const ServerAnswer& each : asked->answers) {
    if (std::string what = oddity(each); !what.empty()) {
      report.warning({.subject = each.server.to_string(),
                      .got = fmt::format("asked for the MX of {}: {}", asked->owner.to_string(), what),
                      .want = fmt::format("an answer with authority for {}", zone),
                      .fix = fmt::format("load the zone {} there, or delete  {}. NS {}.", zone, zone,
                                         each.server.name.to_string())});
    } else if (each.said->answer.unknown()) {
      if (each.said->failure == Failure::unreachable) {
        unreachable.push_back(each.server.ip.to_string());
      } else {
        report.unknown(fmt::format("MX of {} at {}", asked->owner.to_string(), each.server.to_string()),
                       each.said->answer.why);
      }
    }
  }
  if (!unreachable.empty() && unreachable.size() == asked->answers.size())
    report.skip(fmt::format("this machine has no route to {}", fmt::join(unreachable, ", ")));
}
}  // namespace

const Check odd_answers{.id = "mx.odd-answers",
                        .number = 16,
                        .title = "Every name server of the zone answers for it, with authority",
                        .ref = "RFC 1912 2.8",
                        .needs = Needs::authoritative,
                        .run = run};

}  // namespace waybill::check::mx
