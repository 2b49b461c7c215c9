// One bad term anywhere makes the whole record a permerror, also for those who would pass before it.
#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "check/spf/own_record.h"
#include "check/spf/spf.h"
#include "check/txt_line.h"

namespace waybill::check::spf {
namespace {
using policy::SpfSurvey;

void own_faults(const Subject& subject, const OwnRecord& own, Report& report) {
  for (const policy::SpfFault& fault : own.terms.faults) {
    if (fault.kind == policy::SpfFaultKind::ipv6_in_ip4) continue;  // a check of its own says how to mend it
    const size_t end = fault.place.at + fault.place.size;
    const size_t start = own.text.rfind(' ', fault.place.at) + 1;
    report.error({.subject = subject.name.to_string(),
                  .got = fmt::format("'{}', at octet {} of the record: {}", printable(fault.term, 100),
                                     fault.place.at + 1, fault.what),
                  .want = "terms of SPF's grammar only; one fault makes the whole record count for nothing",
                  .fix = fmt::format("correct it, or take it out: {}",
                                     as_record(subject, with_term(own.text, {start, end - start}, ""))),
                  .about = own.about});
  }
}

/// "include=example.org" is no fault, and does nothing.
void slips(const Subject& subject, const OwnRecord& own, Report& report) {
  static constexpr std::array<std::string_view, 8> kMechanisms{"all", "include", "a",   "mx",
                                                               "ptr", "ip4",     "ip6", "exists"};
  for (const policy::SpfTerm& term : own.terms.terms) {
    if (term.kind != policy::SpfKind::other_modifier ||
        std::ranges::find(kMechanisms, term.name) == kMechanisms.end())
      continue;
    const std::string mended = term.name + ":" + term.text.substr(term.name.size() + 1);
    report.warning({.subject = subject.name.to_string(),
                    .got = fmt::format("'{}' does nothing: with '=' it is a modifier that nobody knows",
                                       printable(term.text, 100)),
                    .want = fmt::format("'{}'", printable(mended, 100)),
                    .fix = as_record(subject, with_term(own.text, term.place, mended)),
                    .about = own.about,
                    .ref = "RFC 7208 6"});
  }
}

void below(const SpfSurvey& tree, Report& report) {
  for (size_t i = 1; i < tree.nodes.size(); ++i) {
    const SpfSurvey::Node& node = tree.nodes[i];
    const std::string name = node.domain.to_string();
    if (node.state == SpfSurvey::State::faulty) {
      const policy::SpfFault& fault = node.record.faults.front();
      report.error(
          {.subject = name,
           .got = fmt::format("its record has '{}': {} (reached by {})", printable(fault.term, 100),
                              fault.what, tree.path_to(i)),
           .want = "a record without faults: this one ends every evaluation that reaches it",
           .fix = fmt::format("take '{}' out until whoever runs {} has mended it", node.term, name)});
    } else if (node.state == SpfSurvey::State::none) {
      report.error(
          {.subject = name,
           .got = fmt::format("it has no SPF record, so '{}' of {} ends every evaluation that reaches it",
                              node.term, tree.nodes[node.above].domain.to_string()),
           .want = "an SPF record at every name that is included",
           .fix = fmt::format("take '{}' out, or correct its name", node.term),
           .ref = "RFC 7208 5.2"});
    }
  }
}

void run(const Subject& subject, Look& look, Report& report) {
  const auto own = own_record(subject, look, report);
  if (!own) return;
  own_faults(subject, *own, report);
  slips(subject, *own, report);
  const auto tree = survey(subject, look, report);
  if (!tree) return;
  below(*tree, report);
  report_unknown(*tree, report);
}
}  // namespace

const Check syntax{.id = "spf.syntax",
                   .number = 33,
                   .title = "The SPF record and those it includes can be read",
                   .ref = "RFC 7208 4.6",
                   .run = run};

}  // namespace waybill::check::spf
