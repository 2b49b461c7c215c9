#include "check/mx/server_answers.h"

namespace waybill::check::mx {

std::optional<ServerAnswers> server_answers(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* mx = look.dns(subject.name, dns::Type::mx);
  if (mx == nullptr) return std::nullopt;
  // The servers of an alias say no more than that it is one; those of its end have the records.
  ServerAnswers out{
      .owner = mx->absent() || mx->present() ? mx->canonical : subject.name, .zone = {}, .answers = {}};
  if (mx->chain.empty()) out.owner = subject.name;
  auto zone = zone_servers(out.owner, look, report);
  if (!zone) return std::nullopt;
  out.zone = std::move(*zone);
  bool open = false;
  for (const ZoneServer& server : out.zone.servers) {
    const ServerSaid* said = look.server({{out.owner, dns::Type::mx}, server.ip});
    open = open || said == nullptr;
    if (said != nullptr) out.answers.push_back({server, said});
  }
  if (open) return std::nullopt;
  return out;
}

}  // namespace waybill::check::mx
