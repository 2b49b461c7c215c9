// server_answers.h: what each name server of the zone says about the domain's MX records, asked one by one
// (--authoritative). Pure.
#pragma once

#include <optional>
#include <vector>

#include "check/zone_servers.h"

namespace waybill::check::mx {

struct ServerAnswer {
  ZoneServer server;
  const ServerSaid* said = nullptr;
  /// It speaks for the zone: the answer counts.
  [[nodiscard]] bool counts() const { return said->authoritative && !said->answer.unknown(); }
  /// It answers, but not for this zone (RFC 1912 2.8).
  [[nodiscard]] bool lame() const {
    return said->answer.unknown() ? said->failure == ServerSaid::Failure::not_authoritative
                                  : !said->authoritative;
  }
};
struct ServerAnswers {
  dns::Name owner;  ///< where the MX records stand: the name that was asked
  ZoneServers zone;
  std::vector<ServerAnswer> answers;
};
/// Nothing: some answers are open. Empty answers: there was nobody to ask, which is reported or skipped.
[[nodiscard]] std::optional<ServerAnswers> server_answers(const Subject& subject, Look& look, Report& report);

}  // namespace waybill::check::mx
