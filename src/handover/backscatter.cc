#include "handover/backscatter.h"

#include <algorithm>

namespace waybill::handover {

size_t withhold_backscatter(queue::Plan& plan, const Quiet& quiet) {
  if (!quiet) return 0;
  size_t withheld = 0;
  for (queue::Report& report : plan.reports) {
    const bool refused = report.kind == queue::ReportKind::failure && report.outcome.remote &&
                         report.record.state == queue::State::bounced;
    if (!refused || !report.decision.wanted) continue;
    if (!quiet(*plan.message, report.record.recipient.address.domain)) continue;
    report.decision = {false, "a stranger sent it to a backup: his address may be forged (bounce_refused)"};
    ++withheld;
    const auto change = std::ranges::find(plan.changes, report.key, &queue::Change::key);
    if (change == plan.changes.end()) continue;
    std::string& detail = change->event.detail;
    detail += detail.empty() ? "" : "; ";
    detail += "no report: a stranger's address may be forged (bounce_refused)";
  }
  return withheld;
}

}  // namespace waybill::handover
