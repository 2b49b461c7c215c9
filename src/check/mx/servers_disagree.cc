// Name servers that hold different versions of the zone send each sender elsewhere, by chance.
#include <algorithm>
#include <map>

#include "check/mx/mx.h"
#include "check/mx/server_answers.h"

namespace waybill::check::mx {
namespace {
constexpr size_t kShownMax = 8;

/// The records of an answer as one comparable text; TTLs don't count.
std::string version_of(const dns::Answer& answer) {
  if (answer.kind == dns::Kind::nxdomain) return "that the name does not exist";
  std::vector<dns::Mx> records = mx_of(answer);
  if (records.empty()) return answer.chain.empty() ? "no MX" : "an alias of " + answer.canonical.to_string();
  std::vector<std::string> texts;
  for (const dns::Mx& mx : records)
    texts.push_back(fmt::format("{:5} {}", mx.preference, mx.exchange.to_string()));
  std::ranges::sort(texts);
  std::string out = "MX";
  for (const std::string& text : texts)
    out += (out.size() == 2 ? " " : ", ") + text.substr(text.find_first_not_of(' '));
  return out;
}

struct Version {
  std::string text;
  std::vector<std::string> servers;
};

/// The most common first.
std::vector<Version> versions_of(const std::vector<ServerAnswer>& answers) {
  std::vector<Version> out;
  for (const ServerAnswer& each : answers) {
    if (!each.counts()) continue;
    std::string text = version_of(each.said->answer);
    const auto at = std::ranges::find(out, text, &Version::text);
    if (at != out.end()) {
      at->servers.push_back(each.server.to_string());
    } else {
      out.push_back({std::move(text), {each.server.to_string()}});
    }
  }
  std::ranges::stable_sort(out, std::greater{},
                           [](const Version& version) { return version.servers.size(); });
  return out;
}

std::string shown(const Version& version) {
  std::string who;
  for (size_t i = 0; i < version.servers.size() && i < kShownMax; ++i)
    who += (i == 0 ? "" : ", ") + version.servers[i];
  if (version.servers.size() > kShownMax)
    who += fmt::format(" and {} more", version.servers.size() - kShownMax);
  constexpr size_t kTextMax = 400;
  const std::string& text = version.text;
  return fmt::format("{} say{} {}{}", who, version.servers.size() == 1 ? "s" : "", text.substr(0, kTextMax),
                     text.size() > kTextMax ? "..." : "");
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto asked = server_answers(subject, look, report);
  if (!asked) return;
  size_t counted = 0;
  for (const ServerAnswer& each : asked->answers) {
    counted += each.counts() ? 1 : 0;
    if (each.said->answer.unknown() && each.said->failure != ServerSaid::Failure::unreachable)
      report.unknown(fmt::format("MX of {} at {}", asked->owner.to_string(), each.server.to_string()),
                     each.said->answer.why);
  }
  const auto versions = versions_of(asked->answers);
  const std::string zone = asked->zone.zone.to_string();
  if (versions.size() < 2) {
    if (!asked->answers.empty() && counted < 2)
      report.skip(
          fmt::format("{} of the {} name server addresses of {} answered with authority: nothing to compare",
                      counted, asked->answers.size(), zone));
    return;
  }
  std::string got;
  for (const Version& version : versions) got += (got.empty() ? "" : "; ") + shown(version);
  report.warning({.subject = asked->owner.to_string(),
                  .got = std::move(got),
                  .want = "the same MX records from every name server",
                  .fix = fmt::format("raise the SOA serial of {} and see that it is transferred to {}", zone,
                                     fmt::join(versions.back().servers, ", ")),
                  .about = About{asked->owner, dns::Type::mx, std::nullopt}});
}
}  // namespace

const Check servers_disagree{.id = "mx.servers-disagree",
                             .number = 15,
                             .title = "Every name server of the zone has the same MX records",
                             .ref = "RFC 1034 4.3.5",
                             .needs = Needs::authoritative,
                             .run = run};

}  // namespace waybill::check::mx
