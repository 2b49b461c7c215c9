#include "policy/spf_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace waybill::policy {
namespace {
using testing::HasSubstr;

SpfRecord read(const std::string& terms) { return parse_spf("v=spf1 " + terms); }
/// The first fault's words, or "".
std::string fault(const std::string& terms) {
  const SpfRecord record = read(terms);
  return record.faults.empty() ? "" : record.faults.front().what;
}

TEST(SpfRecord, every_term_is_read_with_its_place) {
  const std::string text = "v=spf1 a  mx:mail.example.org/24//64 -ip4:192.0.2.0/24 ~ALL";
  const SpfRecord record = parse_spf(text);
  ASSERT_TRUE(record.faults.empty());
  ASSERT_EQ(record.terms.size(), 4U);
  for (const SpfTerm& term : record.terms) EXPECT_EQ(text.substr(term.place.at, term.place.size), term.text);
  EXPECT_EQ(record.terms[1].bits_v4, 24);
  EXPECT_EQ(record.terms[1].bits_v6, 64);
  EXPECT_EQ(record.terms[2].qualifier, SpfQualifier::fail);
  EXPECT_EQ(record.terms[3].kind, SpfKind::all);
  EXPECT_EQ(record.terms[3].qualifier, SpfQualifier::softfail);
}

TEST(SpfRecord, what_the_grammar_allows) {
  for (const char* terms : {"",
                            "a/0",
                            "a//0",
                            "a/32//128",
                            "a:foo:bar.example.org",
                            "a:b=c.example.org",
                            "ptr",
                            "ptr:example.org",
                            "exists:%{i}._spf.%{d2}",
                            "include:%{d}",
                            "redirect=_spf.example.org",
                            "exp=%{d}.why.example.org",
                            "moo=1%{s}2",
                            "x-y_z.1=",
                            "ip4:192.0.2.1/0",
                            "ip6:::1/128",
                            "ip6:2001:db8::/32",
                            "a:example.org.",
                            "exists:%{L1R+-/}.example.org",
                            "a:%%-%_-%-.example.org",
                            "-all redirect=a.example.org",
                            "a:xn--bcher-kva.xn--p1ai",
                            "mx/24",
                            "ip6:::ffff:192.0.2.1"}) {
    EXPECT_EQ(fault(terms), "") << terms;
  }
}

TEST(SpfRecord, what_it_does_not) {
  for (const char* terms : {"foo",
                            "a:",
                            "a/33",
                            "a//129",
                            "a/08",
                            "a/",
                            "a/-1",
                            "a/24/64",
                            "all:example.org",
                            "all/8",
                            "include",
                            "include:",
                            "include/24",
                            "exists",
                            "ip4",
                            "ip4:",
                            "ip4:192.0.2.1/33",
                            "ip4:192.0.2",
                            "ip4:192.0.2.01",
                            "ip6:192.0.2.1",
                            "ip6:2001:db8::/129",
                            "a:example",
                            "a:192.0.2.1",
                            "a:example.org:8080",
                            "a:example.-x",
                            "a:foo..example.org",
                            "a:%{x}.example.org",
                            "a:%{d",
                            "a:%{d0}.example.org",
                            "a:%d.example.org",
                            "a:%",
                            "a:%{c}.example.org",
                            "include:example.org,",
                            "-redirect=example.org",
                            "redirect=",
                            "redirect=x.y redirect=x.y",
                            "exp=a.b exp=a.b",
                            "a\tmx",
                            "a:b\xc3\xa4.example.org",
                            "-",
                            "=x",
                            "moo=%{",
                            "mx%20",
                            "2=x"}) {
    EXPECT_NE(fault(terms), "") << terms;
  }
}

TEST(SpfRecord, all_faults_are_found_and_their_places_lie_in_the_text) {
  const std::string text = "v=spf1 ipv4:192.0.2.1 a ip4:2001:db8::1 includ:example.org -all";
  const SpfRecord record = parse_spf(text);
  ASSERT_EQ(record.faults.size(), 3U);
  EXPECT_EQ(record.terms.size(), 2U);
  EXPECT_EQ(record.faults[0].what, "there is no mechanism 'ipv4'; 'ip4' is one");
  EXPECT_EQ(record.faults[1].kind, SpfFaultKind::ipv6_in_ip4);
  EXPECT_EQ(text.substr(record.faults[1].place.at, record.faults[1].place.size), "2001:db8::1");
  EXPECT_THAT(record.faults[2].what, HasSubstr("'include' is one"));
}

TEST(SpfRecord, faults_and_names_are_bounded) {
  std::string text = "v=spf1";
  for (int i = 0; i < 20'000; ++i) text += " x";
  EXPECT_EQ(parse_spf(text).faults.size(), 20U);
  EXPECT_NE(fault("a:" + std::string(64, 'a') + ".example.org"), "");
}

// RFC 7208 4.5: the version ends at a blank or at the end; 3.3: strings are joined without one.
TEST(SpfTexts, only_those_with_the_exact_version) {
  dns::Answer answer{.kind = dns::Kind::present};
  const auto put = [&](std::vector<std::string> strings) {
    answer.records.push_back({{}, dns::Type::txt, 300, dns::Txt{std::move(strings)}});
  };
  put({"v=spf1"});
  put({"V=SPF1 a", " -all"});
  put({"v=spf10 a"});
  put({"v=spf1;a"});
  put({"\"v=spf1 a\""});
  put({"google-site-verification=x"});
  const SpfTexts texts = spf_texts(answer);
  EXPECT_THAT(texts.texts, testing::ElementsAre("v=spf1", "V=SPF1 a -all"));
  EXPECT_EQ(texts.nearly.size(), 3U);
}

// The examples of RFC 7208 7.4.
TEST(SpfMacro, the_examples_of_the_rfc) {
  SpfMacroValues values{.local = "strong-bad",
                        .sender_domain = "email.example.com",
                        .domain = "email.example.com",
                        .ip = IpAddress::parse("192.0.2.3").value(),
                        .validated = "unknown",
                        .helo = "mail.example.com"};
  const auto expand = [&](const char* text) {
    return expand_macros(parse_macro_string(text).value(), values);
  };
  const std::pair<const char*, const char*> examples[] = {
      {"%{s}", "strong-bad@email.example.com"},
      {"%{o}", "email.example.com"},
      {"%{d4}", "email.example.com"},
      {"%{d3}", "email.example.com"},
      {"%{d2}", "example.com"},
      {"%{d1}", "com"},
      {"%{dr}", "com.example.email"},
      {"%{d2r}", "example.email"},
      {"%{l}", "strong-bad"},
      {"%{l-}", "strong.bad"},
      {"%{lr}", "strong-bad"},
      {"%{lr-}", "bad.strong"},
      {"%{l1r-}", "strong"},
      {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
      {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
      {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
      {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
      {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
      {"%{S}", "strong-bad%40email.example.com"},
      {"%%%_%-", "% %20"}};
  for (const auto& [text, wanted] : examples) EXPECT_EQ(expand(text), wanted) << text;
  values.ip = IpAddress::parse("2001:db8::cb01").value();
  EXPECT_EQ(expand("%{ir}.%{v}._spf.%{d2}"),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
}

// RFC 7208 7.3: too long a name loses labels at its left.
TEST(SpfMacro, an_expansion_is_cut_at_a_dot_and_never_grows_without_bound) {
  SpfMacroString text;
  for (int i = 0; i < 5000; ++i) text.parts.push_back({.letter = 'l'});
  text.parts.push_back({.literal = ".example.org"});
  std::string local;
  for (int i = 0; i < 30; ++i) local += "label.";
  local += "last";
  const std::string expanded = expand_macros(text, {.local = local});
  EXPECT_LT(expanded.size(), 9000U);
  const auto name = name_of_expansion(expanded);
  ASSERT_TRUE(name);
  EXPECT_TRUE(name->is_within(dns::Name::parse("label.last.example.org").value()));
  EXPECT_LE(name->to_string().size(), 253U);
  EXPECT_FALSE(name_of_expansion("a..b"));
  EXPECT_FALSE(name_of_expansion(std::string(64, 'a') + ".b"));
  EXPECT_FALSE(name_of_expansion(std::string(300, 'a')));
  EXPECT_FALSE(name_of_expansion(""));
  EXPECT_EQ(name_of_expansion("a\\.b")->labels(), 2U);  // a backslash escapes nothing here
}
}  // namespace
}  // namespace waybill::policy
