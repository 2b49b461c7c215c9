#include "check/dkim/dkim.h"

#include "support/check_kit.h"
#include "support/dkim_keys.h"

namespace waybill {
namespace {
using check::Level;
using check::State;
using test::CheckWorld;
using test::verdict;
using testing::HasSubstr;
using testing::StartsWith;

/// As a zone file has it, in strings of 200 octets.
std::string txt(const std::string& text) {
  std::string out = "TXT";
  for (size_t at = 0; at < text.size(); at += 200) {
    std::string part = text.substr(at, 200);
    for (size_t mark = 0; (mark = part.find('"', mark)) != std::string::npos; mark += 2)
      part.insert(mark, "\\");
    out += " \"" + part + "\"";
  }
  return out;
}
CheckWorld world(const std::string& zone, std::vector<std::string> selectors = {"s1"}) {
  CheckWorld out(zone);
  out.subject().selectors = std::move(selectors);
  return out;
}
std::string of(const check::Check& check, const std::string& text) {
  return verdict(world("s1._domainkey " + txt(text)).run(check));
}

TEST(DkimSelectorMissing, absent_is_an_error_and_failed_is_unknown) {
  EXPECT_EQ(of(check::dkim::selector_missing, "v=DKIM1; p=x"), "fine");
  EXPECT_EQ(verdict(world("@ TXT x", {"s1"}).run(check::dkim::selector_missing)),
            "error s1._domainkey.example.org: the name does not exist (NXDOMAIN)");
  EXPECT_EQ(world("@ TXT x")
                .fails("s1._domainkey.example.org", dns::Type::txt)
                .run(check::dkim::selector_missing)
                .state,
            State::unknown);
  EXPECT_EQ(world("@ TXT x", {}).run(check::dkim::selector_missing).state, State::skipped);
}
TEST(DkimSelectorMissing, several_selectors_aliases_and_nonsense) {
  const auto ran = world(
                       "a._domainkey TXT \"v=DKIM1; p=x\"\nb._domainkey CNAME b.keys\nb.keys A "
                       "192.0.2.1\nc.d._domainkey TXT x",
                       {"a", "b", "c.d", "e..f"})
                       .run(check::dkim::selector_missing);
  EXPECT_EQ(verdict(ran),
            "error b._domainkey.example.org: it is an alias of b.keys.example.org, which has no TXT record\n"
            "error example.org: 'e..f' is no selector");
}

TEST(DkimSyntax, good_keys_are_fine_and_the_others_say_why) {
  EXPECT_EQ(of(check::dkim::syntax, "v=DKIM1; k=rsa; p=" + test::kDkimRsa2048), "fine");
  EXPECT_EQ(of(check::dkim::syntax, "v=DKIM1; k=ed25519; p=" + test::kDkimEd25519), "fine");
  EXPECT_THAT(of(check::dkim::syntax, "v=DKIM1; k=rsa; p=" + test::kDkimRsa2048.substr(0, 120)),
              HasSubstr("cut short"));
  EXPECT_THAT(of(check::dkim::syntax, "v=DKIM1; p="),
              StartsWith("warning s1._domainkey.example.org: p= is empty"));
  EXPECT_THAT(of(check::dkim::syntax, "v=DKIM1; t=y; p=" + test::kDkimRsa2048), StartsWith("notice"));
  EXPECT_THAT(
      verdict(world("s1._domainkey TXT \"v=DKIM1; p=\"\ns1._domainkey TXT other").run(check::dkim::syntax)),
      HasSubstr("2 TXT records"));
}
TEST(DkimSyntax, a_missing_key_is_told_once) {
  EXPECT_EQ(verdict(world("@ TXT x").run(check::dkim::syntax)),
            "skipped: none of the selectors has a key, which dkim.selector-missing reports");
  EXPECT_EQ(
      world("@ TXT x").fails("s1._domainkey.example.org", dns::Type::txt).run(check::dkim::syntax).state,
      State::unknown);
}

TEST(DkimShortKey, below_2048_a_warning_and_below_1024_an_error) {
  EXPECT_EQ(of(check::dkim::short_key, "v=DKIM1; p=" + test::kDkimRsa2048), "fine");
  EXPECT_EQ(of(check::dkim::short_key, "v=DKIM1; k=ed25519; p=" + test::kDkimEd25519), "fine");
  EXPECT_EQ(of(check::dkim::short_key, "v=DKIM1; p=" + test::kDkimRsa1024),
            "warning s1._domainkey.example.org: an RSA key of 1024 bits");
  EXPECT_EQ(of(check::dkim::short_key, "v=DKIM1; p=" + test::kDkimRsa512),
            "error s1._domainkey.example.org: an RSA key of 512 bits, which verifiers must not accept");
}

TEST(DkimPastedQuotes, the_marks_are_found_and_the_record_without_them_is_shown) {
  const std::string good = "v=DKIM1; k=rsa; p=" + test::kDkimRsa2048;
  const std::string pasted = good.substr(0, 240) + "\" \"" + good.substr(240);
  const auto ran = world("s1._domainkey " + txt(pasted)).run(check::dkim::pasted_quotes);
  EXPECT_THAT(verdict(ran),
              StartsWith("error s1._domainkey.example.org: a quotation mark at octet 241 of the text"));
  EXPECT_THAT(ran.findings.at(0).fix, StartsWith("s1._domainkey.example.org. TXT \"v=DKIM1; k=rsa; p="));
  EXPECT_EQ(of(check::dkim::syntax, pasted), "fine");  // told once
  EXPECT_EQ(of(check::dkim::pasted_quotes, good), "fine");
}
}  // namespace
}  // namespace waybill
