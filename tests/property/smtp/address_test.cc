// What we write as an address, a reply or xtext is read back as the same, whatever is in it.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"
#include "smtp/command.h"
#include "smtp/path.h"
#include "smtp/reply_writer.h"
#include "smtp/xtext.h"

namespace waybill::smtp {
namespace {
RC_GTEST_PROP(Address, any_printable_local_part_survives_the_wire, ()) {
  const auto local = *rc::gen::suchThat(rc::gen::container<std::string>(rc::gen::inRange(' ', '\x7f')),
                                        [](const std::string& text) { return text.size() <= 64; });
  const mail::Address address{local, *mail::Domain::parse("c.example")};
  const std::string text = "<" + address.to_string() + "> X=1";  // path->rest points into it
  const auto path = parse_path(text, PathKind::forward);
  RC_ASSERT(path.has_value());
  RC_ASSERT(*path->address == address);
  RC_ASSERT(path->rest == " X=1");
}

RC_GTEST_PROP(Path, any_octets_are_an_address_or_a_501, (const std::string& text)) {
  for (const PathKind kind : {PathKind::reverse, PathKind::forward}) {
    const auto path = parse_path("<" + text + ">", kind);
    if (!path) {
      RC_ASSERT(path.error().code == 501);
    } else if (path->address) {
      RC_ASSERT(!has_control(path->address->to_string()));
    }
  }
}

RC_GTEST_PROP(Xtext, round_trip, (const std::string& octets)) {
  const std::string encoded = encode_xtext(octets);
  RC_ASSERT(is_ascii(encoded) && !has_control(encoded) && encoded.find(' ') == std::string::npos);
  RC_ASSERT(decode_xtext(encoded).value() == octets);
}

RC_GTEST_PROP(ReplyWriter, hostile_text_never_makes_a_second_reply, (const std::string& text)) {
  std::string out;
  append_reply(out, {550, {5, 7, 1}, text}, EnhancedCodes::include);
  RC_ASSERT(out.ends_with("\r\n"));
  const auto lines = split(std::string_view(out).substr(0, out.size() - 2), '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    const bool last = i + 1 == lines.size();
    RC_ASSERT(lines[i].starts_with(last ? "550 5.7.1 " : "550-5.7.1 "));
    RC_ASSERT(lines[i].size() <= 511U);
  }
}
}  // namespace
}  // namespace waybill::smtp
