#include "check/spf/own_record.h"

#include "base/bytes.h"
#include "check/txt_line.h"

namespace waybill::check::spf {

std::optional<OwnRecord> own_record(const Subject& subject, Look& look, Report& report) {
  const dns::Answer* answer = known(look, report, subject.name, dns::Type::txt);
  if (answer == nullptr) return std::nullopt;
  policy::SpfTexts texts = policy::spf_texts(*answer);
  if (texts.texts.size() != 1) {
    report.skip(fmt::format("{} has {} SPF record{}", subject.name.to_string(),
                            texts.texts.empty() ? "no" : std::to_string(texts.texts.size()).c_str(),
                            texts.texts.empty() ? "" : "s"));
    return std::nullopt;
  }
  return OwnRecord{.text = texts.texts.front(),
                   .terms = policy::parse_spf(texts.texts.front()),
                   .about = About{answer->canonical, dns::Type::txt, texts.records.front()->data}};
}

std::optional<policy::SpfSurvey> survey(const Subject& subject, Look& look, Report& report) {
  if (!own_record(subject, look, report)) return std::nullopt;
  auto step = policy::survey_spf(subject.name, look.dns_facts());
  if (auto* verdict = std::get_if<policy::SpfSurvey>(&step)) return std::move(*verdict);
  look.open(std::get<Questions<dns::Question>>(std::move(step)));
  return std::nullopt;
}

void report_unknown(const policy::SpfSurvey& survey, Report& report) {
  for (const auto& node : survey.nodes) {
    if (node.state == policy::SpfSurvey::State::unknown)
      report.unknown(node.domain, dns::Type::txt, node.failed);
  }
}

std::string as_record(const Subject& subject, std::string_view text) { return txt_line(subject.name, text); }

std::string with_term(std::string_view text, policy::Span old, std::string_view term) {
  std::string out(text.substr(0, old.at));
  std::string_view rest = text.substr(std::min(text.size(), old.at + old.size));
  if (term.empty() && out.ends_with(' ')) out.pop_back();
  return out + std::string(term) + std::string(rest);
}

}  // namespace waybill::check::spf
