// queue.cc: `waybill queue list`, `show` and `why`: they only read. What acts is in queue_act.cc.
#include "cli/queue.h"

#include <memory>

#include "control/codec.h"

namespace waybill::cli {
namespace {
constexpr uint32_t kPage = 1000;
constexpr const char* kJsonHelp = "One JSON document a line";

struct ReadOptions : AskOptions {
  control::SelectorText selector;
  uint64_t limit = 1000;
  std::string id;
  std::string recipient;
};

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }
Time now() { return SystemClock().now(); }

/// Calls `use` for each matching row, page after page, at most `limit` (0: all). True: more would have come.
template <class Use>
Result<bool> each_row(const control::Client& client, const control::Selector& selector, uint64_t limit,
                      Use use) {
  control::QueueListRequest request{selector, std::nullopt, kPage};
  uint64_t given = 0;
  while (true) {
    if (limit != 0) request.limit = static_cast<uint32_t>(std::min<uint64_t>(kPage, limit - given));
    const auto page = client.queue_list(request);
    if (!page) return pass(page.error());
    for (const control::QueueRow& row : page->rows) use(row);
    given += page->rows.size();
    if (!page->next) return false;
    if (limit != 0 && given >= limit) return true;
    request.after = page->next;
  }
}

int list(const ReadOptions& options, const control::Client& client, bool colour) {
  const auto selector = control::parse_selector(options.selector);
  if (!selector) return report(selector.error());
  if (options.json) {
    const auto more = each_row(client, *selector, options.limit,
                               [](const control::QueueRow& row) { print(control::encode(row) + "\n"); });
    return more ? exit_ok : report(more.error());
  }
  Table table = queue_table();
  uint64_t rows = 0;
  const Time at = now();
  const auto more = each_row(client, *selector, options.limit, [&](const control::QueueRow& row) {
    add_queue_row(table, row, at);
    ++rows;
  });
  if (!more) return report(more.error());
  if (rows == 0) {
    print(selector->unrestricted()
              ? "The queue is empty.\n"
              : fmt::format("Nothing in the queue matches: {}.\n", terminal_safe(describe(*selector))));
    return exit_ok;
  }
  print(table.to_string(colour));
  if (*more) {
    const auto total = client.queue_count(*selector);
    const std::string all = total ? fmt::format("{}", total->recipients) : "more";
    print(fmt::format("{} of {} recipients shown; --limit 0 shows all.\n", rows, all));
  }
  return exit_ok;
}

int show(const ReadOptions& options, const control::Client& client, bool colour) {
  const auto id = MessageId::parse(options.id);
  if (!id) return report(id.error());
  control::Selector selector;
  selector.message = *id;
  std::vector<control::QueueRow> rows;
  const auto more =
      each_row(client, selector, 100'000, [&rows](const control::QueueRow& row) { rows.push_back(row); });
  if (!more) return report(more.error());
  if (rows.empty()) {
    return report({Errc::not_found,
                   fmt::format("message {} is not in the queue; 'waybill trace {}' tells what became of it",
                               options.id, options.id)});
  }
  if (!options.json) {
    print(describe_message(rows, now(), colour));
    return exit_ok;
  }
  for (const control::QueueRow& row : rows) print(control::encode(row) + "\n");
  return exit_ok;
}

int why(const ReadOptions& options, const control::Client& client, bool colour) {
  const auto id = MessageId::parse(options.id);
  if (!id) return report(id.error());
  const auto answer = client.why({*id, options.recipient});
  if (!answer) return report(answer.error());
  print(options.json ? control::encode(*answer) + "\n" : describe_why(*answer, now(), colour));
  return exit_ok;
}
}  // namespace

void add_queue(CLI::App& app, Context& context) {
  CLI::App* queue = app.add_subcommand("queue", "Look at the queue, and act on it");
  queue->require_subcommand(1);

  auto listing = std::make_shared<ReadOptions>();
  CLI::App* list_verb = queue->add_subcommand("list", "The recipients that wait, and for what");
  add_selector_options(*list_verb, listing->selector);
  list_verb->add_option("--limit", listing->limit, "At most this many rows; 0: all")->capture_default_str();
  make_ask(*list_verb, listing, context, list, kJsonHelp);

  auto showing = std::make_shared<ReadOptions>();
  CLI::App* show_verb = queue->add_subcommand("show", "One message and all its open recipients");
  show_verb->add_option("id", showing->id, "Message id")->required();
  make_ask(*show_verb, showing, context, show, kJsonHelp);

  auto asking = std::make_shared<ReadOptions>();
  CLI::App* why_verb = queue->add_subcommand("why", "Why a message waits, by the rules that decide it");
  why_verb->add_option("id", asking->id, "Message id")->required();
  why_verb->add_option("--recipient", asking->recipient, "Only this recipient")->type_name("ADDRESS");
  make_ask(*why_verb, asking, context, why, kJsonHelp);

  add_queue_actions(*queue, context);
}

}  // namespace waybill::cli
