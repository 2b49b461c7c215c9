// compose.cc: puts a report together: multipart/report of text, delivery-status and the original (RFC 6522).
#include <algorithm>

#include "bounce/human.h"
#include "bounce/report.h"
#include "bounce/returned.h"
#include "bounce/text.h"

namespace waybill::bounce {
namespace {
// FNV-1a: spreads boundaries; that none collides is checked, not hoped for.
uint64_t hash(std::string_view text, uint64_t seed) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return seed;
}

// "rfc822; user@example.org", or "utf-8; …" where the address is not ASCII (RFC 6533 3).
std::string address_field(const mail::Address& address, Charset charset) {
  const bool utf8 = address.needs_smtputf8();
  return fmt::format("{}; {}", utf8 && charset == Charset::utf8 ? "utf-8" : "rfc822",
                     harmless(address.to_string(), charset, 900));
}

std::string received_from(const mail::Origin& origin) {
  const auto helo = mail::Domain::parse(origin.helo);
  const std::string name =
      helo && !helo->is_literal() ? helo->text() : mail::Domain::literal(origin.client_ip).text();
  return fmt::format("dns; {} ({})", name, mail::Domain::literal(origin.client_ip).text());
}

std::string message_fields(const Original& original, const Settings& settings, Charset charset) {
  std::string out;
  // RFC 3464 2.2.1: the ENVID that the sender gave, xtext undone.
  if (const std::string envid = harmless(original.envelope.envid, charset, 200); !envid.empty()) {
    out += field("Original-Envelope-Id", envid);
  }
  out += field("Reporting-MTA", fmt::format("dns; {}", settings.hostname.text()));
  if (original.origin.via == mail::Origin::Via::smtp)
    out += field("Received-From-MTA", received_from(original.origin));
  out += field("Arrival-Date", format_rfc5322(original.arrived));
  return out;
}

std::string recipient_fields(const Recipient& recipient, MessageId id, Charset charset) {
  std::string out = "\r\n";
  // RFC 3464 2.3.1: only as the sender gave it, never made up.
  const std::string& orcpt = recipient.recipient.orcpt;
  if (const size_t semicolon = orcpt.find(';'); semicolon != std::string::npos && semicolon > 0) {
    out += field("Original-Recipient",
                 fmt::format("{}; {}", harmless(orcpt.substr(0, semicolon), Charset::ascii, 60),
                             harmless(orcpt.substr(semicolon + 1), charset, 600)));
  }
  out += field("Final-Recipient", address_field(recipient.recipient.address, charset));
  out += field("Action", to_string(recipient.action));
  out += field("Status", status_of(recipient).to_string());
  if (const std::string host = harmless(recipient.host, Charset::ascii, 255);
      !host.empty() && recipient.remote) {
    out += field("Remote-MTA", fmt::format("dns; {}", host));
  }
  if (const std::string reply = harmless_reply(recipient.reply, charset); !reply.empty()) {
    // RFC 3464 2.3.6: "smtp" for a server's own words; ours are of our own type.
    out += field("Diagnostic-Code", fmt::format("{}; {}", recipient.remote ? "smtp" : "x-waybill", reply));
  }
  if (recipient.last_attempt != Time{})
    out += field("Last-Attempt-Date", format_rfc5322(recipient.last_attempt));
  out += field("Final-Log-ID", id.to_string());
  if (recipient.action == Action::delayed && recipient.will_retry_until != Time{}) {
    out += field("Will-Retry-Until", format_rfc5322(recipient.will_retry_until));
  }
  return out;
}

std::string header(const Original& original, const std::vector<Recipient>& recipients,
                   const Settings& settings, const Returned& returned, Charset charset, MessageId id,
                   Time now) {
  const std::string& host = settings.hostname.text();
  std::string out = field("Date", format_rfc5322(now));
  out += field("From", fmt::format("Mail Delivery System <MAILER-DAEMON@{}>", host));
  out += field("To", fmt::format("<{}>", harmless(original.envelope.from->to_string(), charset, 900)));
  out += field("Subject", subject_for(recipients));
  out += field("Message-ID", fmt::format("<{}.report@{}>", id.to_string(), host));
  if (!returned.message_id.empty()) {
    out += field("In-Reply-To", returned.message_id);  // RFC 3834 3.1.5
    out += field("References", returned.message_id);
  }
  out += field("Auto-Submitted", "auto-replied");  // RFC 3834 5, so that no robot answers it
  return out + "MIME-Version: 1.0\r\n";
}

// The pieces of a report before its boundary is known.
struct Parts {
  std::string human;
  std::string status;
  Returned returned;
};

// A boundary that the returned message does not contain. Text and status can't contain one by construction:
// what comes from outside is indented there or stands behind a field's name, so no line of it begins with
// "--". Whoever can foretell eight boundaries is not given more tries: then nothing is returned.
std::string choose_boundary(Parts& parts, MessageId id) {
  constexpr int kTries = 8;
  uint64_t seed = hash(parts.status, 14695981039346656037ull ^ id.value);
  std::string boundary;
  for (int tries = 0; tries < kTries; ++tries, seed = hash("again", seed)) {
    boundary = fmt::format("=_{}-{:016x}", id.to_string(), seed);
    if (!contains(parts.returned.chunks, boundary)) return boundary;
  }
  parts.returned = Returned{};
  return boundary;
}

void add_text(Report& report, std::string text) {
  for (size_t at = 0; at < text.size(); at += kChunkOctetsMax)
    report.chunks.emplace_back(text.substr(at, kChunkOctetsMax));
}

std::string part(std::string_view boundary, std::string_view description, std::string_view type,
                 std::string_view encoding) {
  std::string out = fmt::format("\r\n--{}\r\n", boundary);
  out += field("Content-Description", description);
  out += field("Content-Type", type);
  out += field("Content-Transfer-Encoding", encoding);
  return out + "\r\n";
}

void assemble(Report& report, std::string head, Parts& parts, MessageId id) {
  const std::string boundary = choose_boundary(parts, id);
  const bool human_8bit = !is_ascii(parts.human);
  const bool status_8bit = !is_ascii(parts.status);
  head += fmt::format("Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{}\"\r\n",
                      boundary);
  const bool header_8bit = !is_ascii(head);
  const bool eight_bit = human_8bit || status_8bit || parts.returned.eight_bit;
  if (eight_bit)
    head += "Content-Transfer-Encoding: 8bit\r\n";  // RFC 2045 6.4: a multipart declares its widest part
  head += "\r\nThis is a delivery report in MIME format (RFC 6522).\r\n";
  head += part(boundary, "Notification",
               human_8bit ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii",
               human_8bit ? "8bit" : "7bit");
  head += parts.human;
  head += part(boundary, "Delivery report",
               status_8bit ? "message/global-delivery-status" : "message/delivery-status",
               status_8bit ? "8bit" : "7bit");
  head += parts.status;
  const Returned& returned = parts.returned;
  if (!returned.content_type.empty()) {
    const bool whole = returned.content_type == "message/rfc822" || returned.content_type == "message/global";
    head += part(boundary, whole ? "Undelivered message" : "Header of the message", returned.content_type,
                 returned.encoding);
  }
  add_text(report, std::move(head));
  report.chunks.insert(report.chunks.end(), returned.chunks.begin(), returned.chunks.end());
  report.chunks.emplace_back(fmt::format("\r\n--{}--\r\n", boundary));
  report.envelope.body = eight_bit || header_8bit ? mail::BodyType::eight_bit : mail::BodyType::seven_bit;
  for (const Chunk& chunk : report.chunks) report.size_octets += chunk.size();
}
}  // namespace

Result<Report> compose(const Original& original, const std::vector<Recipient>& recipients,
                       const Settings& settings, MessageId id, Time now) {
  if (!original.envelope.from)
    return fail(Errc::invalid, "a message from the null sender is never reported on");
  if (recipients.empty()) return fail(Errc::invalid, "a report needs a recipient to report on");
  const mail::Address& sender = *original.envelope.from;
  const Charset charset = original.envelope.smtputf8 ? Charset::utf8 : Charset::ascii;
  const bool failed = std::ranges::find(recipients, Action::failed, &Recipient::action) != recipients.end();

  Parts parts;
  parts.returned = returned_part(original, settings, failed);
  parts.human = human_text(original, recipients, settings, charset, parts.returned.note);
  parts.status = message_fields(original, settings, charset);
  for (const Recipient& recipient : recipients)
    parts.status += recipient_fields(recipient, original.id, charset);

  Report report;
  report.envelope.recipients.push_back(
      {sender, mail::notify_never, ""});                      // RFC 3461 6.1: <> and NOTIFY=NEVER
  report.envelope.requiretls = original.envelope.requiretls;  // RFC 8689 5
  std::string head = header(original, recipients, settings, parts.returned, charset, id, now);
  report.envelope.smtputf8 =
      sender.needs_smtputf8() || !is_ascii(head) || !is_ascii(parts.status) || parts.returned.global;
  assemble(report, std::move(head), parts, id);
  return report;
}

}  // namespace waybill::bounce
