#include "dns/zone_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace waybill::dns {
namespace {

using testing::HasSubstr;

Name name(std::string_view text) { return Name::parse(text).value(); }
ZoneFile read(std::string_view text) { return read_zone_text(text, "example.org.zone"); }
std::string first(const ZoneFile& file) { return file.errors.empty() ? "" : file.errors[0].to_string(); }
std::string text_of(const ZoneFile& file, size_t i = 0) {
  return i < file.records.size() ? to_string(file.records[i].record) : first(file);
}

TEST(Rfc, rfc_114_blank_owner_inherits) {
  const ZoneFile file = read("$TTL 60\nwww A 192.0.2.1\n    A 192.0.2.2\n\tTXT x\n");
  ASSERT_EQ(file.records.size(), 3U) << first(file);
  for (const auto& each : file.records) EXPECT_EQ(each.record.owner, name("www.example.org"));
  EXPECT_THAT(first(read("$TTL 60\n  A 192.0.2.1\n")),
              HasSubstr("example.org.zone:2:3: a record without an owner"));
}

TEST(Rfc, rfc_114_origin_and_owner_return_after_include) {
  const std::map<std::string, std::string> files{{"dir/sub.zone", "$ORIGIN deep.test.\na A 192.0.2.3\n"}};
  const IncludeReader include = [&](const std::string& path) -> Result<std::string> {
    const auto at = files.find(path);
    if (at == files.end()) return fail(Errc::not_found, "no {}", path);
    return at->second;
  };
  const ZoneFile file = read_zone_text(
      "$TTL 60\n$ORIGIN example.org.\nwww A 192.0.2.1\n$INCLUDE sub.zone sub\n  A 192.0.2.2\nb A 192.0.2.4\n",
      "dir/main.zone", {}, include);
  ASSERT_EQ(file.records.size(), 4U) << first(file);
  EXPECT_EQ(file.records[1].record.owner, name("a.deep.test"));
  EXPECT_EQ(file.records[1].file, "dir/sub.zone");
  EXPECT_EQ(file.records[2].record.owner, name("www.example.org"));
  EXPECT_EQ(file.records[3].record.owner, name("b.example.org"));
  EXPECT_THAT(first(read_zone_text("$INCLUDE none\n", "dir/x", {}, include)),
              HasSubstr("dir/x:1:10: no dir/none"));
}

TEST(ZoneFile, includes_end_somewhere) {
  const IncludeReader itself = [](const std::string&) -> Result<std::string> { return "$INCLUDE me\n"; };
  EXPECT_THAT(first(read_zone_text("$INCLUDE me\n", "me", {}, itself)), HasSubstr("include each other"));
}

TEST(Rfc, rfc_115_parentheses_and_quotes) {
  const ZoneFile file =
      read("$TTL 60\n@ SOA ns admin ( 1 ; serial\n  2 3\n 4 5 )\n@ TXT \"a;b\" ; comment\n");
  ASSERT_EQ(file.records.size(), 2U) << first(file);
  EXPECT_EQ(text_of(file), "example.org. 60 IN SOA ns.example.org. admin.example.org. 1 2 3 4 5");
  EXPECT_EQ(text_of(file, 1), "example.org. 60 IN TXT \"a;b\"");
  EXPECT_EQ(first(read("$TTL 60\n@ SOA ns admin ( 1 2 3 4 5\n@ A 192.0.2.1\n")),
            "example.org.zone:2:16: this parenthesis is never closed");
  EXPECT_THAT(first(read("$TTL 60\n@ A 192.0.2.1 )\n")),
              HasSubstr(":2:15: this parenthesis was never opened"));
  EXPECT_THAT(first(read("$TTL 60\n@ TXT \"abc\n")), HasSubstr(":2:7: this quote is never closed"));
}

TEST(Rfc, rfc_116_escapes_in_zone_files) {
  const ZoneFile file =
      read("$TTL 60\na\\.b A 192.0.2.1\n\\065 A 192.0.2.1\nx TXT \"\\065\\\"\"\nend\\. A 192.0.2.1\n");
  ASSERT_EQ(file.records.size(), 4U) << first(file);
  EXPECT_EQ(file.records[0].record.owner.labels(), 3U);
  EXPECT_EQ(file.records[1].record.owner, name("a.example.org"));
  EXPECT_EQ(std::get<Txt>(file.records[2].record.data).joined(), "A\"");
  EXPECT_EQ(file.records[3].record.owner, name("end\\..example.org"))
      << "an escaped dot does not make it absolute";
  EXPECT_THAT(first(read("$TTL 60\n\\256 A 192.0.2.1\n")), HasSubstr("example.org.zone:2:1:"));
  EXPECT_THAT(first(read("$TTL 60\nx TXT \"\\256\"\n")), HasSubstr("example.org.zone:2:7:"));
}

TEST(Rfc, rfc_117_ttl_and_class_in_either_order) {
  const ZoneFile file =
      read("$TTL 1h\na 60 IN A 192.0.2.1\nb IN 70 A 192.0.2.1\nc IN A 192.0.2.1\nd 1d2h A 192.0.2.1\n");
  ASSERT_EQ(file.records.size(), 4U) << first(file);
  EXPECT_EQ(file.records[0].record.ttl_s, 60U);
  EXPECT_EQ(file.records[1].record.ttl_s, 70U);
  EXPECT_EQ(file.records[2].record.ttl_s, 3600U) << "$TTL governs, not the record before (RFC 2308 4)";
  EXPECT_EQ(file.records[3].record.ttl_s, 93600U);
  EXPECT_THAT(first(read("a A 192.0.2.1\n")), HasSubstr("neither the record nor a $TTL"));
  EXPECT_EQ(read_zone_text("a A 192.0.2.1\n", "x", {.default_ttl_s = 5}).records.at(0).record.ttl_s, 5U);
  EXPECT_THAT(first(read("$TTL 1\na CH A 192.0.2.1\n")), HasSubstr("class CH"));
  EXPECT_THAT(first(read("$TTL 4294967296\n")), HasSubstr(":1:6:"));
}

TEST(Rfc, rfc_118_txt_string_of_256_octets) {
  const std::string text(255, 'x');
  EXPECT_EQ(read("$TTL 1\n@ TXT \"" + text + "\"\n").records.size(), 1U);
  EXPECT_THAT(first(read("$TTL 1\n@ TXT \"" + text + "x\"\n")), HasSubstr(":2:7: a string of 256 octets"));
}

TEST(Rfc, rfc_120_mx_preference_bounds_and_generic_form) {
  EXPECT_EQ(text_of(read("$TTL 1\n@ MX 65535 mx\n")), "example.org. 1 IN MX 65535 mx.example.org.");
  EXPECT_EQ(text_of(read("$TTL 1\n@ TYPE15 \\# 3 000100\n")), "example.org. 1 IN MX 1 .");
  EXPECT_THAT(first(read("$TTL 1\n@ MX 65536 mx\n")), HasSubstr(":2:6: the preference '65536'"));
  EXPECT_THAT(first(read("$TTL 1\n@ MX -1 mx\n")), HasSubstr(":2:6: the preference '-1'"));
  EXPECT_THAT(first(read("$TTL 1\n@ MX 10\n")), HasSubstr("the exchange is missing"));
  EXPECT_THAT(first(read("$TTL 1\n@ MX 10 mx more\n")), HasSubstr(":2:12: 'more' is too much here"));
  EXPECT_THAT(first(read("$TTL 1\n@ TYPE15 \\# 4 000100\n")), HasSubstr("does not match"));
}

TEST(ZoneFile, collects_errors_and_keeps_the_good_records) {
  const ZoneFile file =
      read("$TTL 60\na A 192.0.2.999\nb A 192.0.2.1\nc NOPE x\nd AAAA 192.0.2.1\ne A 2001:db8::1\n");
  EXPECT_EQ(file.records.size(), 1U);
  ASSERT_EQ(file.errors.size(), 4U);
  EXPECT_EQ(file.errors[0].to_string(), "example.org.zone:2:5: '192.0.2.999' is no IPv4 address");
  EXPECT_EQ(file.errors[1].line, 4);
  EXPECT_EQ(file.errors[1].column, 3);
}

TEST(ZoneFile, a_record_after_a_bad_owner_does_not_fall_to_another) {
  const ZoneFile file = read("$TTL 60\ngood A 192.0.2.1\nbad..name A 192.0.2.2\n  A 192.0.2.3\n");
  EXPECT_EQ(file.records.size(), 1U);
  EXPECT_EQ(file.errors.size(), 2U);
}

TEST(ZoneFile, errors_are_bounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a NOPE\n";
  EXPECT_EQ(read(text).errors.size(), 101U);
}

TEST(ZoneFile, generate) {
  const ZoneFile file =
      read("$TTL 60\n$GENERATE 1-3 host$ A 192.0.2.$\n$GENERATE 8-12/2 n${-8,3,x} CNAME host$\n");
  ASSERT_EQ(file.records.size(), 6U) << first(file);
  EXPECT_EQ(text_of(file, 2), "host3.example.org. 60 IN A 192.0.2.3");
  EXPECT_EQ(text_of(file, 5), "n004.example.org. 60 IN CNAME host12.example.org.");
  EXPECT_THAT(first(read("$TTL 60\n$GENERATE 0-4294967295 h$ A 192.0.2.1\n")), HasSubstr(":2:11: the range"));
  EXPECT_EQ(read("$TTL 60\n$GENERATE 1-300 h$ A 192.0.2.$\n").errors.size(), 1U) << "said once";
  EXPECT_EQ(read("$TTL 60\n$GENERATE 4294967294-4294967295 h$ A 192.0.2.1\n").records.size(), 2U);
}

TEST(ZoneFile, types_that_ldns_reads) {
  EXPECT_EQ(text_of(read("$TTL 60\n@ CAA 0 issue \"ca.test\"\n")),
            "example.org. 60 IN CAA 0 issue \"ca.test\"");
  EXPECT_EQ(text_of(read("$TTL 60\n_25._tcp TLSA 3 1 1 ( "
                         "00112233445566778899aabbccddeeff\n00112233445566778899aabbccddeeff )\n")),
            "_25._tcp.example.org. 60 IN TLSA 3 1 1 "
            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
  EXPECT_EQ(text_of(read("$TTL 60\n_sip._tcp SRV 1 2 5060 sip\n")),
            "_sip._tcp.example.org. 60 IN SRV 1 2 5060 sip.example.org.");
  EXPECT_THAT(first(read("$TTL 60\n@ DS 1 2\n")), HasSubstr("DS data"));
}

TEST(ZoneFile, what_ldns_lets_pass_is_an_error_all_the_same) {
  const auto error = [](const std::string& line) { return first(read("$TTL 60\n" + line + "\n")); };
  EXPECT_THAT(error("a CAA 256 issue \"x\""),
              HasSubstr(":2:7: the flags '256' is not a number from 0 to 255"));
  EXPECT_THAT(error("a CAA 0 is-sue \"x\""), HasSubstr(":2:9: the tag 'is-sue' is not letters and digits"));
  EXPECT_THAT(error("a TLSA 256 1 1 00"), HasSubstr("the usage '256'"));
  EXPECT_THAT(error("a TLSA 3 1 1 001"), HasSubstr("ends with half an octet"));
  EXPECT_THAT(error("a TLSA 3 1 1"), HasSubstr("certificate data is missing"));
  EXPECT_THAT(error("a DS 1 8 2 abcd"), HasSubstr("a digest of type 2 has 32 octets, this one 2"));
  EXPECT_THAT(error("a SSHFP 4 2 abcd"), HasSubstr("a digest of type 2 has 32 octets, this one 2"));
  EXPECT_THAT(error("a LOC 91 0 0 N 4 53 32 E 0m"), HasSubstr("a latitude beyond 90 degrees"));
  EXPECT_THAT(error("a HTTPS 1 . port=65536"), HasSubstr("the port '65536'"));
  EXPECT_THAT(error("a A \"192.0.2.1\""), HasSubstr(":2:5: the IPv4 address can't be a quoted text"));
  EXPECT_THAT(error("a MX \"10\" b"), HasSubstr(":2:6: the preference can't be a quoted text"));
  EXPECT_THAT(error("a DS \\# 5 0001080201"), HasSubstr("a digest of type 2 has 32 octets, this one 1"));
  EXPECT_THAT(error("a CAA \\# 4 00012d78"), HasSubstr("the tag '-' is not letters and digits"));
  EXPECT_THAT(error("a CAA \\# 1 00"), HasSubstr("without a tag"));
  EXPECT_EQ(text_of(read("$TTL 60\na TLSA \\# 3 030101\n")), "a.example.org. 60 IN TLSA \\# 3 030101");
  EXPECT_EQ(error("a DS 1 8 250 abcd"), "") << "a digest that is not known here";
}

TEST(ZoneFile, quoted_values_of_service_parameters) {
  EXPECT_EQ(first(read("$TTL 60\n@ HTTPS 1 . alpn=\"h2,h3\" port=\"8443\" ipv4hint=192.0.2.1\n")), "");
  EXPECT_EQ(read("$TTL 60\n@ HTTPS 1 . alpn=\"h2,h3\"\n").records.at(0).record.data,
            read("$TTL 60\n@ HTTPS 1 . alpn=h2,h3\n").records.at(0).record.data);
}

TEST(ZoneFile, class_by_number_and_nul_octets) {
  EXPECT_EQ(text_of(read("$TTL 60\na CLASS1 A 192.0.2.1\n")), "a.example.org. 60 IN A 192.0.2.1");
  EXPECT_THAT(first(read(std::string_view("$TTL 60\na\0b A 192.0.2.1\n", 24))),
              HasSubstr(":2:2: a NUL octet"));
}

TEST(ZoneFile, a_record_knows_where_its_target_stands) {
  const ZoneFile file = read("$TTL 60\n@ MX (\n 10 mail )\n");
  ASSERT_EQ(file.records.size(), 1U);
  EXPECT_EQ(file.records[0].line, 2);
  EXPECT_EQ(file.records[0].target_line, 3);
  EXPECT_EQ(file.records[0].target_column, 5);
  EXPECT_EQ(file.name, "example.org.zone");
}

TEST(ZoneFile, origin_comes_from_soa_then_directive_then_file_name) {
  EXPECT_EQ(read("$TTL 1\na A 192.0.2.1\n").origin, name("example.org"));
  EXPECT_EQ(read("$ORIGIN x.test.\n$TTL 1\na A 192.0.2.1\n").origin, name("x.test"));
  EXPECT_EQ(read("$TTL 1\ny.test. SOA . . 1 1 1 1 1\n").origin, name("y.test"));
  EXPECT_FALSE(read("$TTL 1\na A 192.0.2.1\n").notices.empty()) << "no SOA";
  EXPECT_EQ(origin_of_file_name("/etc/zones/db.example.net"), name("example.net"));
}

TEST(ZoneFile, windows_line_ends_and_byte_order_mark) {
  EXPECT_EQ(text_of(read("\xEF\xBB\xBF$TTL 60\r\na A 192.0.2.1\r\n")), "a.example.org. 60 IN A 192.0.2.1");
}

TEST(ZoneFile, a_file_that_is_not_there_says_so) {
  EXPECT_THAT(first(read_zone_file("/nonexistent/x.zone")), HasSubstr("cannot read /nonexistent/x.zone"));
  EXPECT_THAT(first(read_zone_file("/tmp")), HasSubstr("directory"));
}

}  // namespace
}  // namespace waybill::dns
