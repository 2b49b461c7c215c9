#include "check/transport/transport.h"

#include "check/probes.h"
#include "check/redundancy/redundancy.h"
#include "support/check_kit.h"

namespace waybill {
namespace {
using check::Level;
using check::PolicySaid;
using check::ProbeSaid;
using check::State;
using test::CheckWorld;
using test::verdict;
using testing::HasSubstr;
using testing::StartsWith;
namespace transport = check::transport;

dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

constexpr auto kMx = "@ MX 10 mx1\nmx1 A 198.51.100.1\n";
const std::string kAnnounced = std::string(kMx) + "_mta-sts TXT \"v=STSv1; id=7\"\n";

PolicySaid policy_of(const std::string& more) {
  return {.http_status = 200, .content_type = "text/plain", .body = "version: STSv1\n" + more};
}
/// A domain with a record and this policy.
CheckWorld announced(PolicySaid said, const std::string& zone = kAnnounced) {
  CheckWorld world(zone);
  world.subject().fetch_policy = true;
  world.says(check::AskPolicy{name("example.org")}, std::move(said));
  return world;
}

TEST(StsNone, only_a_domain_that_takes_mail_needs_one) {
  EXPECT_EQ(verdict(CheckWorld(kAnnounced).run(transport::sts_none)), "fine");
  EXPECT_THAT(verdict(CheckWorld(kMx).run(transport::sts_none)),
              StartsWith("notice example.org: no MTA-STS policy is announced"));
  EXPECT_EQ(verdict(CheckWorld("@ MX 0 .").run(transport::sts_none)),
            "skipped: example.org takes no mail (null MX)");
  EXPECT_EQ(CheckWorld(kMx).fails("_mta-sts.example.org", dns::Type::txt).run(transport::sts_none).state,
            State::unknown);
}
TEST(StsRecordCheck, rfc_105_several_or_malformed_is_an_error_and_none_is_left_out) {
  EXPECT_EQ(verdict(CheckWorld(kAnnounced).run(transport::sts_record)), "fine");
  EXPECT_EQ(verdict(CheckWorld(kMx).run(transport::sts_record)),
            "skipped: _mta-sts.example.org has no MTA-STS record");
  EXPECT_EQ(
      verdict(CheckWorld(kAnnounced + "_mta-sts TXT \"v=STSv1; id=8\"").run(transport::sts_record)),
      "error _mta-sts.example.org: 2 records begin with v=STSv1: senders then behave as if there were none");
  EXPECT_EQ(verdict(CheckWorld("_mta-sts TXT \"v=STSv1; id=2026-11-21\"").run(transport::sts_record)),
            "error _mta-sts.example.org: the MTA-STS record is malformed: the id '2026-11-21' is not 1 to 32 "
            "letters "
            "and digits");
}
TEST(StsPolicyUnreachable, what_senders_would_not_take_is_an_error) {
  const auto run = [](PolicySaid said) {
    return announced(std::move(said)).run(transport::sts_policy_unreachable);
  };
  const std::string url = "https://mta-sts.example.org/.well-known/mta-sts.txt";
  EXPECT_EQ(verdict(run(policy_of("mode: enforce\nmx: mx1.example.org\nmax_age: 604800\n"))), "fine");
  EXPECT_EQ(verdict(run({.http_status = 404, .why = "HTTP status 404"})),
            "error " + url + ": the policy can't be fetched: HTTP status 404");
  EXPECT_EQ(verdict(run(policy_of("mode: enforce\nmx: mx1.example.org\n"))),
            "error " + url + ": the policy can't be read: the policy lacks its max_age");
  const auto unknown = run({.why = "A of mta-sts.example.org: failed: SERVFAIL", .unknown = true});
  EXPECT_EQ(unknown.state, State::unknown);
  EXPECT_THAT(verdict(unknown), HasSubstr("SERVFAIL"));
  CheckWorld none(kMx);
  none.subject().fetch_policy = true;
  EXPECT_EQ(verdict(none.run(transport::sts_policy_unreachable)),
            "skipped: example.org announces no MTA-STS policy");
  EXPECT_EQ(verdict(CheckWorld(kAnnounced).run(transport::sts_policy_unreachable)),
            "skipped: the policy is not fetched here");
}
TEST(StsContentType, only_plain_text_will_do) {
  const auto run = [](const std::string& type) {
    PolicySaid said = policy_of("");
    said.content_type = type;
    return verdict(announced(std::move(said)).run(transport::sts_content_type));
  };
  EXPECT_EQ(run("text/plain"), "fine");
  EXPECT_EQ(run("Text/Plain ; charset=utf-8"), "fine");
  EXPECT_THAT(run("text/html"), HasSubstr("warning"));
  EXPECT_THAT(run("text/plainer"), HasSubstr("the policy comes as text/plainer"));
  EXPECT_THAT(run(""), HasSubstr("without a content type"));
  EXPECT_THAT(
      verdict(announced({.http_status = 404, .why = "HTTP status 404"}).run(transport::sts_content_type)),
      StartsWith("skipped: there is no policy"));
}
TEST(StsShortMaxAge, a_day_is_too_short) {
  const auto run = [](const std::string& mode, int age) {
    return verdict(announced(policy_of(fmt::format("mode: {}\nmx: mx1.example.org\nmax_age: {}", mode, age)))
                       .run(transport::sts_short_max_age));
  };
  EXPECT_EQ(run("enforce", 86401), "fine");
  EXPECT_THAT(run("testing", 86400), HasSubstr("warning example.org: the policy's max_age is 86400 seconds"));
  EXPECT_EQ(run("none", 60), "skipped: the policy's mode is none");
}
TEST(StsMxNotListed, rfc_107_every_mx_must_be_listed_and_a_wildcard_lists_one_label) {
  const std::string zone = kAnnounced + "@ MX 20 a.b\na.b A 198.51.100.2\n";
  const auto run = [&](const std::string& policy) {
    return announced(policy_of(policy + "max_age: 604800"), zone).run(transport::sts_mx_not_listed);
  };
  EXPECT_EQ(verdict(run("mode: enforce\nmx: mx1.example.org\nmx: *.b.example.org\n")), "fine");
  const auto missing = run("mode: enforce\nmx: *.example.org\n");
  EXPECT_EQ(
      verdict(missing),
      "error a.b.example.org: the policy does not list it: senders that know MTA-STS don't deliver to it");
  EXPECT_EQ(missing.findings.at(0).fix, "mx: a.b.example.org   in the policy, and a new id in the record");
  EXPECT_EQ(run("mode: testing\nmx: *.example.org\n").findings.at(0).level, Level::warning);
  EXPECT_EQ(run("mode: none\n").state, State::skipped);
}
TEST(StsListsNoMx, what_is_listed_and_no_mx_is_a_warning) {
  const auto run = [](const std::string& policy) {
    return verdict(
        announced(policy_of(policy + "mode: enforce\nmax_age: 604800")).run(transport::sts_lists_no_mx));
  };
  EXPECT_EQ(run("mx: *.example.org\nmx: mx1.example.org\n"), "fine");
  EXPECT_EQ(run("mx: mx1.example.org\nmx: old.example.net\n"),
            "warning old.example.net: the policy lists it, and it is no MX of the domain");
}
TEST(Tlsrpt, none_is_a_notice_and_a_broken_one_an_error) {
  const std::string good = std::string(kMx) + "_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:a@example.org\"\n";
  EXPECT_EQ(verdict(CheckWorld(good).run(transport::tlsrpt_none)), "fine");
  EXPECT_EQ(verdict(CheckWorld(good).run(transport::tlsrpt_syntax)), "fine");
  EXPECT_THAT(verdict(CheckWorld(kMx).run(transport::tlsrpt_none)),
              StartsWith("notice example.org: no reports"));
  EXPECT_EQ(verdict(CheckWorld(kMx).run(transport::tlsrpt_syntax)),
            "skipped: _smtp._tls.example.org has no TLSRPT record");
  EXPECT_EQ(verdict(CheckWorld("_smtp._tls TXT \"v=TLSRPTv1\"").run(transport::tlsrpt_syntax)),
            "error _smtp._tls.example.org: the TLSRPT record is malformed: it has no rua");
  EXPECT_EQ(verdict(CheckWorld("@ MX 0 .").run(transport::tlsrpt_none)),
            "skipped: example.org takes no mail (null MX)");
}

// ---- DANE ------------------------------------------------------------------------------------------------

const std::string kKey(32, 'k');
constexpr auto kKeyHex = "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b";
const std::string kTlsa = fmt::format("_25._tcp.mx1 TLSA 3 1 1 {}\n", kKeyHex);

dns::Answer tlsa_answer(bool secure) {
  const dns::Name owner = name("_25._tcp.mx1.example.org");
  return {.kind = dns::Kind::present,
          .records = {{owner, dns::Type::tlsa, 300, dns::Tlsa{3, 1, 1, kKey}}},
          .canonical = owner,
          .secure = secure};
}
dns::Answer root_ns(bool secure) {
  return {.kind = dns::Kind::present, .canonical = dns::Name{}, .secure = secure};
}

TEST(DaneUnsignedZone, rfc_096_records_that_dnssec_does_not_prove_are_a_warning) {
  const dns::Question tlsa{name("_25._tcp.mx1.example.org"), dns::Type::tlsa};
  const dns::Question root{dns::Name{}, dns::Type::ns};
  const auto run = [&](bool secure, bool validates) {
    return verdict(CheckWorld(kMx)
                       .says(tlsa, tlsa_answer(secure))
                       .says(root, root_ns(validates))
                       .run(transport::dane_unsigned_zone));
  };
  EXPECT_EQ(run(true, true), "fine");
  EXPECT_THAT(run(false, true),
              StartsWith("warning _25._tcp.mx1.example.org: there are TLSA records in a zone"));
  EXPECT_EQ(run(false, false), "skipped: DNSSEC is not validated here");
  // A zone file can't tell whether it is signed.
  EXPECT_EQ(verdict(CheckWorld(kMx + kTlsa).says(root, root_ns(true)).run(transport::dane_unsigned_zone)),
            "skipped: there are no TLSA records in the DNS");
  EXPECT_EQ(CheckWorld(kMx)
                .says(root, root_ns(true))
                .fails("_25._tcp.mx1.example.org", dns::Type::tlsa, dns::Kind::bogus)
                .run(transport::dane_unsigned_zone)
                .state,
            State::unknown);
}
TEST(DaneUnusable, rfc_100_usages_and_fields_that_mail_cannot_use) {
  EXPECT_EQ(verdict(CheckWorld(kMx + kTlsa).run(transport::dane_unusable)), "fine");
  EXPECT_EQ(verdict(CheckWorld(kMx).run(transport::dane_unusable)), "skipped: there are no TLSA records");
  const auto beside = CheckWorld(kMx + kTlsa + fmt::format("_25._tcp.mx1 TLSA 1 1 1 {}\n", kKeyHex))
                          .run(transport::dane_unusable);
  EXPECT_EQ(verdict(beside),
            "warning _25._tcp.mx1.example.org: TLSA 1 1 1 is of no use to mail: usage 1 (PKIX) is not for "
            "SMTP: there "
            "are no common roots");
  EXPECT_EQ(beside.findings.at(0).ref, "RFC 7672 3.1.3");
  EXPECT_EQ(beside.findings.at(0).about->owner, name("_25._tcp.mx1.example.org"));
  EXPECT_THAT(
      verdict(CheckWorld(std::string(kMx) + "_25._tcp.mx1 TLSA 3 1 1 6b6b\n").run(transport::dane_unusable)),
      HasSubstr("nor is any other, so that senders take any certificate"));
}

/// What a server said that does TLS with the key of kTlsa and a good certificate.
ProbeSaid good() {
  ProbeSaid out;
  out.reach = ProbeSaid::Reach::answered;
  out.banner_code = 220;
  out.tls = ProbeSaid::Tls::done;
  out.chain.push_back({.spki_sha256 = kKey});
  out.chain_trusted = true;
  out.name_matches = true;
  out.unknown_recipient = ProbeSaid::Unknown::refused;
  return out;
}
ProbeSaid with(void (*change)(ProbeSaid&)) {
  ProbeSaid out = good();
  change(out);
  return out;
}
const auto kOtherKey = [](ProbeSaid& said) { said.chain[0].spki_sha256 = std::string(32, 'o'); };
const auto kNoTls = [](ProbeSaid& said) {
  said.tls = ProbeSaid::Tls::not_offered;
  said.chain.clear();
};
const auto kNobodyThere = [](ProbeSaid& said) {
  said = {};
  said.reach = ProbeSaid::Reach::refused;
  said.why = "connection refused";
};
const auto kUntrusted = [](ProbeSaid& said) {
  said.chain_trusted = false;
  said.certificate_why = "self-signed certificate";
};
const auto kTakesAll = [](ProbeSaid& said) { said.unknown_recipient = ProbeSaid::Unknown::accepted; };

/// What each host of the domain says, by name and address.
struct Host {
  std::string host;
  std::string ip;
  ProbeSaid said;
};
CheckWorld probed(const std::string& zone, const std::vector<Host>& hosts) {
  CheckWorld world(zone);
  world.subject().probe = true;
  world.subject().lab = true;
  for (const Host& each : hosts) {
    world.says(check::probe_of(world.subject(), name(each.host), IpAddress::parse(each.ip).value()),
               each.said);
  }
  return world;
}
/// Of the one host of kMx.
CheckWorld probed(const std::string& zone, ProbeSaid said) {
  return probed(zone, {{"mx1.example.org", "198.51.100.1", std::move(said)}});
}

check::Ran run_no_match(ProbeSaid said) {
  return probed(kMx + kTlsa, std::move(said)).run(transport::dane_no_match);
}
TEST(DaneNoMatch, rfc_101_the_key_must_match_and_nothing_else_needs_to) {
  EXPECT_EQ(verdict(run_no_match(good())), "fine");
  EXPECT_EQ(verdict(run_no_match(with(kUntrusted))), "fine");
}
TEST(DaneNoMatch, rfc_099_a_mismatch_or_no_starttls_is_an_error) {
  const auto other = run_no_match(with(kOtherKey));
  EXPECT_THAT(verdict(other),
              StartsWith("error mx1.example.org (198.51.100.1): its certificate matches none of the 1 "
                         "TLSA records of _25._tcp.mx1.example.org"));
  EXPECT_THAT(other.findings.at(0).fix, StartsWith("_25._tcp.mx1.example.org. TLSA 3 1 1 6f6f6f"));
  EXPECT_THAT(verdict(run_no_match(with(kNoTls))), HasSubstr("it does not offer STARTTLS"));
  EXPECT_EQ(run_no_match(with(kNobodyThere)).state, State::unknown);
}
TEST(DaneNoMatch, no_dane_is_left_out_and_a_failed_answer_is_unknown) {
  EXPECT_EQ(verdict(probed(kMx, good()).run(transport::dane_no_match)),
            "skipped: no host has TLSA records that mail can use");
  // In the DNS unsigned records are none.
  const dns::Question tlsa{name("_25._tcp.mx1.example.org"), dns::Type::tlsa};
  EXPECT_EQ(probed(kMx, with(kOtherKey)).says(tlsa, tlsa_answer(false)).run(transport::dane_no_match).state,
            State::skipped);
  EXPECT_EQ(probed(kMx, with(kOtherKey))
                .says(tlsa, tlsa_answer(true))
                .secure("example.org")
                .run(transport::dane_no_match)
                .state,
            State::findings);
  const auto bogus = probed(kMx, good())
                         .secure("example.org")
                         .fails("_25._tcp.mx1.example.org", dns::Type::tlsa, dns::Kind::bogus)
                         .run(transport::dane_no_match);
  EXPECT_EQ(bogus.state, State::unknown);
}
TEST(DaneNoMatch, rfc_104_in_a_rollover_one_of_two_is_enough) {
  const std::string next = "_25._tcp.mx1 TLSA 3 1 1 " + std::string(64, 'e') + "\n";
  EXPECT_EQ(verdict(probed(kMx + kTlsa + next, good()).run(transport::dane_no_match)), "fine");
}
TEST(DaneNoMatch, rfc_102_usage_2_takes_the_name_of_the_host_or_of_the_domain) {
  const std::string zone = std::string(kMx) + "_25._tcp.mx1 TLSA 2 0 1 " + std::string(64, '7') + "\n";
  const auto run = [&](const std::string& certificate_name) {
    ProbeSaid said = good();
    said.chain[0].names = {certificate_name};
    said.chain.push_back({.der_sha256 = std::string(32, '\x77'), .anchors = true});
    return probed(zone, std::move(said)).run(transport::dane_no_match).state;
  };
  EXPECT_EQ(run("mx1.example.org"), State::fine);
  EXPECT_EQ(run("example.org"), State::fine);
  EXPECT_EQ(run("mx2.example.org"), State::findings);
}
TEST(DaneNoMatch, rfc_103_the_name_for_sni_is_that_of_the_records) {
  const std::string zone =
      fmt::format("@ MX 10 mx1\nmx1 CNAME real\nreal A 198.51.100.1\n_25._tcp.real TLSA 3 1 1 {}\n", kKeyHex);
  EXPECT_EQ(verdict(probed(zone, {{"mx1.example.org", "198.51.100.1", with(kOtherKey)},
                                  {"real.example.org", "198.51.100.1", good()}})
                        .secure("example.org")
                        .run(transport::dane_no_match)),
            "fine");
}
TEST(TlsNoStarttls, each_way_to_have_none) {
  const auto run = [](ProbeSaid said) {
    return verdict(probed(kMx, std::move(said)).run(transport::tls_no_starttls));
  };
  EXPECT_EQ(run(good()), "fine");
  EXPECT_EQ(run(with(kNoTls)),
            "error mx1.example.org (198.51.100.1): it does not offer STARTTLS: mail to it travels in clear");
  EXPECT_EQ(run(with([](ProbeSaid& said) {
              said.tls = ProbeSaid::Tls::failed;
              said.why = "TLS handshake: no shared cipher";
            })),
            "error mx1.example.org (198.51.100.1): it offers STARTTLS, but: TLS handshake: no shared cipher");
  EXPECT_EQ(run(with(kNobodyThere)), "unknown mx1.example.org (198.51.100.1): connection refused");
  EXPECT_EQ(verdict(CheckWorld(kMx).run(transport::tls_no_starttls)), "skipped: only with --probe");
}
TEST(Probes, addresses_that_are_nobodys_host_are_not_connected_to) {
  CheckWorld world("@ MX 10 mx1\nmx1 A 127.0.0.1\nmx1 A 10.0.0.1\n");
  world.subject().probe = true;
  EXPECT_EQ(verdict(world.run(transport::tls_no_starttls)), "skipped: there is no address to connect to");
}
TEST(TlsCertificate, neither_trust_nor_name_may_lack_unless_dane_vouches) {
  const auto run = [](const std::string& zone, ProbeSaid said) {
    return verdict(probed(zone, std::move(said)).run(transport::tls_certificate));
  };
  EXPECT_EQ(run(kMx, good()), "fine");
  EXPECT_EQ(
      run(kMx, with(kUntrusted)),
      "warning mx1.example.org (198.51.100.1): its certificate is not trusted: self-signed certificate");
  EXPECT_EQ(
      run(kMx, with([](ProbeSaid& said) {
            said.name_matches = false;
            said.certificate_why = "it names a.example.net";
          })),
      "warning mx1.example.org (198.51.100.1): its certificate is for other names: it names a.example.net");
  EXPECT_EQ(run(kMx + kTlsa, with(kUntrusted)), "fine");
  EXPECT_EQ(run(kMx, with(kNoTls)), "skipped: no host does TLS");
}
TEST(DaneContradictsSts, a_host_that_dane_protects_must_be_listed_and_right_by_both) {
  const auto run = [](const std::string& mx, const std::string& mode, ProbeSaid said) {
    CheckWorld world = probed(kAnnounced + kTlsa, std::move(said));
    world.subject().fetch_policy = true;
    world.says(check::AskPolicy{name("example.org")},
               policy_of(fmt::format("mode: {}\nmx: {}\nmax_age: 604800", mode, mx)));
    return verdict(world.run(transport::dane_contradicts_sts));
  };
  EXPECT_EQ(run("mx1.example.org", "enforce", good()), "fine");
  EXPECT_EQ(run("mx2.example.org", "enforce", good()),
            "error mx1.example.org: its TLSA records say to deliver to it, the MTA-STS policy not to");
  EXPECT_EQ(run("mx2.example.org", "testing", good()), "skipped: the policy is not enforced");
  EXPECT_THAT(run("mx1.example.org", "enforce", with(kUntrusted)),
              HasSubstr("right by DANE and wrong by MTA-STS"));
  EXPECT_THAT(run("mx1.example.org", "enforce", with(kOtherKey)),
              HasSubstr("right by MTA-STS, and matches none"));
  EXPECT_EQ(run("mx1.example.org", "enforce", with(kNobodyThere)), "fine") << "tls.no-starttls says so";
}

// ---- redundancy ------------------------------------------------------------------------------------------

constexpr auto kTwo = "@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 198.51.100.1\nmx2 A 198.51.100.2\n";

TEST(WeakerBackup, what_the_primary_does_the_backup_must_do_too) {
  const auto run = [](ProbeSaid first, ProbeSaid second) {
    return verdict(probed(kTwo, {{"mx1.example.org", "198.51.100.1", std::move(first)},
                                 {"mx2.example.org", "198.51.100.2", std::move(second)}})
                       .run(check::redundancy::weaker_backup));
  };
  EXPECT_EQ(run(good(), good()), "fine");
  EXPECT_EQ(run(good(), with(kTakesAll)),
            "warning mx2.example.org (198.51.100.2): this backup (preference 20) takes mail for recipients "
            "whom the "
            "primary refuses: it will bounce to forged senders");
  EXPECT_EQ(run(with(kTakesAll), with(kTakesAll)), "fine");
  EXPECT_EQ(run(with(kTakesAll), good()), "fine") << "a stricter backup does no harm";
  EXPECT_THAT(run(good(), with(kNoTls)), HasSubstr("takes mail without TLS, the primary with it"));
  EXPECT_THAT(run(good(), with(kUntrusted)), HasSubstr("shows a worse certificate"));
  EXPECT_EQ(run(with(kUntrusted), with(kUntrusted)), "fine");
  EXPECT_THAT(run(with(kNobodyThere), good()), StartsWith("unknown"));
  EXPECT_THAT(run(good(), with(kNobodyThere)), StartsWith("unknown mx2.example.org"));
  EXPECT_EQ(verdict(probed(kMx, good()).run(check::redundancy::weaker_backup)),
            "skipped: there is no backup");
}
}  // namespace
}  // namespace waybill
