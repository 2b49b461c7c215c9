// Quotas of a Maildir: what fits, what waits, what never could, and an account that others may have spoilt.
#include "deliver/maildir_quota.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/maildir.h"
#include "support/delivery_kit.h"

namespace waybill::deliver {
namespace {
using mail::Fate;
using test::make_delivery;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kFolder = "/m/john";
constexpr Time kNow{Millis{1'800'000'000'000}};

MaildirTarget limited(uint64_t octets, uint64_t messages) {
  MaildirTarget out;
  out.path_template = "/m/{user}";
  out.quota_octets = octets;
  out.quota_messages = messages;
  return out;
}

/// One mailbox, and a message of `body` into it.
struct Box {
  FaultFs files;
  Maildir maildir{files, "mx", 0600};
  mail::Outcome put(const MaildirTarget& target, Time now = kNow,
                    const std::string& body = "0123456789\r\n") {
    const auto delivery = make_delivery({"john@home.test"}, body);
    return maildir.deliver(target, *delivery, delivery->recipients[0].recipient, now);
  }
  [[nodiscard]] std::vector<std::string> names(const std::string& part = "/new") {
    return files.list(kFolder + part).value_or(std::vector<std::string>{});
  }
  [[nodiscard]] std::string account() const { return files.content(kFolder + "/maildirsize").value_or(""); }
};

TEST(MaildirQuota, a_message_is_counted_by_its_size_in_the_file) {
  Box box;
  const MaildirTarget target = limited(10'000, 100);
  ASSERT_EQ(box.put(target).fate, Fate::delivered);
  ASSERT_EQ(box.names().size(), 1U);
  const std::string content = box.files.content(kFolder + "/new/" + box.names()[0]).value();
  EXPECT_EQ(size_in_name(box.names()[0]), content.size());
  EXPECT_EQ(box.account(), fmt::format("10000S,100C\n0 0\n{} 1\n", content.size()));
  EXPECT_EQ(parse_maildirsize(box.account(), target), (MaildirUse{content.size(), 1}));
}

TEST(MaildirQuota, without_a_quota_there_is_no_account) {
  Box box;
  ASSERT_EQ(box.put(limited(0, 0)).fate, Fate::delivered);
  EXPECT_EQ(box.account(), "");
}

TEST(MaildirQuota, a_full_mailbox_defers_and_leaves_nothing_behind) {
  Box box;
  const MaildirTarget target = limited(0, 2);
  ASSERT_EQ(box.put(target).fate, Fate::delivered);
  ASSERT_EQ(box.put(target).fate, Fate::delivered);
  const mail::Outcome full = box.put(target);
  EXPECT_EQ(full.fate, Fate::deferred);
  EXPECT_THAT(full.reply.to_string(), StartsWith("452 4.2.2 the mailbox is full"));
  EXPECT_EQ(box.names().size(), 2U);
  EXPECT_TRUE(box.names("/tmp").empty());
}

TEST(MaildirQuota, octets_to_the_last_one) {
  Box measure;
  ASSERT_EQ(measure.put(limited(0, 0)).fate, Fate::delivered);
  const uint64_t size = size_in_name(measure.names()[0]).value();
  Box box;
  ASSERT_EQ(box.put(limited(2 * size, 0)).fate, Fate::delivered);
  ASSERT_EQ(box.put(limited(2 * size, 0)).fate, Fate::delivered) << "exactly full is not over";
  EXPECT_EQ(box.put(limited(2 * size, 0)).fate, Fate::deferred);
}

TEST(MaildirQuota, what_could_never_fit_is_refused_for_good) {
  Box box;
  const mail::Outcome never = box.put(limited(40, 0));
  EXPECT_EQ(never.fate, Fate::rejected);
  EXPECT_EQ(never.reply.code, 552);
  EXPECT_EQ(never.reply.enhanced, (mail::EnhancedStatus{5, 2, 2}));
  EXPECT_TRUE(box.names().empty());
}

TEST(MaildirQuota, mail_that_was_removed_makes_room_though_nobody_wrote_it_down) {
  Box box;
  const MaildirTarget target = limited(0, 2);
  ASSERT_EQ(box.put(target).fate, Fate::delivered);
  ASSERT_EQ(box.put(target).fate, Fate::delivered);
  ASSERT_TRUE(box.files.remove(kFolder + "/new/" + box.names()[0]));
  EXPECT_EQ(box.put(target).fate, Fate::delivered) << "the account said full, the folder has room";
  EXPECT_EQ(box.put(target).fate, Fate::deferred);
  // Listed a moment ago: the account is believed for a quarter of an hour.
  ASSERT_TRUE(box.files.remove(kFolder + "/new/" + box.names()[0]));
  EXPECT_EQ(box.put(target, kNow + std::chrono::minutes{14}).fate, Fate::deferred);
  EXPECT_EQ(box.put(target, kNow + std::chrono::minutes{16}).fate, Fate::delivered);
}

TEST(MaildirQuota, what_another_program_wrote_down_counts) {
  Box box;
  const MaildirTarget target = limited(0, 5);
  ASSERT_EQ(box.put(target).fate, Fate::delivered);
  ASSERT_TRUE(box.files.append(kFolder + "/maildirsize", "100 3\n"));
  EXPECT_EQ(parse_maildirsize(box.account(), target)->messages, 4U);
  ASSERT_TRUE(box.files.append(kFolder + "/maildirsize", "-100 -3\n"));
  EXPECT_EQ(parse_maildirsize(box.account(), target)->messages, 1U);
}

TEST(MaildirQuota, folders_count_and_the_wastebasket_does_not) {
  Box box;
  const MaildirTarget target = limited(0, 3);
  ASSERT_EQ(box.put(limited(0, 0)).fate, Fate::delivered);
  for (const char* folder : {"/.Archive", "/.Trash"}) {
    ASSERT_TRUE(box.files.make_directory(kFolder + folder, 0700));
    ASSERT_TRUE(box.files.make_directory(kFolder + folder + "/cur", 0700));
    ASSERT_TRUE(box.files.create(kFolder + folder + "/cur/1.a,S=10:2,S", 0600));
    ASSERT_TRUE(box.files.create(kFolder + folder + "/cur/1.b,S=10:2,ST", 0600)) << "marked as deleted";
  }
  ASSERT_EQ(box.put(target).fate, Fate::delivered);
  EXPECT_EQ(parse_maildirsize(box.account(), target)->messages, 3U);
  EXPECT_EQ(box.put(target).fate, Fate::deferred);
}

TEST(MaildirQuota, an_account_that_can_not_be_believed_is_made_anew) {
  const MaildirTarget target = limited(1000, 10);
  for (const std::string& text :
       {std::string(), std::string("1000S,10C\n"), std::string("999S,10C\n5 1\n"),
        std::string("1000S,10C\n5 1"), std::string("1000S,10C\n5\n"), std::string("1000S,10C\nx y\n"),
        std::string("1000S,10C\n-5 1\n"), std::string("1000S,10C\n99999999999999999999 1\n"),
        std::string("1000S,10C\n9000000000000000000 1\n"), "1000S,10C\n" + std::string(6000, ' ') + "\n"}) {
    EXPECT_FALSE(parse_maildirsize(text, target)) << text.substr(0, 40);
    Box box;
    ASSERT_EQ(box.put(limited(0, 0)).fate, Fate::delivered);
    auto file = box.files.create(kFolder + "/maildirsize", 0600);
    ASSERT_TRUE((*file)->write(text));
    ASSERT_EQ(box.put(target).fate, Fate::delivered);
    EXPECT_EQ(parse_maildirsize(box.account(), target)->messages, 2U) << text.substr(0, 40);
  }
}

TEST(MaildirQuota, a_link_in_its_place_is_not_followed) {
  Box box;
  ASSERT_EQ(box.put(limited(0, 0)).fate, Fate::delivered);
  box.files.plant_symlink(kFolder + "/maildirsize");
  ASSERT_EQ(box.put(limited(0, 10)).fate, Fate::delivered);
  EXPECT_EQ(*box.files.kind(kFolder + "/maildirsize"), FileSystem::Kind::file) << "replaced by an account";
}

TEST(MaildirQuota, sizes_in_names) {
  EXPECT_EQ(size_in_name("1.M1P2Q3.mx,S=1234"), 1234U);
  EXPECT_EQ(size_in_name("1.M1P2Q3.mx,S=1234,W=1240:2,ST"), 1234U);
  for (const char* name :
       {"1.mx", "1.mx:2,S=5", "1.mx,S=", "1.mx,S=-1", "1.mx,S=1x", "1.mx,S=99999999999999999999"})
    EXPECT_EQ(size_in_name(name), std::nullopt) << name;
}

// Wherever the disk fails, a message is whole in new/ or not there, and it is never said to be there falsely.
TEST(MaildirQuota, failure_at_every_operation) {
  const MaildirTarget target = limited(0, 3);
  Box probe;
  ASSERT_EQ(probe.put(target).fate, Fate::delivered);
  const uint64_t operations = probe.files.operations();
  for (uint64_t nth = 1; nth <= operations; ++nth) {
    Box box;
    box.files.fail_at(nth, EIO);
    const mail::Outcome outcome = box.put(target);
    EXPECT_NE(outcome.fate, Fate::rejected) << nth;
    box.files.fail_at(0, 0);
    if (outcome.fate == Fate::delivered) {
      EXPECT_EQ(box.names().size(), 1U) << nth;
    }
    // And whatever the account holds then, three messages fit and no fourth.
    for (int n = 0; n < 4; ++n) (void)box.put(target, kNow + std::chrono::hours{1 + n});
    EXPECT_EQ(box.names().size(), 3U) << nth;
  }
}

}  // namespace
}  // namespace waybill::deliver
