// For whose mail a loopback address is a host, and that the targeter asks.
#include "daemon/lab.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "daemon/targeter.h"
#include "support/mail_world.h"

namespace waybill::daemon {
namespace {
using test::domain;
namespace fs = std::filesystem;

std::vector<Endpoint> at(const char* text) { return {Endpoint::parse(text).value()}; }

class LabTest : public ::testing::Test {
 protected:
  LabTest() {
    std::string name = fs::temp_directory_path() / "waybill-lab-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~LabTest() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  static bool allows(const Lab& lab, std::string_view name) {
    return lab.reserved(domain(name)) == route::Reserved::allow;
  }
  fs::path folder_;
};

TEST_F(LabTest, everything_is_one_only_by_what_no_router_in_earnest_has) {
  EXPECT_FALSE(allows(Lab(), "a.example"));
  EXPECT_FALSE(allows(Lab(25, {}, {}), "a.example"));
  EXPECT_FALSE(allows(Lab(25, at("127.0.0.53:53"), {}), "a.example")) << "systemd-resolved, unbound";
  EXPECT_FALSE(allows(Lab(25, at("192.0.2.53:5300"), {}), "a.example"));
  EXPECT_TRUE(allows(Lab(25, at("127.0.0.1:5300"), {}), "a.example"));
  EXPECT_TRUE(allows(Lab(2525, {}, {}), "a.example"));
}

TEST_F(LabTest, an_overlay_zone_is_one_for_its_own_domains_alone) {
  const std::string zone = write("corp.zone", "$ORIGIN corp.example.\n@ MX 10 mx\nmx A 127.0.0.9\n");
  const Lab lab(25, {}, read_overlay({zone}));
  EXPECT_TRUE(allows(lab, "corp.example"));
  EXPECT_TRUE(allows(lab, "sales.corp.example"));
  EXPECT_FALSE(allows(lab, "example"));
  EXPECT_FALSE(allows(lab, "notcorp.example"));
  EXPECT_FALSE(allows(lab, "attacker.example"));
  EXPECT_FALSE(allows(lab, "[127.0.0.9]"));
  EXPECT_FALSE(allows(Lab(25, {}, read_overlay({folder_ / "none.zone"})), "corp.example"));
}

TEST_F(LabTest, an_overlay_of_the_root_is_one_of_everything) {
  const std::string zone =
      write("root.zone", "$ORIGIN .\n@ SOA a. b. 1 60 60 60 60\n@ NS a.\na. A 192.0.2.1\n");
  EXPECT_TRUE(allows(Lab(25, {}, read_overlay({zone})), "any.example"));
}

TEST_F(LabTest, other_records_in_a_zones_file_or_in_one_that_it_includes_are_another_overlay) {
  const std::string zone = write("a.zone", "$ORIGIN a.example.\n@ MX 10 mx\n$INCLUDE hosts.inc\n");
  write("hosts.inc", "mx A 192.0.2.1\n");
  const Overlay before = read_overlay({zone});
  EXPECT_EQ(read_overlay({zone}), before);
  write("a.zone", "; a comment\n$ORIGIN a.example.\n@  MX  10 mx\n$INCLUDE hosts.inc\n");
  EXPECT_EQ(read_overlay({zone}), before) << "the same records, written otherwise";
  write("hosts.inc", "mx A 192.0.2.2\n");
  EXPECT_NE(read_overlay({zone}), before);
  write("hosts.inc", "mx 60 A 192.0.2.1\n");
  EXPECT_NE(read_overlay({zone}), before) << "another TTL";
  write("hosts.inc", "mx A 192.0.2.1\nmx A 192.0.2.300\n");
  EXPECT_NE(read_overlay({zone}), before) << "a mistake, which the resolver is to see";
}

TEST_F(LabTest, the_targeter_refuses_a_stranger_on_loopback_though_a_zone_is_overlaid) {
  write("corp.zone", "$ORIGIN corp.example.\n@ MX 10 mx\nmx A 127.0.0.9\n");
  auto config = config::parse("hostname = \"mx1.example.org\"\n[dns]\nzones = [\"corp.zone\"]\n",
                              (folder_ / "waybill.toml").string());
  ASSERT_TRUE(config);
  // What the resolver says of both: that one answers from the overlay is resolve/'s part.
  test::MailWorld world;
  world.mx("corp.example", {{10, "mx.corp.example"}}).host("mx.corp.example", {"127.0.0.9"});
  world.mx("attacker.example", {{10, "mx.attacker.example"}}).host("mx.attacker.example", {"127.0.0.1"});
  world.mx("sly.example", {{10, "mx.corp.example"}});
  const auto decision = [&](const char* to) {
    net::Loop loop;
    const ManualClock clock{Time{}};
    Targeter targeter(loop, world, clock);
    targeter.configure(std::make_shared<const config::Config>(*config), {},
                       Lab(*config, read_overlay(config->dns.zones)), read_channels(*config), LocalMail{});
    deliver::TargetsPtr out;
    mail::Delivery delivery;
    delivery.domain = domain(to);
    targeter.targets(delivery, [&](deliver::TargetsPtr targets) {
      out = std::move(targets);
      loop.stop();
    });
    loop.run();
    return out->decision;
  };
  EXPECT_EQ(decision("corp.example"), deliver::TargetsDecision::deliver);
  EXPECT_EQ(decision("attacker.example"), deliver::TargetsDecision::bounce);
  EXPECT_EQ(decision("sly.example"), deliver::TargetsDecision::bounce) << "a stranger points into the zone";
}

}  // namespace
}  // namespace waybill::daemon
