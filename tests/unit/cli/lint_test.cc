#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/lint_place.h"
#include "cli/lint_print.h"
#include "cli/lint_run.h"

namespace waybill::cli {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kHead =
    "$TTL 3600\n@ SOA ns hostmaster 1 7200 900 1209600 3600\n@ NS ns\nns A 192.0.2.53\n";

dns::ZoneFile zone(const std::string& text, const std::string& name = "example.org.zone") {
  return dns::read_zone_text(kHead + text, name);
}

std::vector<std::string> ids(const Linted& linted) {
  std::vector<std::string> out;
  for (const auto& finding : linted.findings) {
    EXPECT_TRUE(finding.where) << finding.id;
    out.push_back(fmt::format("{}:{}", finding.id, finding.where ? finding.where->line : -1));
  }
  return out;
}

size_t of(const Linted& linted, std::string_view id) {
  return static_cast<size_t>(std::ranges::count(linted.findings, id, &check::Finding::id));
}

TEST(Lint, a_domain_check_speaks_where_the_zone_can_answer_it) {
  const auto all = lint({zone("www A 192.0.2.1\n")}, {.lab = true});
  EXPECT_THAT(ids(all.at(0)), testing::Contains("mx.none:2"));
  EXPECT_EQ(all[0].domains, 1U);
}
TEST(Lint, what_stands_outside_is_neither_unknown_nor_missing) {
  const auto all =
      lint({zone("@ MX 10 mail.example.net.\n@ TXT \"v=spf1 include:example.net -all\"\n")}, {.lab = true});
  for (const auto& finding : all.at(0).findings)
    EXPECT_NE(finding.level, check::Level::unknown) << finding.got;
  EXPECT_GT(all[0].outside, 0U);
}
TEST(Lint, one_fault_is_told_once) {
  const auto all = lint({zone("@ MX 10 a\na CNAME ns\nsub MX 10 mail.example.org\n")}, {.lab = true});
  EXPECT_EQ(of(all.at(0), "zone.mx-to-cname"), 1U);
  EXPECT_EQ(of(all[0], "mx.target-is-cname"), 0U);
  EXPECT_EQ(of(all[0], "zone.missing-dot"), 1U);
  EXPECT_EQ(of(all[0], "mx.target-no-address") + of(all[0], "zone.target-no-address"), 0U);
}
TEST(Lint, an_alias_in_another_file_is_the_domain_checks) {
  const auto all =
      lint({zone("@ MX 10 a.example.net.\n"), zone("a CNAME ns\n", "example.net.zone")}, {.lab = true});
  EXPECT_EQ(of(all.at(0), "mx.target-is-cname"), 1U);
  EXPECT_EQ(of(all[0], "zone.mx-to-cname"), 0U);
}
TEST(Lint, two_files_for_one_zone_are_judged_by_themselves) {
  const auto all = lint({zone("@ MX 10 ns\n"), zone("www A 192.0.2.1\n", "db.example.org")}, {.lab = true});
  EXPECT_EQ(of(all.at(0), "mx.none"), 0U);
  EXPECT_EQ(of(all.at(1), "mx.none"), 1U);
}
TEST(Lint, nobody_has_a_mailbox_in_a_reverse_zone) {
  const auto all = lint({zone("1 PTR a.example.org.\n", "2.0.192.in-addr.arpa.zone")}, {.lab = true});
  EXPECT_EQ(all.at(0).domains, 0U);
  EXPECT_THAT(all[0].findings, IsEmpty());
}
TEST(Lint, with_an_unreadable_line_the_domain_checks_wait) {
  const auto all = lint({zone("@ MX 10 mail\nmail A 192.0.2.256\n")}, {.lab = true});
  EXPECT_THAT(ids(all.at(0)), ElementsAre("zone.syntax:6"));
}
TEST(Lint, every_name_with_an_mx_is_a_domain_up_to_the_limit) {
  std::string text = "@ MX 10 ns\n*.w MX 10 ns\n_x MX 10 ns\nchild NS ns\nbelow.child MX 10 ns\n";
  for (int i = 0; i < 10; ++i) text += fmt::format("n{} MX 10 ns\n", i);
  EXPECT_EQ(lint({zone(text)}, {.lab = true}).at(0).domains, 11U);
  const auto few = lint({zone(text)}, {.lab = true, .domains_max = 4});
  EXPECT_EQ(few.at(0).domains, 4U);
  EXPECT_GE(few[0].domains_left_out, 7U);
}
TEST(Lint, a_file_with_nothing_in_it) {
  const auto all = lint({dns::read_zone_text("", "example.org.zone")}, {});
  EXPECT_THAT(ids(all.at(0)), ElementsAre("zone.soa:1"));
}

TEST(LintPlaces, the_record_then_its_set_then_the_name_then_the_soa) {
  const std::vector<dns::ZoneFile> files{zone("@ MX 10 a\n@ MX 20 b\n*.w A 192.0.2.1\n"),
                                         zone("www A 192.0.2.1\n", "example.net.zone")};
  const Places places(files);
  const dns::Name origin = dns::Name::parse("example.org").value();
  const auto line = [&](std::optional<check::About> about, const std::string& subject = "") {
    const auto where = places.of({.subject = subject, .about = std::move(about)}, origin);
    return fmt::format("{}:{}", where.file, where.line);
  };
  const dns::Mx second{20, dns::Name::parse("b.example.org").value()};
  EXPECT_EQ(line(check::About{origin, dns::Type::mx, second}), "example.org.zone:6");
  EXPECT_EQ(line(check::About{origin, dns::Type::mx, std::nullopt}), "example.org.zone:5");
  EXPECT_EQ(line(check::About{origin, dns::Type::txt, std::nullopt}), "example.org.zone:2");
  EXPECT_EQ(line(check::About{dns::Name::parse("x.w.example.org").value(), dns::Type::a, std::nullopt}),
            "example.org.zone:7")
      << "the wildcard that answered";
  EXPECT_EQ(line(std::nullopt, "ns.example.org"), "example.org.zone:4");
  EXPECT_EQ(line(std::nullopt, "www.example.net"), "example.net.zone:5");
  EXPECT_EQ(line(std::nullopt, "192.0.2.99"), "example.org.zone:2");
}

check::Finding finding(int line, int column) {
  return {.id = "zone.duplicate",
          .level = check::Level::warning,
          .subject = "example.org",
          .got = "the same",
          .want = "once",
          .ref = "RFC 2181 5",
          .fix = "remove one",
          .where = check::Where{"a.zone", line, column},
          .about = std::nullopt};
}

TEST(LintPrint, the_caret_stands_under_the_word) {
  const auto text =
      lint_finding_text(finding(3, 6), {}, Paint::off, [](const check::Where&) { return "@\tMX  10 a"; });
  EXPECT_EQ(text,
            "a.zone:3:6: warning: example.org: the same [zone.duplicate]\n    @ MX  10 a\n         ^\n"
            "    want: once (RFC 2181 5)\n    fix:  remove one\n");
}
TEST(LintPrint, long_and_hostile_lines) {
  const std::string line = std::string(5000, 'x') + "\x1b[2J" + std::string(5000, 'y');
  const auto text =
      lint_finding_text(finding(3, 5001), {}, Paint::off, [&](const check::Where&) { return line; });
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_LT(text.size(), 600U);
  EXPECT_THAT(text, HasSubstr("...xxx"));
  const auto beyond =
      lint_finding_text(finding(3, 99), {}, Paint::off, [](const check::Where&) { return "short"; });
  EXPECT_THAT(beyond, HasSubstr("    short\n         ^\n"));
  const auto accents = lint_finding_text(finding(3, 5), {}, Paint::off,
                                         [](const check::Where&) { return "\xc3\xbc\xc3\xbc=x"; });
  EXPECT_THAT(accents, HasSubstr("    \xc3\xbc\xc3\xbc=x\n      ^\n"))
      << "columns count octets, the caret characters";
}
TEST(LintPrint, the_reason_of_what_is_allowed_is_shown) {
  Leniency leniency;
  leniency.allowed["zone.duplicate"] = "told to";
  EXPECT_THAT(lint_finding_text(finding(1, 1), leniency, Paint::off, {}),
              HasSubstr("[zone.duplicate] allowed: told to"));
}
TEST(LintPrint, lines_of_a_text_and_of_no_file) {
  SourceLines lines;
  lines.put("x", "one\r\ntwo");
  EXPECT_EQ(lines.line({"x", 1, 1}), "one");
  EXPECT_EQ(lines.line({"x", 2, 1}), "two");
  EXPECT_EQ(lines.line({"x", 3, 1}), "");
  EXPECT_EQ(lines.line({"/nonexistent/zone", 1, 1}), "");
}

}  // namespace
}  // namespace waybill::cli
