// The file system that fails on demand behaves as a real one does, and loses what was not synced.
#include "base/fs.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

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

// The kernel takes what fits and says how much; only the next write says why.
TEST(RealFs, a_short_write_is_not_taken_for_a_whole_one) {
  const auto path = std::filesystem::temp_directory_path() / ("waybill-fs-" + std::to_string(::getpid()));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 100'000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  RealFs files;
  auto file = files.create(path.string(), 0600);
  const Status status = file ? (*file)->write(std::string(150'000, 'x')) : Status(pass(file.error()));
  const bool was_short = std::filesystem::file_size(path) == 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  std::filesystem::remove(path);
  EXPECT_TRUE(was_short);
  EXPECT_FALSE(status);
}
}  // namespace
}  // namespace waybill
