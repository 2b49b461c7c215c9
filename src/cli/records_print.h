// records_print.h: records to publish as a zone file, columns, JSON, nsupdate's commands, or a table for a
// provider's web form. Pure.
#pragma once

#include <string>

#include "cli/print.h"
#include "cli/records_plan.h"

namespace waybill::cli {

enum class RecordsFormat : uint8_t { zone, tsv, json, nsupdate, webui };

[[nodiscard]] std::string to_text(const RecordsPlan& plan, RecordsFormat format, Paint paint);

/// exit_findings when one is missing or differs or the plan is not complete, exit_unknown when the DNS could
/// not say.
[[nodiscard]] int exit_of(const RecordsPlan& plan);

}  // namespace waybill::cli
