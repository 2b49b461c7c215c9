// Maildir: safe paths, and no message lost or shown by halves wherever the disk fails.
#include "deliver/maildir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "support/delivery_kit.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::address;
using test::make_delivery;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const MaildirTarget kTarget{.path_template = "/var/mail/{domain}/{user}", .users = nullptr};
MaildirTarget at(const std::string& path_template) {
  return {.path_template = path_template, .users = nullptr};
}

const std::string kFolder = "/var/mail/home.test/john";
constexpr Time kNow{Millis{1'800'000'000'123}};

mail::Outcome put(FileSystem& files, const MaildirTarget& target = kTarget,
                  const std::string& to = "john@home.test") {
  Maildir maildir(files, "mx.home.test", 0600);
  const auto delivery = make_delivery({to});
  return maildir.deliver(target, *delivery, delivery->recipients[0].recipient, kNow);
}

std::vector<std::string> mails(FaultFs& files, const std::string& part) {
  auto names = files.list(kFolder + part);
  return names ? *names : std::vector<std::string>{};
}

TEST(Maildir, the_message_stands_in_new_with_its_headers) {
  FaultFs files;
  const auto outcome = put(files);
  EXPECT_EQ(outcome.fate, Fate::delivered);
  EXPECT_TRUE(outcome.final_delivery);
  const auto names = mails(files, "/new");
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(*files.content(kFolder + "/new/" + names[0]),
            "Return-Path: <sender@source.test>\nDelivered-To: john@home.test\nSubject: x\n\nhello\n");
  EXPECT_TRUE(mails(files, "/tmp").empty());
  EXPECT_EQ(*files.kind(kFolder + "/cur"), FileSystem::Kind::directory);
}

TEST(Maildir, lines_end_in_lf_whatever_the_chunks) {
  for (const auto& [sent, kept] : std::vector<std::pair<std::string, std::string>>{{"a\r\nb\r\n", "a\nb\n"},
                                                                                   {"\r\n\r\n\r\n", "\n\n\n"},
                                                                                   {"a\rb\r\n", "a\rb\n"},
                                                                                   {"a\r\r\n", "a\r\n"},
                                                                                   {"a\nb\n\r", "a\nb\n\r"},
                                                                                   {"\r", "\r"},
                                                                                   {"\r\r", "\r\r"},
                                                                                   {"", ""}}) {
    for (const bool crumbled : {false, true}) {
      FaultFs files;
      Maildir maildir(files, "mx", 0600);
      const auto delivery = make_delivery({"john@home.test"}, sent);
      if (crumbled) {
        std::vector<Chunk> chunks;
        for (const char c : sent) chunks.emplace_back(std::string(1, c));
        delivery->body = std::make_shared<mail::MemoryBody>(std::move(chunks));
      }
      ASSERT_EQ(maildir.deliver(kTarget, *delivery, delivery->recipients[0].recipient, kNow).fate,
                Fate::delivered);
      EXPECT_EQ(*files.content(kFolder + "/new/" + mails(files, "/new").at(0)),
                "Return-Path: <sender@source.test>\nDelivered-To: john@home.test\n" + kept);
    }
  }
}

TEST(Maildir, what_a_crash_left_in_tmp_goes_after_36_hours) {
  FaultFs files;
  ASSERT_EQ(put(files).fate, Fate::delivered);
  const auto leave = [&](const std::string& name) {
    ASSERT_TRUE(files.create(kFolder + "/tmp/" + name, 0600));
  };
  const int64_t now_s = kNow.time_since_epoch().count() / 1000;
  leave(std::to_string(now_s - 36 * 3600 - 1) + ".M1P1Q1.old");
  leave(std::to_string(now_s - 36 * 3600 + 60) + ".M1P1Q1.young");
  leave(std::to_string(now_s + 60) + ".M1P1Q1.future");
  leave("notes");
  leave("123");
  leave("99999999999999999999.x");
  leave("-5.x");
  ASSERT_EQ(put(files).fate, Fate::delivered);
  const auto left = mails(files, "/tmp");
  EXPECT_EQ(left.size(), 6U);
  for (const auto& name : left) EXPECT_EQ(name.find(".old"), std::string::npos);
}

TEST(Maildir, names_differ_even_in_one_millisecond) {
  FaultFs files;
  Maildir maildir(files, "mx", 0600);
  const auto delivery = make_delivery({"john@home.test"});
  for (int n = 0; n < 50; ++n) {
    EXPECT_EQ(maildir.deliver(kTarget, *delivery, delivery->recipients[0].recipient, kNow).fate,
              Fate::delivered);
  }
  EXPECT_EQ(mails(files, "/new").size(), 50U);
}

TEST(Maildir, what_was_called_delivered_survives_a_crash) {
  FaultFs files;
  ASSERT_EQ(put(files).fate, Fate::delivered);
  files.crash();
  const auto names = mails(files, "/new");
  ASSERT_EQ(names.size(), 1U);
  EXPECT_THAT(*files.content(kFolder + "/new/" + names[0]), EndsWith("hello\n"));
}

// The disk fails at every single operation, with every error; then the power goes. Either the outcome was
// delivered and the whole message is there, or it was deferred and new/ has no half message.
TEST(Maildir, failure_at_every_operation) {
  FaultFs probe;
  ASSERT_EQ(put(probe).fate, Fate::delivered);
  const uint64_t operations = probe.operations();
  ASSERT_GT(operations, 10U);
  for (const int error : {ENOSPC, EIO, EDQUOT, EROFS}) {
    for (const bool for_good : {false, true}) {
      for (uint64_t nth = 1; nth <= operations; ++nth) {
        FaultFs files;
        if (for_good) {
          files.fail_from(nth, error);
        } else {
          files.fail_at(nth, error);
        }
        const auto outcome = put(files);
        EXPECT_NE(outcome.fate, Fate::rejected) << nth;
        if (outcome.fate == Fate::deferred && (error == ENOSPC || error == EDQUOT)) {
          EXPECT_EQ(outcome.reply.enhanced.to_string(), "4.3.1") << nth;
        }
        for (const bool crashed : {false, true}) {
          if (crashed) files.crash();
          files.fail_at(0, 0);
          const auto names = mails(files, "/new");
          if (outcome.fate == Fate::delivered) {
            EXPECT_EQ(names.size(), 1U) << "operation " << nth;
          }
          for (const auto& name : names) {
            EXPECT_THAT(*files.content(kFolder + "/new/" + name), EndsWith("hello\n")) << nth;
          }
        }
        // And the next attempt succeeds, with one copy for each delivered answer.
        EXPECT_EQ(put(files).fate, Fate::delivered) << nth;
      }
    }
  }
}

TEST(Maildir, a_local_part_never_leaves_its_folder) {
  FaultFs files;
  for (const std::string local : {"..", ".", ".hidden", "a/b", "../etc", "a\\b/../..", ""}) {
    mail::Address to = address("x@home.test");
    to.local = local;
    const auto path = maildir_path(kTarget, to);
    EXPECT_FALSE(path) << local;
  }
  mail::Address nul = address("x@home.test");
  nul.local = std::string("a\0b", 3);
  EXPECT_FALSE(maildir_path(kTarget, nul));
  nul.local = std::string(300, 'a');
  EXPECT_FALSE(maildir_path(kTarget, nul));
  nul.local = "{domain}";
  EXPECT_EQ(*maildir_path(kTarget, nul), "/var/mail/home.test/{domain}");
}

TEST(Maildir, users_are_lower_case_and_subaddresses_share) {
  EXPECT_EQ(*maildir_path(at("/m/{user}"), address("John+lists@home.test")), "/m/john");
  EXPECT_EQ(*maildir_path(at("/m/{user}"), address("+x@home.test")), "/m/+x");
  EXPECT_FALSE(maildir_path(at("relative/{user}"), address("john@home.test")));
  EXPECT_FALSE(maildir_path(at("/m/../{user}"), address("john@home.test")));
}

TEST(Maildir, an_unknown_user_is_rejected_without_a_trace) {
  FaultFs files;
  MaildirTarget target = kTarget;
  target.users =
      std::make_shared<const std::set<std::string, std::less<>>>(std::set<std::string, std::less<>>{"john"});
  EXPECT_EQ(put(files, target, "JOHN@home.test").fate, Fate::delivered);
  const auto operations = files.operations();
  const auto outcome = put(files, target, "mary@home.test");
  EXPECT_EQ(outcome.fate, Fate::rejected);
  EXPECT_EQ(outcome.reply.enhanced.to_string(), "5.1.1");
  EXPECT_EQ(files.operations(), operations);
}

TEST(Maildir, a_symbolic_link_below_the_root_is_refused) {
  for (const char* at : {"/var/mail/home.test", "/var/mail/home.test/john", "/var/mail/home.test/john/new"}) {
    FaultFs files;
    ASSERT_EQ(put(files, kTarget, "other@elsewhere.test").fate, Fate::delivered);
    if (std::string(at).size() > 19) {
      ASSERT_TRUE(files.make_directory("/var/mail/home.test", 0700));
    }
    if (std::string(at).size() > 24) {
      ASSERT_TRUE(files.make_directory(kFolder, 0700));
    }
    files.plant_symlink(at);
    const auto outcome = put(files);
    EXPECT_EQ(outcome.fate, Fate::deferred) << at;
    EXPECT_THAT(outcome.reply.text, HasSubstr("symbolic link"));
  }
}

TEST(Maildir, the_real_disk_takes_it_too) {
  const auto root =
      std::filesystem::temp_directory_path() / ("waybill-maildir-" + std::to_string(::getpid()));
  std::filesystem::create_directories(root);
  RealFs files;
  const auto outcome = put(files, {.path_template = root.string() + "/{domain}/{user}", .users = nullptr});
  EXPECT_EQ(outcome.fate, Fate::delivered) << outcome.reply.to_string();
  const auto folder = (root / "home.test/john/new").string();
  const auto names = files.list(folder);
  ASSERT_TRUE(names && names->size() == 1);
  const auto text = files.read(folder + "/" + (*names)[0], 10'000);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, StartsWith("Return-Path: <sender@source.test>\n"));
  std::filesystem::remove_all(root);
}
}  // namespace
}  // namespace waybill::deliver
