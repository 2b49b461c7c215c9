#include "check/check.h"

#include <algorithm>

#include "base/bytes.h"

namespace waybill::check {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::notice:
      return "notice";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
    case Level::unknown:
      return "unknown";
  }
  return "unknown";
}

Result<Subject> Subject::of(const mail::Domain& domain) {
  auto name = dns::Name::parse(domain.text());
  if (!name || domain.is_literal()) return fail(Errc::invalid, "'{}' is no domain name", domain.text());
  return Subject{.domain = domain, .name = std::move(*name)};
}

void Report::add(Level level, Fault fault) {
  findings_.push_back({.id = std::string(check_.id),
                       .level = level,
                       .subject = std::move(fault.subject),
                       .got = std::move(fault.got),
                       .want = std::move(fault.want),
                       .ref = std::string(fault.ref.empty() ? check_.ref : fault.ref),
                       .fix = std::move(fault.fix),
                       .where = std::nullopt,
                       .about = std::move(fault.about)});
}

void Report::unknown(const dns::Name& name, dns::Type type, const dns::Answer& answer) {
  if (answer.why == kOutsideTheZone) return skip(std::string(kOutsideTheZone));
  unknown(fmt::format("{} of {}", dns::to_string(type), name.to_string()),
          fmt::format("{}{}{}", answer.kind == dns::Kind::bogus ? "forged or broken (DNSSEC)" : "no answer",
                      answer.why.empty() ? "" : ": ", answer.why));
}

void Report::unknown(std::string subject, std::string why) {
  add(Level::unknown, {.subject = std::move(subject),
                       .got = std::move(why),
                       .want = std::string(check_.title),
                       .fix = "ask again when it answers; nothing is known to be wrong"});
}

const dns::Answer* known(Look& look, Report& report, const dns::Name& name, dns::Type type) {
  const dns::Answer* answer = look.dns(name, type);
  if (answer == nullptr || !answer->unknown()) return answer;
  report.unknown(name, type, *answer);
  return nullptr;
}

std::vector<dns::Mx> mx_of(const dns::Answer& answer) {
  std::vector<dns::Mx> out;
  for (const dns::Record& record : answer.records) {
    if (const auto* mx = std::get_if<dns::Mx>(&record.data)) out.push_back(*mx);
  }
  std::ranges::stable_sort(out, {}, &dns::Mx::preference);
  return out;
}

TaggedText texts_with(const dns::Answer& answer, std::string_view version) {
  TaggedText out;
  for (const dns::Record& record : answer.records) {
    const auto* txt = std::get_if<dns::Txt>(&record.data);
    if (txt == nullptr) continue;
    std::string text = txt->joined();
    if (text.size() < version.size() || !iequals(std::string_view(text).substr(0, version.size()), version))
      continue;
    if (text.size() > version.size() && text[version.size()] != ' ' && text[version.size()] != ';') continue;
    out.records.push_back(&record);
    out.texts.push_back(std::move(text));
  }
  return out;
}

}  // namespace waybill::check
