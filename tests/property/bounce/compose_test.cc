// Whatever servers and senders write, a report keeps its structure: no header, field or part is injected.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "bounce/report.h"
#include "bounce/text.h"
#include "support/report_reader.h"

namespace waybill::bounce {
namespace {
// Text that attacks: line ends, boundaries, field names and broken UTF-8 are likelier than by chance.
rc::Gen<std::string> hostile() {
  const auto piece =
      rc::gen::oneOf(rc::gen::element<std::string>(
                         "\r\n", "\n", "\r", "\r\n\r\n", "--", "--=_", "\r\n--=_0", ": ", "Action: delivered",
                         "Status: 2.0.0\r\n", "Content-Type: text/html", std::string(1, '\0'), "\xe2\x80\xae",
                         "\xc3", "é", " ", "\t", std::string(1200, 'a'), "=?utf-8?q?x?="),
                     rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string out;
                        for (const std::string& p : pieces) out += p;
                        return out;
                      });
}

RC_GTEST_PROP(Report, hostile_text_never_changes_the_structure, (bool smtputf8, bool remote)) {
  Original original;
  original.id = MessageId{7};
  original.envelope.from = mail::Address{"ann", mail::Domain::parse("example.org").value()};
  original.envelope.from->local = "a" + *hostile();
  original.envelope.smtputf8 = smtputf8;
  original.envelope.envid = *hostile();
  original.origin.helo = *hostile();
  original.body = std::make_shared<mail::MemoryBody>(*hostile());
  Recipient recipient;
  recipient.recipient.address = {*hostile(), mail::Domain::parse("example.com").value()};
  recipient.recipient.orcpt = *hostile() + ";" + *hostile();
  recipient.reply = {550, {5, 1, 1}, *hostile()};
  recipient.host = *hostile();
  recipient.address = *hostile();
  recipient.remote = remote;
  Settings settings;
  settings.hostname = mail::Domain::parse("mx.example.net").value();

  const auto report = compose(original, {recipient, recipient}, settings, MessageId{8}, Time{});
  RC_ASSERT(report.has_value());
  const std::string text = test::text_of(*report);
  RC_ASSERT(report->size_octets == text.size());
  RC_ASSERT(test::lines_are_sound(text));
  RC_ASSERT(is_ascii(text) || report->envelope.body == mail::BodyType::eight_bit);
  const auto whole = test::read_entity(text);
  RC_ASSERT(whole.has_value());
  for (const std::string_view name :
       {"Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}) {
    RC_ASSERT(whole->count(name) == 1u);
  }
  RC_ASSERT(whole->fields.size() <= 11u);
  const auto parts = test::read_parts(*whole);
  RC_ASSERT(parts.has_value());
  RC_ASSERT(parts->size() == 3u);
  for (const auto& part : *parts) RC_ASSERT(part.fields.size() == 3u);
  const auto groups = test::read_groups(parts->at(1).body);
  RC_ASSERT(groups.has_value());
  RC_ASSERT(groups->size() == 3u);
  for (size_t i = 1; i < groups->size(); ++i) {
    for (const std::string_view name : {"Final-Recipient", "Action", "Status"})
      RC_ASSERT(groups->at(i).count(name) == 1u);
    RC_ASSERT(groups->at(i).get("Action") == "failed");
  }
}

RC_GTEST_PROP(Text, harmless_text_has_no_controls_and_is_bounded, (bool utf8)) {
  const std::string out = harmless(*hostile(), utf8 ? Charset::utf8 : Charset::ascii, 100);
  RC_ASSERT(out.size() <= 103u);
  RC_ASSERT(is_utf8(out));
  for (const char c : out) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

RC_GTEST_PROP(Text, wrapped_lines_fit_and_lose_nothing, ()) {
  const std::string text = harmless(*hostile(), Charset::utf8, 5000);
  const std::string out = wrapped(text, "    ");
  RC_ASSERT(test::lines_are_sound(out));
  std::string before;
  std::string after;
  for (const char c : text) before += c == ' ' ? "" : std::string(1, c);
  for (const std::string_view line : split(out, '\n')) RC_ASSERT(line.size() <= kLineMax + 1);
  for (const char c : out) after += c == ' ' || c == '\r' || c == '\n' ? "" : std::string(1, c);
  RC_ASSERT(before == after);
}
}  // namespace
}  // namespace waybill::bounce
