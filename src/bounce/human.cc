#include "bounce/human.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace waybill::bounce {
namespace {
constexpr std::string_view kEmptyLine = "\r\n";

bool has(const std::vector<Recipient>& recipients, Action action) {
  return std::ranges::find(recipients, action, &Recipient::action) != recipients.end();
}

std::string_view introduction(Action action, bool several) {
  switch (action) {
    case Action::failed:
      return several ? "Your message could not be delivered to the recipients below, and no further attempt "
                       "will be made."
                     : "Your message could not be delivered to the recipient below, and no further attempt "
                       "will be made.";
    case Action::delayed:
      return several ? "Your message has not been delivered yet to the recipients below. It is kept here and "
                       "will be tried again; "
                       "you need not send it again."
                     : "Your message has not been delivered yet to the recipient below. It is kept here and "
                       "will be tried again; "
                       "you need not send it again.";
    case Action::delivered:
      return "As you asked, this confirms that your message was delivered:";
    case Action::relayed:
      return "Your message was handed on for the recipients below. The next mail server does not send "
             "confirmations, so "
             "this may be the last one that you get:";
    case Action::expanded:
      return "Your message was delivered to a list of recipients, which gives no further confirmation:";
  }
  return "";
}

std::string server_name(const Recipient& recipient, Charset charset) {
  const std::string host = harmless(recipient.host, charset, 255);
  const std::string address = harmless(recipient.address, charset, 80);
  if (host.empty()) return address;
  return address.empty() ? host : fmt::format("{} ({})", host, address);
}

std::string describe(const Recipient& recipient, const Original& original, Charset charset, Time now) {
  // The address stands alone on its line, unbroken: people copy it.
  std::string out =
      fmt::format("  <{}>\r\n", harmless(recipient.recipient.address.to_string(), charset, 900));
  const std::string server = server_name(recipient, charset);
  const std::string reply = harmless_reply(recipient.reply, charset);
  if (recipient.expired) {
    out +=
        wrapped(fmt::format("It was tried for {}, without success.", format_duration(now - original.arrived)),
                "    ");
  }
  if (!reply.empty() && recipient.remote && !server.empty()) {
    out += wrapped(fmt::format("The mail server {} said:", server), "    ");
  } else if (!reply.empty() && !server.empty() && recipient.action != Action::delivered) {
    out += wrapped(fmt::format("The attempt at {} ended with:", server), "    ");
  } else if (!reply.empty()) {
    out += wrapped("The reason:", "    ");
  }
  if (!reply.empty()) out += wrapped(reply, "      ");
  if (recipient.action == Action::delayed && recipient.will_retry_until != Time{}) {
    out += wrapped(fmt::format("It will be tried until {}.", format_rfc5322(recipient.will_retry_until)),
                   "    ");
  }
  if (const std::string_view advice = advice_for(recipient); !advice.empty()) out += wrapped(advice, "    ");
  return out;
}

std::string about_message(const Original& original, Charset charset) {
  std::string out = wrapped(fmt::format("Your message arrived here on {}, and was known as {}.",
                                        format_rfc5322(original.arrived), original.id.to_string()),
                            "");
  if (!original.envelope.envid.empty()) {
    out += wrapped("Your own reference for it:", "");
    out += wrapped(harmless(original.envelope.envid, charset, 200), "  ");
  }
  return out;
}
}  // namespace

std::string_view subject_for(const std::vector<Recipient>& recipients) {
  if (has(recipients, Action::failed)) return "Your message could not be delivered";
  if (has(recipients, Action::delayed)) return "Your message is delayed";
  if (has(recipients, Action::relayed)) return "Your message was passed on";
  return "Your message was delivered";
}

std::string_view advice_for(const Recipient& recipient) {
  if (recipient.action == Action::delayed) return "You will be told if that fails for good.";
  if (recipient.action != Action::failed) return "";
  const mail::EnhancedStatus status = status_of(recipient);
  const auto is = [&](uint16_t subject, uint16_t detail) {
    return status.subject == subject && status.detail == detail;
  };
  if (recipient.expired || status.klass == 4) {
    return "Their mail system could not be reached or did not take the message in all this time. Send it "
           "again later, or reach "
           "them another way.";
  }
  if (is(1, 1) || is(1, 3) || is(1, 0))
    return "Check the address for slips of the pen: there is no such mailbox.";
  if (is(1, 2) || is(4, 4)) return "Check what stands behind the @: no mail server is known for that domain.";
  if (is(1, 10)) return "That domain takes no mail at all. Reach the recipient another way.";
  if (is(2, 1)) return "The mailbox is closed. Reach the recipient another way.";
  if (is(2, 2))
    return "The mailbox is full. Send the message again later, or reach the recipient another way.";
  if (is(3, 4) || is(2, 3)) return "The message is too large for them. Send less, or a link to it.";
  if (is(4, 6))
    return "The mail servers of that domain pass it round in a circle: its postmaster has to mend that.";
  if (is(6, 7) || is(6, 3))
    return "Their mail system can't take this kind of message: write with plain addresses and plain text.";
  if (status.subject == 7) {
    return "Their mail system did not want this message, by a rule of its own. Give the words above to "
           "whoever runs your mail.";
  }
  return "If the words above don't help, pass them on to whoever runs your mail.";
}

std::string human_text(const Original& original, const std::vector<Recipient>& recipients,
                       const Settings& settings, Charset charset, std::string_view note) {
  std::string out = wrapped(fmt::format("This is the mail system at {}.", settings.hostname.text()), "");
  Time now{};
  for (const Recipient& recipient : recipients) now = std::max(now, recipient.last_attempt);
  now = std::max(now, original.arrived);
  static constexpr std::array kOrder{Action::failed, Action::delayed, Action::relayed, Action::expanded,
                                     Action::delivered};
  size_t described = 0;
  for (const Action action : kOrder) {
    const auto count = std::ranges::count(recipients, action, &Recipient::action);
    if (count == 0) continue;
    out += kEmptyLine;
    out += wrapped(introduction(action, count > 1), "");
    for (const Recipient& recipient : recipients) {
      if (recipient.action != action || described >= kDescribedMax) continue;
      ++described;
      out += kEmptyLine;
      out += describe(recipient, original, charset, now);
    }
  }
  if (recipients.size() > described) {
    out += kEmptyLine;
    out += wrapped(fmt::format("The other {} recipients are listed in the attached report.",
                               recipients.size() - described),
                   "");
  }
  out += kEmptyLine;
  out += about_message(original, charset);
  if (!note.empty()) out += wrapped(note, "");
  return out;
}

}  // namespace waybill::bounce
