// What goes out comes back: names, rdata, messages; and no octets upset their readers.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "dns/message.h"
#include "dns/zone_file.h"

namespace waybill::dns {
namespace {

Name any_name() {
  Name name;
  const auto labels = *rc::gen::container<std::vector<std::string>>(
      rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::arbitrary<char>())));
  for (const std::string& label : labels) {
    if (auto child = name.child(label.substr(0, 63))) name = *child;
  }
  return name;
}

Record any_record() {
  Record record{any_name(), Type::a, *rc::gen::inRange<uint32_t>(0, 0x7FFFFFFF), IpAddress()};
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      record.data = IpAddress::v4(*rc::gen::arbitrary<uint32_t>());
      break;
    case 1:
      record.type = Type::aaaa;
      record.data = IpAddress::v6(*rc::gen::arbitrary<std::array<uint8_t, 16>>());
      break;
    case 2:
      record.type = Type::mx;
      record.data = Mx{*rc::gen::arbitrary<uint16_t>(), any_name()};
      break;
    case 3:
      record.type = Type::cname;
      record.data = any_name();
      break;
    case 4: {
      record.type = Type::txt;
      Txt txt;
      for (auto& text : *rc::gen::nonEmpty(rc::gen::arbitrary<std::vector<std::string>>())) {
        txt.strings.push_back(text.substr(0, 255));
      }
      record.data = txt;
      break;
    }
    default:
      record.type = Type{731};
      record.data = Opaque(*rc::gen::arbitrary<std::string>());
  }
  return record;
}

RC_GTEST_PROP(DnsProperty, names_survive_both_forms, ()) {
  const Name name = any_name();
  RC_ASSERT((Name::parse(name.to_string()) == name));
  RC_ASSERT((Name::parse(name.to_string() + (name.is_root() ? "" : ".")) == name));
  RC_ASSERT((Name::from_wire(name.wire()) == name));
}

RC_GTEST_PROP(DnsProperty, every_name_is_within_its_ancestors_only, ()) {
  const Name name = any_name();
  for (Name up = name;; up = up.parent()) {
    RC_ASSERT(name.is_within(up));
    RC_ASSERT(up == name || !up.is_within(name));
    if (up.is_root()) break;
  }
}

RC_GTEST_PROP(DnsProperty, rdata_survives_the_wire, ()) {
  const Record record = any_record();
  RC_ASSERT((decode_rdata(record.type, encode_rdata(record.type, record.data)) == record.data));
}

RC_GTEST_PROP(DnsProperty, records_survive_a_zone_file, ()) {
  const Record record = any_record();
  const ZoneFile file = read_zone_text(to_string(record) + "\n", "x", {.origin = Name()});
  RC_ASSERT(file.errors.empty());
  RC_ASSERT(file.records.size() == 1U);
  RC_ASSERT(file.records[0].record == record);
}

RC_GTEST_PROP(DnsProperty, messages_survive_the_wire, ()) {
  Message message;
  message.id = *rc::gen::arbitrary<uint16_t>();
  message.response = *rc::gen::arbitrary<bool>();
  message.authoritative = *rc::gen::arbitrary<bool>();
  message.rcode = static_cast<Rcode>(*rc::gen::inRange(0, 16));
  message.questions.push_back({any_name(), Type::mx});
  for (int i = *rc::gen::inRange(0, 8); i > 0; --i) message.answers.push_back(any_record());
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) message.additional.push_back(any_record());
  if (*rc::gen::arbitrary<bool>()) message.edns = Edns{};
  const std::string wire = encode_message(message);
  RC_ASSERT((parse_message(wire) == message));
  const auto cut = *rc::gen::inRange<size_t>(0, wire.size());
  RC_ASSERT(!parse_message(wire.substr(0, cut)).has_value());
}

RC_GTEST_PROP(DnsProperty, flipped_octets_upset_nobody, ()) {
  Message message;
  message.questions.push_back({any_name(), Type::mx});
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i) message.answers.push_back(any_record());
  std::string wire = encode_message(message);
  for (int i = *rc::gen::inRange(1, 10); i > 0; --i) {
    wire[*rc::gen::inRange<size_t>(0, wire.size())] = *rc::gen::arbitrary<char>();
  }
  if (const auto parsed = parse_message(wire)) {
    for (const Record& record : parsed->answers) RC_ASSERT(!to_string(record).empty());
    // What was understood once is understood again.
    RC_ASSERT(parse_message(encode_message(*parsed)).has_value());
  }
}

}  // namespace
}  // namespace waybill::dns
