// The configuration's routes as the planner and delivery know them.
#include "daemon/routes.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "daemon/targeter.h"
#include "support/mail_world.h"

namespace waybill::daemon {
namespace {
using namespace test;
using testing::HasSubstr;
using testing::Not;

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/waybill-routes-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() {
    for (const std::string& one : files_) unlink(one.c_str());
    rmdir(path_.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    files_.push_back(path_ + "/" + name);
    std::ofstream(files_.back()) << text;
    chmod(files_.back().c_str(), mode);
    return files_.back();
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

std::shared_ptr<const config::Config> config_of(const std::string& text) {
  auto parsed = config::parse(text, "t.toml");
  if (!parsed) throw std::invalid_argument(parsed.error().front().to_string());
  return std::make_shared<const config::Config>(std::move(*parsed));
}

TEST(Password, is_one_line_that_others_can_t_read) {
  Folder folder;
  EXPECT_EQ(*read_password(folder.write("a", "open sesame\n")), "open sesame");
  EXPECT_EQ(*read_password(folder.write("b", "open sesame\r\n")), "open sesame");
  EXPECT_EQ(*read_password(folder.write("c", " spaces count ", 0640)), " spaces count ");
  const auto refused = [](const std::string& path) {
    const auto result = read_password(path);
    EXPECT_FALSE(result) << path;
    return result ? std::string() : result.error().what;
  };
  EXPECT_THAT(refused(folder.write("d", "open sesame\n", 0644)), HasSubstr("chmod 0600"));
  EXPECT_THAT(refused(folder.write("e", "\n")), HasSubstr("empty"));
  EXPECT_THAT(refused(folder.write("f", "two\nlines\n")), HasSubstr("one line"));
  EXPECT_THAT(refused(folder.write("g", std::string(1025, 'x'))), HasSubstr("one line"));
  EXPECT_THAT(refused(folder.path() + "/missing"), HasSubstr("can't be opened"));
  EXPECT_THAT(refused(folder.path()), HasSubstr("no regular file"));
  EXPECT_THAT(refused(folder.write("h", "secret\x01word")), Not(HasSubstr("secret"))) << "never quoted";
}

TEST(Channels, with_credentials_the_certificate_counts_unless_said_otherwise) {
  Folder folder;
  const std::string file = folder.write("pw", "open sesame\n");
  const std::string auth = "auth = { user = \"joe\", password_file = \"" + file + "\" }\n";
  const auto channel = [&](const std::string& more) {
    return read_channels(*config_of("[route.\"*\"]\nvia = \"[relay.example]:587\"\n" + more)).at(0);
  };
  EXPECT_EQ(channel("").tls, deliver::TlsPolicy::opportunistic);
  EXPECT_EQ(channel("").site, "");
  const Channel verified = channel(auth);
  EXPECT_EQ(verified.tls, deliver::TlsPolicy::verify);
  EXPECT_NE(verified.tls_context, nullptr);
  EXPECT_EQ(verified.credentials->password, "open sesame");
  EXPECT_THAT(verified.site, HasSubstr("as joe"));
  EXPECT_THAT(verified.site, Not(HasSubstr("sesame")));
  EXPECT_EQ(channel(auth + "tls = \"encrypt\"\n").tls, deliver::TlsPolicy::encrypt);
  EXPECT_NE(channel(auth + "tls = \"encrypt\"\n").site, verified.site);
  EXPECT_EQ(channel("[deliver]\ntls = \"off\"\n").tls, deliver::TlsPolicy::never);
  EXPECT_EQ(channel(auth + "[deliver]\ntls = \"off\"\n").tls, deliver::TlsPolicy::verify);
}

TEST(Channels, mail_of_a_route_whose_password_can_t_be_used_waits) {
  Folder folder;
  const std::string file = folder.write("pw", "open sesame\n", 0644);
  const auto config =
      config_of("[route.\"*\"]\nvia = \"[relay.example]\"\nauth = { user = \"joe\", password_file = \"" +
                file + "\" }\n");
  deliver::Targets targets;
  targets.decision = deliver::TargetsDecision::deliver;
  read_channels(*config).at(0).apply(targets);
  EXPECT_EQ(targets.decision, deliver::TargetsDecision::defer);
  EXPECT_EQ(targets.reply.enhanced.to_string(), "4.3.5");
  EXPECT_EQ(targets.credentials, nullptr);
  EXPECT_THAT(targets.reply.text, HasSubstr("chmod"));
}

TEST(Channels, roots_that_can_t_be_read_are_told_in_words) {
  const auto config = config_of(
      "[route.\"*\"]\nvia = \"[relay.example]\"\ntls = \"verify\"\nca_file = \"/nonexistent/roots.pem\"\n");
  EXPECT_EQ(read_channels(*config).at(0).fault,
            "cannot read the trusted roots of /nonexistent/roots.pem: No such file or directory");
}

TEST(RefusedByRoute, in_the_words_of_the_table) {
  const auto table =
      route_table(*config_of("[[route.\"old.example\"]]\nvia = 'refuse \"we have moved\"'\n"
                             "senders = [\"@known.example\"]\n"));
  ASSERT_TRUE(table);
  const auto reply = refused_by_route(*table, {.domain = domain("old.example"),
                                               .sender = mail::Address::parse("a@known.example").value(),
                                               .listener = {}});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->to_string(), "550 5.7.1 we have moved");
  EXPECT_FALSE(refused_by_route(*table, {.domain = domain("old.example"), .listener = {}}));
}

/// What a delivery is told, by a targeter with this configuration.
deliver::TargetsPtr targets_of(const std::string& config, mail::Delivery delivery) {
  MailWorld world;
  world.host("a.example", {"192.0.2.1"}).host("b.example", {"192.0.2.2"});
  world.mx("d.example", {{10, "mx.d.example"}}).host("mx.d.example", {"192.0.2.3"});
  net::Loop loop;
  const ManualClock clock{Time{}};
  Targeter targeter(loop, world, clock);
  const auto settings = config_of(config);
  targeter.configure(settings, {}, {}, read_channels(*settings), LocalMail{});
  deliver::TargetsPtr out;
  targeter.targets(delivery, [&](deliver::TargetsPtr targets) {
    out = std::move(targets);
    loop.stop();
  });
  loop.run();
  return out;
}

mail::Delivery delivery_from(const char* sender, const char* listener) {
  mail::Delivery out;
  out.domain = domain("d.example");
  auto envelope = std::make_shared<mail::Envelope>();
  envelope->from = mail::Address::parse(sender).value();
  out.envelope = std::move(envelope);
  out.listener = listener;
  return out;
}

TEST(Targeter, goes_by_sender_and_listener) {
  const std::string config =
      "[[route.\"*\"]]\nvia = \"[a.example]\"\nsenders = [\"@sales.example\"]\n"
      "[[route.\"*\"]]\nvia = \"[b.example]\"\nlisteners = [\"submission\"]\n";
  const auto host = [&](const char* sender, const char* listener) {
    return targets_of(config, delivery_from(sender, listener))->tiers.at(0).at(0).host;
  };
  EXPECT_EQ(host("x@sales.example", "mx 192.0.2.9:25"), "a.example");
  EXPECT_EQ(host("x@other.example", "submission 192.0.2.9:587"), "b.example");
  EXPECT_EQ(host("x@other.example", "mx 192.0.2.9:25"), "mx.d.example");
}

TEST(Targeter, tells_whose_mail_a_mended_password_file_releases) {
  Folder folder;
  const std::string file = folder.write("pw", "open sesame\n", 0644);
  const auto settings =
      config_of("[route.\"d.example\"]\nvia = \"[a.example]\"\nauth = { user = \"joe\", password_file = \"" +
                file + "\" }\n");
  MailWorld world;
  world.host("a.example", {"192.0.2.1"});
  net::Loop loop;
  const ManualClock clock{Time{}};
  Targeter targeter(loop, world, clock);
  const auto reload = [&] { targeter.configure(settings, {}, {}, read_channels(*settings), LocalMail{}); };
  reload();
  EXPECT_THAT(targeter.faults(),
              testing::ElementsAre(testing::AllOf(HasSubstr("the route \"d.example\" can't be used"),
                                                  HasSubstr("chmod 0600"))));
  auto decision = deliver::TargetsDecision::bounce;
  targeter.targets(delivery_from("a@b.example", "mx"), [&](const deliver::TargetsPtr& targets) {
    decision = targets->decision;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(decision, deliver::TargetsDecision::defer);
  reload();
  EXPECT_THAT(targeter.take_mended(), testing::IsEmpty()) << "it is as it was";
  chmod(file.c_str(), 0600);
  reload();
  EXPECT_THAT(targeter.faults(), testing::IsEmpty());
  EXPECT_THAT(targeter.take_mended(), testing::ElementsAre(domain("d.example")));
  EXPECT_THAT(targeter.take_mended(), testing::IsEmpty()) << "once";
}

TEST(Targeter, tells_what_discards_and_what_holds) {
  const auto discarded =
      targets_of("[route.\"d.example\"]\nvia = \"discard\"\n", delivery_from("a@b.example", "mx"));
  EXPECT_EQ(discarded->decision, deliver::TargetsDecision::discard);
  EXPECT_EQ(discarded->reply.text, "by the route \"d.example\"");
  mail::Delivery delivery = delivery_from("a@b.example", "mx");
  const std::string hold = "[route.\"d.example\"]\nvia = \"hold\"\n";
  EXPECT_EQ(targets_of(hold, delivery)->decision, deliver::TargetsDecision::hold);
  delivery.released = true;
  EXPECT_EQ(targets_of(hold, delivery)->decision, deliver::TargetsDecision::deliver);
}

TEST(Targeter, a_pin_to_a_known_smart_host_has_its_credentials) {
  Folder folder;
  const std::string file = folder.write("pw", "open sesame\n");
  const std::string config =
      "[route.\"x.example\"]\nvia = \"[a.example]:587\"\nauth = { user = \"joe\", password_file = \"" + file +
      "\" }\n";
  mail::Delivery delivery = delivery_from("a@b.example", "mx");
  EXPECT_EQ(targets_of(config, delivery)->credentials, nullptr);
  delivery.route_pin = "[a.example]:587";
  const auto pinned = targets_of(config, delivery);
  ASSERT_NE(pinned->credentials, nullptr);
  EXPECT_EQ(pinned->credentials->user, "joe");
  EXPECT_THAT(pinned->site_key, HasSubstr("as joe"));
  delivery.route_pin = "[a.example]:25";
  EXPECT_EQ(targets_of(config, delivery)->credentials, nullptr) << "another port is another host";
}

}  // namespace
}  // namespace waybill::daemon
