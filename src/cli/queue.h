// queue.h: what the files of `waybill queue` share: selectors as options, and rows for people.
#pragma once

#include <string>

#include "cli/daemon_call.h"
#include "cli/output.h"
#include "control/selector.h"

namespace waybill::cli {

/// Adds --id … --all and the positional words (control/selector.h).
void add_selector_options(CLI::App& app, control::SelectorText& text);

/// The verbs that change something: retry, hold, release, delete, reroute.
void add_queue_actions(CLI::App& queue, Context& context);

/// The columns of `queue list`.
[[nodiscard]] Table queue_table();
void add_queue_row(Table& table, const control::QueueRow& row, Time now);
/// `queue show`: one message with all its open recipients. REQUIRES: rows are not empty, all of one message.
[[nodiscard]] std::string describe_message(const std::vector<control::QueueRow>& rows, Time now, bool colour);
[[nodiscard]] std::string describe_why(const control::WhyAnswer& answer, Time now, bool colour);

}  // namespace waybill::cli
