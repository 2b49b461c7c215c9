#include "resolve/overlay_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "resolve/stack.h"
#include "support/dns_lab.h"

namespace waybill::resolve {
namespace {

using dns::Answer;
using dns::Kind;
using dns::Source;
using dns::Type;
using test::ask;
using test::name;

struct Overlay : testing::Test {
  Overlay() {
    const auto file = dns::read_zone_text(
        "$TTL 60\nlab.test. SOA . . 1 1 1 1 30\nlab.test. MX 10 mx.lab.test.\nmx.lab.test. A 192.0.2.1\n"
        "out.lab.test. CNAME far.example.\nloop.lab.test. CNAME loop.lab.test.\nchild.lab.test. NS "
        "ns.far.example.\n",
        "lab.zone");
    dns::ZoneSet zones;
    for (const auto& zone : dns::zones_of(file)) zones.add(zone);
    auto inner = std::make_unique<dns::FixedResolver>();
    fixed = inner.get();
    fixed->put({name("far.example"), Type::a},
               {.kind = Kind::present,
                .records = {{name("far.example"), Type::a, 10, IpAddress::v4(7)}},
                .canonical = name("far.example"),
                .secure = true,
                .ttl_s = 10});
    overlay = std::make_unique<OverlayResolver>(std::move(zones), std::move(inner));
  }
  dns::FixedResolver* fixed;
  std::unique_ptr<OverlayResolver> overlay;
};

TEST_F(Overlay, answers_from_the_file) {
  const Answer answer = ask(*overlay, "lab.test", Type::mx);
  EXPECT_EQ(answer.kind, Kind::present);
  EXPECT_EQ(answer.source, Source::overlay);
  EXPECT_EQ(answer.ttl_s, 60U);
  EXPECT_EQ(ask(*overlay, "mx.lab.test", Type::aaaa).kind, Kind::nodata);
  const Answer absent = ask(*overlay, "no.lab.test", Type::a);
  EXPECT_EQ(absent.kind, Kind::nxdomain);
  EXPECT_EQ(absent.ttl_s, 30U);
  EXPECT_TRUE(fixed->asked().empty());
}

TEST_F(Overlay, passes_everything_else_on) {
  EXPECT_EQ(ask(*overlay, "far.example", Type::a).source, Source::network);
  (void)ask(*overlay, "www.child.lab.test", Type::a);
  EXPECT_EQ(fixed->asked().size(), 2U) << "a delegated child is not in the file";
}

TEST_F(Overlay, follows_aliases_that_leave) {
  const Answer answer = ask(*overlay, "out.lab.test", Type::a);
  EXPECT_EQ(answer.kind, Kind::present);
  EXPECT_THAT(answer.chain, testing::ElementsAre(name("out.lab.test")));
  EXPECT_EQ(answer.canonical, name("far.example"));
  EXPECT_EQ(answer.ttl_s, 10U);
  EXPECT_FALSE(answer.secure);
}

TEST_F(Overlay, rfc_017_loops_are_told) {
  const Answer answer = ask(*overlay, "loop.lab.test", Type::mx);
  EXPECT_EQ(answer.kind, Kind::failed);
  EXPECT_TRUE(answer.loop);
}

TEST(Stack, files_over_cache_over_the_network) {
  const test::DnsLab lab("$TTL 60\nreal.test. SOA . . 1 1 1 1 30\nreal.test. MX 10 mx.real.test.\n");
  const std::string path = testing::TempDir() + fmt::format("/overlay-{}.zone", getpid());
  std::ofstream(path) << "$ORIGIN proposed.test.\n@ MX 5 mx\nmx A 192.0.2.5\nold CNAME real.test.\n";
  const SystemClock clock;
  auto stack =
      make_stack({.mode = Mode::forward, .servers = {lab.at()}, .dnssec = false, .zones = {path}}, clock);
  std::filesystem::remove(path);
  ASSERT_TRUE(stack.has_value()) << stack.error().what;
  EXPECT_EQ(ask(**stack, "proposed.test", Type::mx).source, Source::overlay);
  EXPECT_EQ(ask(**stack, "real.test", Type::mx).source, Source::network);
  EXPECT_EQ(ask(**stack, "real.test", Type::mx).source, Source::cache);
  EXPECT_EQ(ask(**stack, "old.proposed.test", Type::mx).kind, Kind::present);
  EXPECT_EQ((*stack)->cache().list().size(), 1U);
  EXPECT_FALSE((*stack)->notices().empty()) << "no SOA";
}

TEST(Stack, a_bad_zone_file_is_an_error_with_its_place) {
  const std::string path = testing::TempDir() + fmt::format("/bad-{}.zone", getpid());
  std::ofstream(path) << "@ MX 70000 mx\n";
  const auto stack = make_stack({.zones = {path}}, SystemClock());
  std::filesystem::remove(path);
  ASSERT_FALSE(stack.has_value());
  EXPECT_THAT(stack.error().what, testing::HasSubstr(":1:6: the preference"));
}

}  // namespace
}  // namespace waybill::resolve
