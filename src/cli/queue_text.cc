#include "cli/queue.h"

namespace waybill::cli {
namespace {
using control::QueueRow;
using control::RecipientInfo;
using control::RecipientState;

std::string sender_text(const mail::ReversePath& from) { return from ? from->to_string() : "<>"; }

Colour state_colour(const RecipientInfo& recipient) {
  if (recipient.in_flight) return Colour::green;
  if (recipient.state == RecipientState::held) return Colour::yellow;
  if (recipient.state == RecipientState::bounced || recipient.state == RecipientState::expired)
    return Colour::red;
  return recipient.last_reply.code >= 400 ? Colour::cyan : Colour::none;
}

std::string state_text(const RecipientInfo& recipient) {
  return recipient.in_flight ? "in flight" : std::string(to_string(recipient.state));
}

std::string next_text(const RecipientInfo& recipient, Time now) {
  if (recipient.in_flight || recipient.state != RecipientState::queued || !recipient.next_attempt) return "-";
  return *recipient.next_attempt <= now ? "now" : relative_time(*recipient.next_attempt, now);
}

std::string reply_text(const RecipientInfo& recipient) {
  if (recipient.last_reply.code == 0) return recipient.attempts == 0 ? "not tried yet" : "-";
  std::string out = recipient.last_reply.to_string();
  if (!recipient.last_host.empty()) out = recipient.last_host + ": " + out;
  return out;
}

void put(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += fmt::format("{:<14}{}\n", name, terminal_safe(value));
}

std::string origin_text(const mail::Origin& origin) {
  if (origin.via == mail::Origin::Via::control)
    return "injected by " + (origin.user.empty() ? "a local user" : origin.user);
  if (origin.via == mail::Origin::Via::bounce) return "a report of this router";
  std::string out = fmt::format("{} ({}) by {}", origin.client_ip.to_string(), origin.helo, origin.protocol);
  if (!origin.user.empty()) out += ", user " + origin.user;
  if (!origin.listener.empty()) out += ", listener " + origin.listener;
  return out;
}

std::string envelope_text(const mail::Envelope& envelope) {
  std::string out;
  const auto add = [&out](std::string_view what) {
    out += out.empty() ? std::string(what) : fmt::format(", {}", what);
  };
  if (envelope.body == mail::BodyType::eight_bit) add("8BITMIME");
  if (envelope.body == mail::BodyType::binary) add("BINARYMIME");
  if (envelope.smtputf8) add("SMTPUTF8");
  if (envelope.requiretls) add("REQUIRETLS");
  if (envelope.ret != mail::Ret::unset) add(envelope.ret == mail::Ret::full ? "RET=FULL" : "RET=HDRS");
  if (!envelope.envid.empty()) add("ENVID=" + envelope.envid);
  return out;
}

std::string notify_text(uint8_t bits) {
  if (bits == mail::notify_unset) return {};
  if ((bits & mail::notify_never) != 0) return "never";
  std::string out;
  if ((bits & mail::notify_success) != 0) out += " success";
  if ((bits & mail::notify_failure) != 0) out += " failure";
  if ((bits & mail::notify_delay) != 0) out += " delay";
  return out.empty() ? out : out.substr(1);
}

std::string describe_recipient(const RecipientInfo& recipient, Time now, bool colour) {
  std::string out = fmt::format(
      "\n  {}  {}\n", coloured(Colour::bold, terminal_safe(recipient.recipient.address.to_string()), colour),
      coloured(state_colour(recipient), state_text(recipient), colour));
  const auto line = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("    {:<14}{}\n", name, terminal_safe(value));
  };
  if (recipient.next_attempt && recipient.state == RecipientState::queued) {
    line("next attempt",
         fmt::format("{} ({})", format_rfc3339(*recipient.next_attempt), next_text(recipient, now)));
  }
  line("attempts", fmt::format("{}", recipient.attempts));
  if (recipient.last_attempt) {
    line("last attempt", fmt::format("{} ({})", format_rfc3339(*recipient.last_attempt),
                                     relative_time(*recipient.last_attempt, now)));
  }
  if (recipient.last_reply.code != 0) line("last reply", recipient.last_reply.to_string());
  line("last host", recipient.last_host);
  line("pinned route", recipient.route_pin);
  line("notify", notify_text(recipient.recipient.notify));
  line("orcpt", recipient.recipient.orcpt);
  if (recipient.delay_notified) line("delay notice", "sent");
  return out;
}
}  // namespace

void add_selector_options(CLI::App& app, control::SelectorText& text) {
  constexpr const char* kGroup = "Selectors (all that are given must match)";
  app.add_option("words", text.words, "A message id, a recipient's address, or a domain")->type_name("WORD");
  app.add_option("--id", text.id, "Message id")->type_name("ID")->group(kGroup);
  app.add_option("--domain", text.domain, "Recipient's domain; *.example.org for everything below it")
      ->group(kGroup);
  app.add_option("--from", text.from, "Sender: an address, @domain, or <> for the null sender")
      ->group(kGroup);
  app.add_option("--to", text.to, "Recipient's address")->group(kGroup);
  app.add_option("--host", text.host, "Host of the last attempt")->group(kGroup);
  app.add_option("--reply", text.reply, "A part of the last reply, in any case")->group(kGroup);
  app.add_option("--state", text.state, "queued or held")->group(kGroup);
  app.add_option("--older", text.older, "Arrived longer ago than this: 2h, 5d, 1h30m")->group(kGroup);
  app.add_option("--younger", text.younger, "Arrived within this time")->group(kGroup);
  app.add_flag("--all", text.all, "Everything: needed when nothing else selects")->group(kGroup);
}

Table queue_table() {
  return Table({{"ID"},
                {"AGE", Align::right},
                {"SIZE", Align::right},
                {"SENDER", Align::left, 34},
                {"RECIPIENT", Align::left, 40},
                {"STATE"},
                {"NEXT"},
                {"TRIES", Align::right},
                {"LAST REPLY", Align::left, 60}});
}

void add_queue_row(Table& table, const QueueRow& row, Time now) {
  table.add({{row.message.id.to_string(), Colour::bold},
             {format_duration(std::max(now - row.message.arrived, Millis{0}))},
             {human_size(row.message.size_octets)},
             {sender_text(row.message.envelope.from)},
             {row.recipient.recipient.address.to_string()},
             {state_text(row.recipient), state_colour(row.recipient)},
             {next_text(row.recipient, now)},
             {fmt::format("{}", row.recipient.attempts)},
             {reply_text(row.recipient), Colour::grey}});
}

std::string describe_message(const std::vector<QueueRow>& rows, Time now, bool colour) {
  const control::MessageInfo& message = rows.front().message;
  std::string out =
      fmt::format("{:<14}{}\n", "message", coloured(Colour::bold, message.id.to_string(), colour));
  put(out, "arrived",
      fmt::format("{} ({})", format_rfc3339(message.arrived), relative_time(message.arrived, now)));
  put(out, "from", sender_text(message.envelope.from));
  put(out, "size", fmt::format("{} ({} octets)", human_size(message.size_octets), message.size_octets));
  put(out, "came in", origin_text(message.origin));
  put(out, "envelope", envelope_text(message.envelope));
  put(out, "recipients", fmt::format("{} open of {} accepted", rows.size(), message.recipient_count));
  for (const QueueRow& row : rows) out += describe_recipient(row.recipient, now, colour);
  return out;
}

std::string describe_why(const control::WhyAnswer& answer, Time now, bool colour) {
  std::string out = fmt::format("message {}\n", coloured(Colour::bold, answer.id.to_string(), colour));
  for (const control::WhyRecipient& why : answer.recipients) {
    out += describe_recipient(why.recipient, now, colour);
    if (!why.summary.empty())
      out += fmt::format("    {}\n", coloured(Colour::cyan, terminal_safe(why.summary), colour));
    size_t number = 0;
    for (const control::WhyLine& line : why.lines) {
      const std::string ref = line.ref.empty() ? "" : fmt::format("  [{}]", terminal_safe(line.ref));
      out += fmt::format("    {:>3}. {}{}\n", ++number, terminal_safe(line.text),
                         coloured(Colour::grey, ref, colour));
    }
  }
  return out;
}

}  // namespace waybill::cli
