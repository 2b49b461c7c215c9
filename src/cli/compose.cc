#include "cli/compose.h"

#include <algorithm>

#include "base/bytes.h"
#include "mail/header_view.h"
#include "mail/line_ends.h"

namespace waybill::cli {
namespace {
using mail::HeaderField;
using mail::HeaderView;

Result<mail::Address> complete_address(std::string_view text, const Writer& writer) {
  text = trim(text);
  if (text.starts_with('<') && text.ends_with('>') && text.size() > 2) text = text.substr(1, text.size() - 2);
  // A local part alone is a mailbox of this host, as every sendmail takes it.
  const bool has_domain = text.rfind('@') != std::string_view::npos && !text.ends_with('"');
  return mail::Address::parse(has_domain ? std::string(text) : fmt::format("{}@{}", text, writer.hostname));
}

Result<mail::ReversePath> sender_of(const SendmailArgs& args, const Writer& writer) {
  const std::string given = args.sender.value_or(writer.user);
  if (args.sender && (given.empty() || given == "<>")) return mail::ReversePath();
  auto address = complete_address(given, writer);
  if (!address) return pass(address.error(), "sender");
  return mail::ReversePath(std::move(*address));
}

bool is_recipient_field(const HeaderField& field, std::string_view prefix) {
  const auto named = [&](std::string_view name) { return field.is(fmt::format("{}{}", prefix, name)); };
  return named("To") || named("Cc") || named("Bcc");
}

Status add_recipient(std::vector<mail::Recipient>& out, std::string_view text, const SendmailArgs& args,
                     const Writer& writer) {
  auto address = complete_address(text, writer);
  if (!address) return pass(address.error(), "recipient");
  const bool known =
      std::ranges::any_of(out, [&](const mail::Recipient& r) { return r.address == *address; });
  if (!known) out.push_back({std::move(*address), args.notify, {}});
  return {};
}

/// RFC 5322 3.6.6: what was resent goes to the Resent- fields' addresses, not to the first ones'.
Status add_header_recipients(std::vector<mail::Recipient>& out, const HeaderView& header,
                             const SendmailArgs& args, const Writer& writer) {
  const bool resent = std::ranges::any_of(
      header.fields(), [](const HeaderField& f) { return is_recipient_field(f, "Resent-"); });
  for (const HeaderField& field : header.fields()) {
    if (!is_recipient_field(field, resent ? "Resent-" : "")) continue;
    const mail::AddressList list = mail::parse_address_list(field.value);
    if (!list.rejected.empty()) {
      return fail(Errc::invalid, "{}: no address in '{}'", field.name, printable(list.rejected.front(), 80));
    }
    for (const std::string& address : list.addresses) {
      if (Status status = add_recipient(out, address, args, writer); !status) return status;
    }
  }
  return {};
}

Result<std::vector<mail::Recipient>> recipients_of(const SendmailArgs& args, const HeaderView& header,
                                                   const Writer& writer) {
  std::vector<mail::Recipient> out;
  for (const std::string& text : args.recipients) {
    if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return fail(Errc::invalid, "'{}' has a line end in it", printable(text, 80));
    }
    // sendmail takes "a@x, b@y" as one argument too.
    const mail::AddressList list = mail::parse_address_list(text);
    if (!list.rejected.empty() || list.addresses.empty()) {
      return fail(Errc::invalid, "'{}' is no address", printable(text, 80));
    }
    for (const std::string& address : list.addresses) {
      if (Status status = add_recipient(out, address, args, writer); !status) return pass(status.error());
    }
  }
  if (args.from_header == FromHeader::yes) {
    if (Status status = add_header_recipients(out, header, args, writer); !status)
      return pass(status.error());
  }
  if (out.empty()) {
    if (args.from_header == FromHeader::yes)
      return fail(Errc::not_found, "no recipients, neither as arguments nor in To, Cc or Bcc");
    return fail(Errc::not_found, "no recipients: name them, or give -t to take them from the header");
  }
  return out;
}

/// A display name that is safe in a header: a quoted string without controls (RFC 5322 3.2.4).
std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string from_field(const SendmailArgs& args, const mail::ReversePath& sender, const Writer& writer) {
  const std::string name = args.full_name.empty() ? writer.real_name : args.full_name;
  const std::string address =
      sender ? sender->to_string() : fmt::format("{}@{}", writer.user, writer.hostname);
  // A name that is not ASCII would need encoding (RFC 2047); it is left out rather than sent wrong.
  if (name.empty() || !is_ascii(name)) return fmt::format("From: {}\r\n", address);
  return fmt::format("From: {} <{}>\r\n", quoted_name(name), address);
}

/// RFC 5322 3.6.1, 3.6.2, 3.6.4: the fields that every message has, where the program left them out.
std::string missing_fields(const HeaderView& header, const SendmailArgs& args,
                           const mail::ReversePath& sender, const Writer& writer) {
  std::string out;
  if (header.find("Date") == nullptr) out += fmt::format("Date: {}\r\n", format_rfc5322(writer.now));
  if (header.find("From") == nullptr) out += from_field(args, sender, writer);
  if (header.find("Message-ID") == nullptr) {
    out += fmt::format("Message-ID: <{}.{:x}@{}>\r\n", writer.now.time_since_epoch().count(), writer.unique,
                       writer.hostname);
  }
  return out;
}

std::string kept_fields(const HeaderView& header, const SendmailArgs& args) {
  std::string out;
  for (const HeaderField& field : header.fields()) {
    const bool blind = field.is("Bcc") || field.is("Resent-Bcc");
    if (args.from_header == FromHeader::yes && blind) continue;
    out += field.raw;
  }
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out;
}

/// The "From user date" line that mailboxes begin with is no header field.
void drop_mbox_line(std::string& message) {
  if (!message.starts_with("From ") && !message.starts_with(">From ")) return;
  const size_t end = message.find("\r\n");
  message.erase(0, end == std::string::npos ? message.size() : end + 2);
}
}  // namespace

std::string_view until_end(std::string_view input, DotEnds dot_ends) {
  if (dot_ends == DotEnds::no) return input;
  size_t at = 0;
  while (at < input.size()) {
    const size_t end = input.find('\n', at);
    std::string_view line = input.substr(at, end == std::string_view::npos ? end : end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == ".") return input.substr(0, at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return input;
}

Result<Composed> compose(const SendmailArgs& args, std::string input, const Writer& writer) {
  std::string text = mail::to_crlf(std::move(input));
  drop_mbox_line(text);
  const HeaderView header(text);
  if (header.truncated()) {
    return fail(Errc::invalid, "the header is larger than {} octets or {} fields", mail::kHeaderOctetsMax,
                mail::kHeaderFieldsMax);
  }
  auto sender = sender_of(args, writer);
  if (!sender) return pass(sender.error());
  auto recipients = recipients_of(args, header, writer);
  if (!recipients) return pass(recipients.error());

  Composed out;
  out.message = missing_fields(header, args, *sender, writer) + kept_fields(header, args) + "\r\n";
  out.message += header.body();
  if (!out.message.ends_with("\r\n")) out.message += "\r\n";
  out.envelope.from = std::move(*sender);
  out.envelope.recipients = std::move(*recipients);
  out.envelope.ret = args.ret;
  out.envelope.envid = args.envid;
  out.envelope.body =
      args.body.value_or(is_ascii(out.message) ? mail::BodyType::seven_bit : mail::BodyType::eight_bit);
  const bool utf8_address = (out.envelope.from && out.envelope.from->needs_smtputf8()) ||
                            std::ranges::any_of(out.envelope.recipients, [](const mail::Recipient& r) {
                              return r.address.needs_smtputf8();
                            });
  // RFC 6531 3.2: addresses and header fields beyond ASCII need the extension; an 8-bit body alone does not.
  out.envelope.smtputf8 = utf8_address || (!is_ascii(header.block()) && is_utf8(header.block()));
  return out;
}

}  // namespace waybill::cli
