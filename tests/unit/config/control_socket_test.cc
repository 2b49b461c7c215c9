// A running daemon must be found by a file that is being edited: that is when it is asked.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/config.h"

namespace waybill::config {
namespace {
class ControlSocketOf : public testing::Test {
 protected:
  ControlSocketOf() { std::filesystem::create_directories(folder_); }
  ~ControlSocketOf() override { std::filesystem::remove_all(folder_); }

  std::string of(const std::string& text) const {
    std::ofstream(folder_ / "waybill.toml") << text;
    return control_socket_of(folder_ / "waybill.toml").value_or("none");
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ControlSocketOf, a_sound_file) {
  EXPECT_EQ(of("data_dir = \"/srv/w\"\n"), "/srv/w/control.sock");
  EXPECT_EQ(of("data_dir = \"/srv/w\"\n[control]\nsocket = \"/run/w.sock\"\n"), "/run/w.sock");
  EXPECT_EQ(of(""), "/var/lib/waybill/control.sock");
}

TEST_F(ControlSocketOf, unknown_keys_and_bad_values_do_not_hide_it) {
  EXPECT_EQ(of("data_dir = \"/srv/w\"\nthreads = \"many\"\n[relay2]\nx = 1\n"), "/srv/w/control.sock");
  EXPECT_EQ(of("bogus = 1\n[control]\nsocket = \"/run/w.sock\"\n"), "/run/w.sock");
  EXPECT_EQ(of("data_dir = \"spool\"\nbogus = 1\n"), (folder_ / "spool/control.sock").string());
}

TEST_F(ControlSocketOf, broken_grammar_counts_up_to_the_fault) {
  EXPECT_EQ(of("data_dir = \"/srv/w\"\n[domain\nrole = 1\n"), "/srv/w/control.sock");
  EXPECT_EQ(of("data_dir = \"/srv/w\"\nself_names = [\"a\",\n"), "/srv/w/control.sock");
  EXPECT_EQ(of("[control]\nsocket = \"/run/w.sock\"\n[limits]\nsessions = \"5\n"), "/run/w.sock");
  EXPECT_EQ(of("data_dir = \"/srv/w"), "/var/lib/waybill/control.sock");
  EXPECT_EQ(of(std::string("\0\n\xff\n= = =\n", 9)), "/var/lib/waybill/control.sock");
}

TEST_F(ControlSocketOf, no_file_is_an_error) {
  EXPECT_FALSE(control_socket_of(folder_ / "nothing.toml"));
  EXPECT_FALSE(control_socket_of(folder_));
}

}  // namespace
}  // namespace waybill::config
