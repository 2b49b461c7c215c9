// The file system that fails on demand behaves as a real one does, and loses what was not synced.
#include "base/fs.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace waybill {
namespace {
void put(FileSystem& files, const std::string& path, std::string_view text, bool sync) {
  auto file = files.create(path, 0600);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write(text));
  if (sync) {
    ASSERT_TRUE((*file)->sync());
  }
  ASSERT_TRUE((*file)->close());
}

TEST(FaultFs, a_crash_drops_what_was_not_synced) {
  FaultFs files;
  ASSERT_TRUE(files.make_directory("/d", 0700));
  ASSERT_TRUE(files.sync_directory("/"));
  put(files, "/d/synced", "abc", true);
  put(files, "/d/data-lost", "abc", false);
  ASSERT_TRUE(files.sync_directory("/d"));
  put(files, "/d/name-lost", "abc", true);
  ASSERT_TRUE(files.rename("/d/synced", "/d/renamed"));
  files.crash();
  EXPECT_EQ(files.content("/d/synced"), "abc");
  EXPECT_EQ(files.content("/d/data-lost"), "");
  EXPECT_FALSE(files.content("/d/name-lost"));
  EXPECT_FALSE(files.content("/d/renamed"));
}

TEST(FaultFs, a_folder_that_was_not_synced_takes_its_files_along) {
  FaultFs files;
  ASSERT_TRUE(files.make_directory("/d", 0700));
  put(files, "/d/a", "abc", true);
  ASSERT_TRUE(files.sync_directory("/d"));
  files.crash();
  EXPECT_EQ(*files.kind("/d"), FileSystem::Kind::absent);
  EXPECT_FALSE(files.content("/d/a"));
}

TEST(FaultFs, the_nth_operation_fails_once_or_from_there_on) {
  FaultFs files;
  files.fail_at(2, ENOSPC);
  EXPECT_TRUE(files.make_directory("/a", 0700));
  const auto status = files.make_directory("/b", 0700);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::no_space);
  EXPECT_TRUE(files.make_directory("/b", 0700));
  files.fail_from(1, EIO);
  EXPECT_FALSE(files.make_directory("/c", 0700));
  EXPECT_FALSE(files.make_directory("/c", 0700));
}

TEST(FaultFs, errors_are_those_of_a_real_one) {
  FaultFs files;
  EXPECT_EQ(files.create("/no/such", 0600).error().code, Errc::not_found);
  put(files, "/a", "x", true);
  EXPECT_EQ(files.create("/a", 0600).error().code, Errc::exists);
  EXPECT_EQ(files.link("/a", "/a").error().code, Errc::exists);
  EXPECT_EQ(files.remove("/b").error().code, Errc::not_found);
  EXPECT_EQ(files.list("/")->size(), 1U);
}
}  // namespace
}  // namespace waybill
