#include "resolve/overlay_resolver.h"

#include <algorithm>

#include "resolve/packet_answer.h"
#include "resolve/zone_answer.h"

namespace waybill::resolve {
namespace {

using dns::Answer;
using dns::Question;

constexpr uint32_t kOverlayTtl_s = 3600;

/// The chain that was followed in the files, put before what the inner resolver said of its end.
Answer joined(const Answer& head, Answer tail) {
  tail.chain.insert(tail.chain.begin(), head.chain.begin(), head.chain.end());
  tail.ttl_s = std::min(tail.ttl_s, head.ttl_s);
  tail.secure = false;  // a file proves nothing
  if (tail.chain.size() > kChainLinksMax) {
    return {.kind = dns::Kind::failed,
            .chain = tail.chain,
            .canonical = tail.canonical,
            .loop = true,
            .why = "a CNAME chain of over 16 links"};
  }
  return tail;
}

}  // namespace

OverlayResolver::OverlayResolver(dns::ZoneSet zones, std::unique_ptr<dns::Resolver> inner)
    : zones_(std::make_shared<const dns::ZoneSet>(std::move(zones))), inner_(std::move(inner)) {}

void OverlayResolver::resolve(const Question& question, Done done) {
  const ZoneAnswer found = answer_from_zones(*zones_, question.name, question.type);
  if (found.end == ZoneAnswer::End::complete || found.end == ZoneAnswer::End::loop) {
    Answer answer = answer_from_message(question, found.message);
    answer.source = dns::Source::overlay;
    return done(std::move(answer));
  }
  if (found.at == question.name) return inner_->resolve(question, std::move(done));
  Answer head = answer_from_message(question, found.message);
  head.ttl_s = UINT32_MAX;
  for (const dns::Record& link : found.message.answers) head.ttl_s = std::min(head.ttl_s, link.ttl_s);
  inner_->resolve({found.at, question.type}, [head = std::move(head), done = std::move(done)](Answer tail) {
    done(joined(head, std::move(tail)));
  });
}

Result<LoadedZones> load_zones(const std::vector<std::string>& files) {
  LoadedZones loaded;
  std::string errors;
  for (const std::string& path : files) {
    const dns::ZoneFile file = dns::read_zone_file(path, {.default_ttl_s = kOverlayTtl_s});
    for (const dns::ZoneError& error : file.errors)
      errors += (errors.empty() ? "" : "\n") + error.to_string();
    loaded.notices.insert(loaded.notices.end(), file.notices.begin(), file.notices.end());
    for (dns::ZoneError& finding : dns::check_zone(file)) loaded.notices.push_back(std::move(finding));
    for (auto& zone : dns::zones_of(file)) loaded.zones.add(std::move(zone));
  }
  if (!errors.empty()) return fail(Errc::invalid, "{}", errors);
  return loaded;
}

}  // namespace waybill::resolve
