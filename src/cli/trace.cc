// trace.cc: `waybill trace ID`: one message's life, from the custody ledger; it outlives the message.
#include <memory>

#include "cli/daemon_call.h"
#include "cli/output.h"
#include "control/codec.h"

namespace waybill::cli {
namespace {
using control::EventKind;

Colour event_colour(EventKind kind) {
  switch (kind) {
    case EventKind::delivered:
      return Colour::green;
    case EventKind::bounced:
    case EventKind::expired:
    case EventKind::deleted:
    case EventKind::set_aside:
      return Colour::red;
    case EventKind::deferred:
    case EventKind::discarded:
    case EventKind::held:
      return Colour::yellow;
    default:
      return Colour::cyan;
  }
}

std::string event_text(EventKind kind) {
  std::string text(to_string(kind));
  std::ranges::replace(text, '_', ' ');
  return text;
}

/// Who it concerns, what was said and by whom: the rest of one line of the timeline.
std::string about(const control::TraceEvent& event) {
  std::string out;
  const auto add = [&out](const std::string& what) {
    if (what.empty()) return;
    if (!out.empty()) out += "  ";
    out += terminal_safe(what);
  };
  if (event.kind == EventKind::accepted && !event.recipient) {
    add(event.address.empty() ? "from <>" : "from " + event.address);
  } else {
    add(event.address);
  }
  add(event.host);
  if (event.reply.code != 0) add(event.reply.to_string());
  add(event.detail);
  return out;
}

std::string timeline(const control::TraceAnswer& answer, Time now, bool colour) {
  std::string out = fmt::format("message {}", coloured(Colour::bold, answer.id.to_string(), colour));
  if (answer.message) {
    const auto& from = answer.message->envelope.from;
    out += fmt::format("  from {}, {}", from ? terminal_safe(from->to_string()) : "<>",
                       human_size(answer.message->size_octets));
  }
  out += "\n";
  std::optional<Time> last;
  for (const control::TraceEvent& event : answer.events) {
    const std::string since = last ? "+" + format_duration(std::max(event.time - *last, Millis{0})) : "";
    out +=
        fmt::format("{}  {:>9}  {}  {}\n", format_rfc3339(event.time), since,
                    coloured(event_colour(event.kind), fmt::format("{:<17}", event_text(event.kind)), colour),
                    about(event));
    last = event.time;
  }
  for (const control::RecipientInfo& open : answer.recipients) {
    std::string state(to_string(open.state));
    if (open.in_flight) state = "being delivered";
    if (!open.in_flight && open.state == control::RecipientState::queued && open.next_attempt) {
      state += ", next attempt " + relative_time(std::max(*open.next_attempt, now), now);
    }
    out += fmt::format("open: {} is {}\n", terminal_safe(open.recipient.address.to_string()), state);
  }
  if (answer.recipients.empty()) out += "No recipient is open any more.\n";
  return out;
}

struct TraceOptions : AskOptions {
  std::string id;
};

int trace(const TraceOptions& options, const control::Client& client, bool colour) {
  const auto id = MessageId::parse(options.id);
  if (!id) return report(id.error());
  const auto answer = client.trace(*id);
  if (!answer) return report(answer.error());
  fmt::print("{}",
             options.json ? control::encode(*answer) + "\n" : timeline(*answer, SystemClock().now(), colour));
  return exit_ok;
}
}  // namespace

void add_trace(CLI::App& app, Context& context) {
  auto options = std::make_shared<TraceOptions>();
  CLI::App* verb = app.add_subcommand("trace", "One message's life");
  verb->add_option("id", options->id, "Message id, as the 250 reply gave it")->required();
  make_ask(*verb, options, context, trace);
}

}  // namespace waybill::cli
