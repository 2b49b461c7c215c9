// backend_queue.cc: the queue's part of the control API: list, count, act, trace, verify.
#include <algorithm>

#include "daemon/backend.h"
#include "daemon/convert.h"

namespace waybill::daemon {
namespace {
queue::Action to_action(const control::ActRequest& request) {
  queue::Action out;
  switch (request.action) {
    case control::Action::retry:
      out.kind = queue::Action::Kind::retry;
      break;
    case control::Action::hold:
      out.kind = queue::Action::Kind::hold;
      break;
    case control::Action::release:
      out.kind = queue::Action::Kind::release;
      break;
    case control::Action::drop:
      out.kind = queue::Action::Kind::remove;
      break;
    case control::Action::reroute:
      out.kind = queue::Action::Kind::reroute;
      break;
  }
  out.who = request.reason.empty() ? request.who : fmt::format("{}: {}", request.who, request.reason);
  out.route_pin = request.via;
  return out;
}
}  // namespace

net::Task<Result<control::QueueListAnswer>> Backend::queue_list(control::QueueListRequest request) {
  auto selector = to_queue(request.selector);
  if (!selector) co_return pass(selector.error());
  std::optional<queue::RecipientKey> after;
  if (request.after) after = queue::RecipientKey{request.after->message, request.after->index};
  std::move_only_function<Result<queue::Page>()> read = [this, selector = *selector, after,
                                                         limit = request.limit] {
    return parts_.store.list(selector, parts_.clock.now(), after, limit);
  };
  Result<queue::Page> page = co_await on_reader<Result<queue::Page>>(std::move(read));
  if (!page) co_return pass(page.error());
  control::QueueListAnswer out;
  std::vector<queue::RecipientKey> keys;
  for (const queue::Listed& row : page->rows) {
    out.rows.push_back({to_control(row.message), to_control(row.index, row.recipient)});
    keys.push_back({row.message.id, row.index});
  }
  if (page->next) out.next = control::Cursor{page->next->message, page->next->index};
  std::move_only_function<std::vector<queue::Phase>()> ask = [this, keys = std::move(keys)] {
    std::vector<queue::Phase> phases;
    for (const queue::RecipientKey& key : keys) phases.push_back(parts_.conductor.scheduler().phase(key));
    return phases;
  };
  const std::vector<queue::Phase> phases = co_await on_conductor<std::vector<queue::Phase>>(std::move(ask));
  for (size_t i = 0; i < phases.size(); ++i)
    out.rows[i].recipient.in_flight = phases[i] == queue::Phase::in_flight;
  co_return std::move(out);
}

net::Task<Result<control::QueueCountAnswer>> Backend::queue_count(control::Selector selector) {
  auto wanted = to_queue(selector);
  if (!wanted) co_return pass(wanted.error());
  std::move_only_function<Result<uint64_t>()> read = [this, selector = *wanted] {
    return parts_.store.count(selector, parts_.clock.now());
  };
  Result<uint64_t> count = co_await on_reader<Result<uint64_t>>(std::move(read));
  if (!count) co_return pass(count.error());
  control::QueueCountAnswer out;
  out.recipients = *count;
  if (wanted->empty()) out.messages = parts_.store.stats().messages;
  co_return std::move(out);
}

net::Task<Result<control::ActionReport>> Backend::queue_act(control::ActRequest request) {
  auto selector = to_queue(request.selector);
  if (!selector) co_return pass(selector.error());
  if (!request.via.empty()) {
    const auto way = route::Way::parse(request.via);
    if (!way) co_return pass(way.error());
    if (way->kind != route::Way::Kind::deliver) {
      co_return fail(Errc::invalid,
                     "'{}' is no host: mail is rerouted to one; see 'queue hold' and 'queue delete'",
                     request.via);
    }
    request.via = way->to_string();
  }
  Result<uint64_t> held = 0;
  if (request.action == control::Action::retry) {
    // Those that `retry` leaves alone, because somebody holds them: not to be told as done already.
    std::move_only_function<Result<uint64_t>()> read = [this,
                                                        wanted = *selector]() mutable -> Result<uint64_t> {
      if (wanted.state.value_or(queue::State::held) != queue::State::held) return 0;
      wanted.state = queue::State::held;
      return parts_.store.count(wanted, parts_.clock.now());
    };
    held = co_await on_reader<Result<uint64_t>>(std::move(read));
    if (!held) co_return pass(held.error());
  }
  net::Callback<Conductor::Acted> waiting(parts_.loop);
  parts_.conductor_loop.post(
      [this, action = to_action(request), selector = *selector, answer = waiting.completer()]() mutable {
        parts_.conductor.act(std::move(action), std::move(selector), std::move(answer));
      });
  Conductor::Acted acted = co_await waiting;
  if (!acted.status) co_return pass(acted.status.error());
  control::ActionReport out;
  out.matched = acted.matched;
  out.acted = acted.acted;
  out.skipped = acted.later + acted.unchanged;
  if (acted.later > 0)
    out.notes.push_back(fmt::format(
        "{} being delivered at this moment: it applies to them when the attempt ends", acted.later));
  const uint64_t kept_back = std::min(*held, acted.unchanged);
  if (kept_back > 0)
    out.notes.push_back(fmt::format("{} {} held: release {} first", kept_back, kept_back == 1 ? "is" : "are",
                                    kept_back == 1 ? "it" : "them"));
  if (const uint64_t same = acted.unchanged - kept_back; same > 0)
    out.notes.push_back(fmt::format("{} {} so already", same, same == 1 ? "was" : "were"));
  co_return std::move(out);
}

net::Task<Result<control::TraceAnswer>> Backend::trace(MessageId id) {
  auto events = parts_.store.events(id);
  if (!events) co_return pass(events.error());
  auto message = parts_.store.message(id);
  if (!message) co_return pass(message.error());
  if (events->empty() && !*message) {
    co_return fail(Errc::not_found,
                   "neither the queue nor the ledger knows {}; the ledger keeps ended messages for {}",
                   id.to_string(), format_duration(parts_.config()->queue.ledger_keep));
  }
  control::TraceAnswer out;
  out.id = id;
  for (const queue::Event& event : *events) out.events.push_back(to_control(event));
  if (*message) {
    out.message = to_control(**message);
    auto recipients = parts_.store.recipients(id);
    if (!recipients) co_return pass(recipients.error());
    for (const auto& [index, record] : *recipients) out.recipients.push_back(to_control(index, record));
  }
  co_return std::move(out);
}

net::Task<Result<control::CustodyAnswer>> Backend::custody_verify() {
  std::move_only_function<Result<queue::CustodyReport>()> read = [this] {
    return parts_.store.verify_custody();
  };
  Result<queue::CustodyReport> report = co_await on_auditor<Result<queue::CustodyReport>>(std::move(read));
  if (!report) co_return pass(report.error());
  co_return to_control(*report);
}

}  // namespace waybill::daemon
