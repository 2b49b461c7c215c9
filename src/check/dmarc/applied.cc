#include "check/dmarc/applied.h"

#include "base/bytes.h"
#include "check/txt_line.h"
#include "policy/spf_record.h"

namespace waybill::check::dmarc {

std::optional<policy::DmarcDiscovery> discover(const Subject& subject, Look& look, Report& report) {
  auto step = policy::discover_dmarc(subject.name, look.dns_facts());
  if (auto* open = std::get_if<Questions<dns::Question>>(&step)) {
    look.open(std::move(*open));
    return std::nullopt;
  }
  auto& found = std::get<policy::DmarcDiscovery>(step);
  const bool own = found.at == subject.name || found.several > 0;
  if (found.unknown && !own) {
    report.unknown(found.unknown->name, found.unknown->type, found.failed);
    return std::nullopt;
  }
  return std::move(found);
}

std::optional<policy::DmarcDiscovery> applied(const Subject& subject, Look& look, Report& report) {
  auto found = discover(subject, look, report);
  if (!found || found->at) return found;
  report.skip(found->several > 0 ? "several DMARC records, which dmarc.several reports"
                                 : "no DMARC record speaks for the domain");
  return std::nullopt;
}

std::optional<policy::DmarcDiscovery> own(const Subject& subject, Look& look, Report& report) {
  auto found = applied(subject, look, report);
  if (!found || *found->at == subject.name) return found;
  report.skip(fmt::format("the DMARC record is that of {}", found->at->to_string()));
  return std::nullopt;
}

About about(const policy::DmarcDiscovery& found) {
  return About{policy::dmarc_owner(*found.at), dns::Type::txt, std::nullopt};
}

std::string whose(const Subject& subject, const policy::DmarcDiscovery& found) {
  return *found.at == subject.name ? "" : fmt::format(" (the record of {})", found.at->to_string());
}

std::string with_tag(const policy::DmarcDiscovery& found, std::string_view name, std::string_view value) {
  const policy::TagList list = policy::parse_tags(found.text);
  const policy::Tag* old = list.find(name);
  const std::string tag = value.empty() ? "" : fmt::format("{}={}", name, value);
  std::string text = found.text;
  if (old != nullptr && !tag.empty()) {
    text.replace(old->place.at, old->place.size, tag);
  } else if (old != nullptr) {
    const size_t end = std::min(text.find(';', old->place.at), text.size() - 1) + 1;
    text.erase(old->place.at, end - old->place.at);
  } else if (!tag.empty()) {
    while (text.ends_with(' ') || text.ends_with(';')) text.pop_back();
    text += "; " + tag;
  }
  return txt_line(policy::dmarc_owner(*found.at), trim(text));
}

std::optional<bool> never_sends(const Subject& subject, Look& look) {
  const dns::Answer* txt = look.dns(subject.name, dns::Type::txt);
  if (txt == nullptr) return std::nullopt;
  const policy::SpfTexts texts = policy::spf_texts(*txt);
  if (texts.texts.size() != 1) return false;
  const policy::SpfRecord record = policy::parse_spf(texts.texts.front());
  return record.faults.empty() && !record.terms.empty() &&
         record.terms.front().kind == policy::SpfKind::all &&
         record.terms.front().qualifier == policy::SpfQualifier::fail;
}

}  // namespace waybill::check::dmarc
