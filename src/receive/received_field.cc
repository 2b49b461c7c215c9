#include "receive/received_field.h"

#include <fmt/format.h>

namespace waybill::receive {
namespace {
std::string host_text(std::string_view helo) {
  std::string out;
  for (const char c : helo.substr(0, 255)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
    out += plain ? c : '?';
  }
  return out.empty() ? "unknown" : out;
}
}  // namespace

std::string Protocol::name() const {
  std::string out = utf8 ? "UTF8" : "";
  // RFC 6531 4.3 names UTF8SMTP, not UTF8ESMTP: SMTPUTF8 implies ESMTP.
  if (greeting == Greeting::lhlo)
    out += "LMTP";
  else if (greeting == Greeting::ehlo && !utf8)
    out += "ESMTP";
  else
    out += "SMTP";
  if (greeting == Greeting::helo) return out;  // RFC 3848: only ESMTP and LMTP have variants
  if (tls) out += 'S';
  if (authenticated) out += 'A';
  return out;
}

std::string received_field(const mail::Origin& origin, const mail::Envelope& envelope,
                           const std::string& hostname, const std::string& tls_comment, MessageId id,
                           Time now) {
  std::string out = fmt::format("Received: from {} ({})\r\n\tby {} with {}", host_text(origin.helo),
                                mail::Domain::literal(origin.client_ip).text(), hostname, origin.protocol);
  if (!tls_comment.empty()) out += fmt::format("\r\n\t({})", tls_comment);
  out += fmt::format(" id {}", id.to_string());
  if (envelope.recipients.size() == 1) {
    out += fmt::format("\r\n\tfor <{}>", envelope.recipients.front().address.to_string());
  }
  out += fmt::format(";\r\n\t{}\r\n", format_rfc5322(now));
  return out;
}

}  // namespace waybill::receive
