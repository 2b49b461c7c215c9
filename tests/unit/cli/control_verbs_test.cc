// control_verbs_test.cc: the verbs that ask a daemon, as a person or a script calls them, against a fake
// daemon behind a real control socket.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "cli/verbs.h"
#include "control/service.h"
#include "support/fake_backend.h"
#include "support/http_daemon.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using test::Ran;

class ControlVerbs : public testing::Test {
 protected:
  ControlVerbs() {
    backend_.rows = {test::queue_row(1ull << 59, 0, "s@example.net", "a@example.org"),
                     test::queue_row(1ull << 59, 1, "s@example.net", "b@example.org"),
                     test::queue_row((1ull << 59) + 1, 0, "", "c@other.example")};
    id_ = backend_.rows[0].message.id.to_string();
  }

  /// Runs `waybill WORDS… --socket …` in this process, with `input` on its standard input.
  Ran run(std::vector<std::string> words, const std::string& input = "", bool with_socket = true) {
    if (with_socket) words.insert(words.begin() + socket_at(words), {"--socket", daemon_.socket_path()});
    FeedInput feed(input);
    return test::run_verb(
        {add_queue, add_trace, add_custody, add_reload, add_status, add_cache, add_send, add_recipients},
        words);
  }

  test::FakeBackend backend_;
  control::Service service_{backend_};
  test::HttpDaemon daemon_{service_.handler(control::Access::full)};
  std::string id_;

 private:
  static std::ptrdiff_t socket_at(const std::vector<std::string>& words) {
    return words[0] == "queue" || words[0] == "custody" || words[0] == "cache" || words[0] == "recipients"
               ? 2
               : 1;
  }

  struct FeedInput {
    explicit FeedInput(const std::string& input) : saved(::dup(STDIN_FILENO)) {
      FILE* file = ::tmpfile();
      std::fwrite(input.data(), 1, input.size(), file);
      std::fflush(file);
      ::lseek(::fileno(file), 0, SEEK_SET);
      ::dup2(::fileno(file), STDIN_FILENO);
      std::fclose(file);
    }
    ~FeedInput() {
      ::dup2(saved, STDIN_FILENO);
      ::close(saved);
    }
    int saved;
  };
};

TEST_F(ControlVerbs, cache_list_shows_answers_and_cache_flush_forgets_them) {
  backend_.dns_answer.entries = {
      {"example.org", "MX", "present", "secure", 299, {"10 mx1.example.org.", "20 mx2.example.org."}},
      {"gone.example.org", "A", "absent", "insecure", 5, {}}};
  backend_.dns_answer.entries_total = 5;
  const Ran all = run({"cache", "list"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("10 mx1.example.org., 20 mx2.example.org."));
  EXPECT_THAT(all.out, HasSubstr("absent"));
  EXPECT_THAT(all.out, HasSubstr("2 of 5 entries shown"));
  const Ran json = run({"cache", "list", "--json"});
  EXPECT_EQ(std::ranges::count(json.out, '\n'), 3);
  EXPECT_THAT(json.out, HasSubstr("\"entries_total\":5"));
  EXPECT_EQ(run({"cache", "flush", "example.org"}).out, "7 answers forgotten\n");
  EXPECT_EQ(run({"cache", "flush"}).code, 0);
  EXPECT_EQ(backend_.flushed, (std::vector<std::string>{"example.org", ""}));
  EXPECT_EQ(run({"cache"}, "", false).code, exit_usage);
}

TEST_F(ControlVerbs, list_shows_rows_in_columns) {
  const Ran ran = run({"queue", "list", "--domain", "example.org"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("ID            "));
  EXPECT_THAT(ran.out, HasSubstr(id_));
  EXPECT_THAT(ran.out, HasSubstr("mx1.example.org: 451 4.7.1 greylisted, come back"));
  EXPECT_THAT(ran.out, Not(HasSubstr("c@other.example")));
  EXPECT_EQ(std::ranges::count(ran.out, '\n'), 3);
}

TEST_F(ControlVerbs, list_as_json_is_one_document_a_row) {
  const Ran ran = run({"queue", "list", "--json"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(std::ranges::count(ran.out, '\n'), 3);
  EXPECT_THAT(ran.out, StartsWith("{\"v\":1,\"id\":\"" + id_ + "\""));
}

TEST_F(ControlVerbs, list_says_what_it_left_out) {
  EXPECT_THAT(run({"queue", "list", "--limit", "1"}).out, HasSubstr("1 of 3 recipients shown"));
  EXPECT_EQ(run({"queue", "list", "--limit", "0"}).out.find("shown"), std::string::npos);
}

TEST_F(ControlVerbs, an_escape_sequence_in_a_reply_stays_text) {
  backend_.rows[0].recipient.last_reply.text = "\x1b[2Jgone";
  EXPECT_THAT(run({"queue", "list"}).out, HasSubstr("\\x1b[2Jgone"));
  EXPECT_THAT(run({"queue", "show", id_}).out, HasSubstr("\\x1b[2Jgone"));
}

TEST_F(ControlVerbs, show_tells_all_of_a_message) {
  const Ran ran = run({"queue", "show", id_});
  EXPECT_EQ(ran.code, 0);
  for (const char* part :
       {"s@example.net", "a@example.org", "b@example.org", "192.0.2.7 (client.example) by ESMTPS"}) {
    EXPECT_THAT(ran.out, HasSubstr(part));
  }
  EXPECT_EQ(run({"queue", "show", "000000000009"}).code, exit_findings);
  EXPECT_EQ(run({"queue", "show", "nonsense"}).code, exit_usage);
}

TEST_F(ControlVerbs, why_prints_the_steps_in_order) {
  backend_.why_answer.id = backend_.rows[0].message.id;
  backend_.why_answer.recipients = {{backend_.rows[0].recipient,
                                     "waits for greylisting",
                                     {},
                                     {{"mx", "RFC 5321 5.1", "two hosts at 10"}, {"", "", "both said 451"}}}};
  const Ran ran = run({"queue", "why", id_});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1. two hosts at 10  [RFC 5321 5.1]\n      2. both said 451\n"));
}

TEST_F(ControlVerbs, nothing_is_changed_without_yes) {
  const Ran ran = run({"queue", "hold", "example.org"});
  EXPECT_EQ(ran.code, exit_changes);
  EXPECT_THAT(ran.out, HasSubstr("hold: 2 recipients of 1 message (domain example.org)"));
  EXPECT_THAT(ran.out, HasSubstr("b@example.org"));
  EXPECT_THAT(ran.out, HasSubstr("Nothing was changed"));
  EXPECT_TRUE(backend_.acts.empty());
}

TEST_F(ControlVerbs, with_yes_it_is_done_and_bounded_by_what_was_seen) {
  const Ran ran = run({"queue", "hold", "example.org", "--yes", "--reason", "maintenance"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2 of 2 held."));
  ASSERT_EQ(backend_.acts.size(), 1U);
  EXPECT_EQ(backend_.acts[0].matched_max, 2U);
  EXPECT_EQ(backend_.acts[0].reason, "maintenance");
  EXPECT_FALSE(backend_.acts[0].who.empty());
}

TEST_F(ControlVerbs, an_empty_selector_needs_all) {
  EXPECT_EQ(run({"queue", "retry", "--yes"}).code, exit_usage);
  EXPECT_TRUE(backend_.acts.empty());
  EXPECT_EQ(run({"queue", "retry", "--all", "--yes"}).code, 0);
  ASSERT_EQ(backend_.acts.size(), 1U);
}

TEST_F(ControlVerbs, delete_wants_a_reason_and_names_who) {
  EXPECT_EQ(run({"queue", "delete", id_, "--yes"}).code, exit_usage);
  EXPECT_TRUE(backend_.acts.empty());
  const Ran ran = run({"queue", "delete", id_, "--yes", "--reason", "spam run"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(backend_.rows.size(), 1U);
  EXPECT_EQ(backend_.acts.at(0).reason, "spam run");
}

TEST_F(ControlVerbs, reroute_pins_and_unpins) {
  EXPECT_EQ(run({"queue", "reroute", "other.example", "--via", "[relay.example]:587", "--yes"}).code, 0);
  EXPECT_EQ(backend_.rows[2].recipient.route_pin, "[relay.example]:587");
  EXPECT_EQ(run({"queue", "reroute", "other.example", "--via", "table", "--yes"}).code, 0);
  EXPECT_EQ(backend_.rows[2].recipient.route_pin, "");
  EXPECT_EQ(run({"queue", "reroute", "other.example", "--yes"}).code, exit_usage);
  EXPECT_EQ(run({"queue", "reroute", "other.example", "--to", "[b.example]", "--yes"}).code, 0);
  EXPECT_EQ(backend_.rows[2].recipient.route_pin, "[b.example]") << "a way has no '@'";
  EXPECT_EQ(run({"queue", "reroute", "--to", "c@other.example", "--yes"}).code, exit_usage);
}

TEST_F(ControlVerbs, a_dry_run_counts_and_shows_examples) {
  const Ran told = run({"queue", "reroute", "example.org", "--via", "mx", "--dry-run"});
  EXPECT_EQ(told.code, exit_changes);
  EXPECT_THAT(told.out, HasSubstr("b@example.org"));
  EXPECT_THAT(told.out, HasSubstr(", by mx\n"));
  // What --yes would refuse, it refuses.
  for (const char* via : {"discard", "hold", "refuse \"gone\"", "[a.example"}) {
    const Ran refused = run({"queue", "reroute", "example.org", "--via", via, "--dry-run"});
    EXPECT_EQ(refused.code, exit_usage) << via << refused.out;
    EXPECT_EQ(refused.out, "") << via;
  }
  const Ran json = run({"queue", "reroute", "example.org", "--via", "mx", "--dry-run", "--json"});
  EXPECT_EQ(json.code, exit_changes);
  EXPECT_THAT(json.out, HasSubstr("\"examples\":[{"));
  EXPECT_THAT(json.out, HasSubstr("\"recipients\":2"));
  EXPECT_EQ(run({"queue", "reroute", "example.org", "--via", "mx", "--dry-run", "--yes"}).code, exit_usage);
  EXPECT_TRUE(backend_.acts.empty());
}

TEST_F(ControlVerbs, what_matches_nothing_is_found_out_before_it_acts) {
  const Ran ran = run({"queue", "retry", "nowhere.example", "--yes"});
  EXPECT_EQ(ran.code, exit_findings);
  EXPECT_THAT(ran.err, HasSubstr("nothing in the queue matches: domain nowhere.example"));
}

TEST_F(ControlVerbs, release_counts_what_is_held) {
  const Ran none = run({"queue", "release", "--all", "--yes"});
  EXPECT_EQ(none.code, exit_findings) << none.out;
  EXPECT_TRUE(backend_.acts.empty());
  backend_.rows[1].recipient.state = control::RecipientState::held;
  EXPECT_THAT(run({"queue", "release", "--all"}).out, StartsWith("release: 1 recipient"));
  EXPECT_THAT(run({"queue", "release", "--all", "--yes"}).out, HasSubstr("1 of 1 released."));
}

TEST_F(ControlVerbs, recipients_are_listed_and_forgotten) {
  backend_.recipients_answer.recipients = {
      {"example.org", "refused", "", test::at_s(0), test::at_s(86'400)},
      {"jane@example.org", "exists", "250 2.1.5 \x1b[31mok", test::at_s(0), test::at_s(86'400)}};
  backend_.recipients_answer.total = 7;
  const Ran shown = run({"recipients", "list", "example.org", "--limit", "2"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("tells who exists"), HasSubstr("jane@example.org"),
                               HasSubstr("2 of 7 shown"), HasSubstr("\\x1b[31mok")));
  EXPECT_EQ(backend_.recipients_asked, (std::vector<control::RecipientsRequest>{{"example.org", 2}}));
  EXPECT_THAT(run({"recipients", "list", "--json"}).out,
              HasSubstr(R"({"v":1,"recipients":[{"name":"example.org")"));
  EXPECT_EQ(run({"recipients", "forget"}).code, exit_usage);
  EXPECT_THAT(run({"recipients", "forget", "jane@example.org"}).out, HasSubstr("3 forgotten"));
  EXPECT_EQ(run({"recipients", "forget", "jane@example.org", "--json"}).out, "{\"v\":1,\"forgotten\":3}\n");
  EXPECT_EQ(backend_.forgotten, (std::vector<std::string>{"jane@example.org", "jane@example.org"}));
}

TEST_F(ControlVerbs, status_tells_of_backups_and_their_places) {
  backend_.status_answer.backups = {{.domain = "example.org",
                                     .place = "misplaced",
                                     .why = "publish it",
                                     .recipients = "callout",
                                     .unknown = "defer",
                                     .known = 12,
                                     .refused = 3,
                                     .takes_all = false}};
  backend_.status_answer.refused_unreported = 4;
  const Ran ran = run({"status"});
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("BACKUP FOR"), HasSubstr("misplaced"), HasSubstr("callout, unknown: defer"),
                    HasSubstr("4 recipients of strangers' mail")));
  EXPECT_THAT(run({"status", "--json"}).out, HasSubstr(R"("unknown_recipients":"defer","known":12)"));
}

TEST_F(ControlVerbs, a_configuration_that_the_environment_names_must_be_there) {
  ::setenv("WAYBILL_CONFIG", "/nonexistent/waybill.toml", 1);
  const Ran asked = run({"status"}, "", false);
  const Ran sent = run({"send", "a@example.org"}, "\n", false);
  const Ran told = run({"status"});
  ::unsetenv("WAYBILL_CONFIG");
  EXPECT_EQ(asked.code, run({"status", "--config", "/nonexistent/waybill.toml"}, "", false).code);
  EXPECT_EQ(asked.code, exit_usage);
  EXPECT_THAT(asked.err, HasSubstr("/nonexistent/waybill.toml"));
  EXPECT_EQ(sent.code, 78);
  EXPECT_EQ(told.code, 0) << "--socket needs no configuration";
}

TEST_F(ControlVerbs, act_as_json_never_asks) {
  const auto asked = boost::json::parse(run({"queue", "retry", "example.org", "--json"}).out).as_object();
  EXPECT_EQ(asked.at("action").as_string(), "retry");
  EXPECT_FALSE(asked.at("done").as_bool());
  EXPECT_EQ(asked.at("recipients").as_int64(), 2);
  EXPECT_EQ(asked.at("messages").as_int64(), 1);
  ASSERT_EQ(asked.at("examples").as_array().size(), 2U);
  EXPECT_EQ(asked.at("examples").as_array()[0].as_object().at("recipient").as_string(), "a@example.org");
  EXPECT_THAT(run({"queue", "retry", "example.org", "--json", "--yes"}).out,
              StartsWith("{\"v\":1,\"matched\":2,\"acted\":2"));
}

TEST_F(ControlVerbs, trace_is_a_timeline) {
  backend_.trace_answer.id = backend_.rows[0].message.id;
  backend_.trace_answer.events = {
      {test::at_s(0), std::nullopt, control::EventKind::accepted, "s@example.net", {}, "", "from 192.0.2.7"},
      {test::at_s(60),
       0,
       control::EventKind::deferred,
       "a@example.org",
       {451, {4, 7, 1}, "later"},
       "mx1.example.org",
       ""}};
  const Ran ran = run({"trace", id_});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("accepted           from s@example.net  from 192.0.2.7"));
  EXPECT_THAT(ran.out, HasSubstr("+1m  deferred           a@example.org  mx1.example.org  451 4.7.1 later"));
  EXPECT_EQ(run({"trace", "000000000009"}).code, exit_findings);
}

TEST_F(ControlVerbs, custody_faults_are_findings) {
  backend_.custody = {.accepted = 3, .open = 3};
  EXPECT_EQ(run({"custody", "verify"}).code, 0);
  backend_.custody.faults = {"recipient 0 of x has no end"};
  backend_.custody.faults_total = 1;
  const Ran ran = run({"custody", "verify"});
  EXPECT_EQ(ran.code, exit_findings);
  EXPECT_THAT(ran.out, HasSubstr("1 fault:\n  recipient 0 of x has no end"));
}

TEST_F(ControlVerbs, a_refused_reload_names_the_place) {
  backend_.reload_answer = {control::ReloadOutcome::applied, {"limits.sessions: 10 -> 20"}, {"listener"}, {}};
  EXPECT_THAT(run({"reload"}).out, HasSubstr("limits.sessions: 10 -> 20"));
  backend_.reload_answer = {
      control::ReloadOutcome::refused, {}, {}, {{"/etc/x.toml", 3, 7, "unknown key 'hots'"}}};
  const Ran ran = run({"reload"});
  EXPECT_EQ(ran.code, exit_findings);
  EXPECT_THAT(ran.err, HasSubstr("/etc/x.toml:3:7: error: unknown key 'hots'"));
}

TEST_F(ControlVerbs, status_tells_what_it_does) {
  backend_.status_answer.version = "9.9";
  backend_.status_answer.phase = "running";
  backend_.status_answer.destinations = {{"example.org", 5, 1, 2, "down", std::nullopt, "451 no"}};
  const Ran ran = run({"status"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("waybill 9.9"));
  EXPECT_THAT(ran.out, HasSubstr("1 of 2"));
  EXPECT_THAT(run({"status", "--json"}).out, StartsWith("{\"v\":1,\"version\":\"9.9\""));
}

TEST_F(ControlVerbs, without_a_daemon_the_answer_is_unknown) {
  for (std::vector<std::string> words : {std::vector<std::string>{"queue", "list"},
                                         {"trace", id_},
                                         {"status"},
                                         {"reload"},
                                         {"custody", "verify"},
                                         {"queue", "retry", "--all", "--yes"}}) {
    words.insert(words.end(), {"--socket", "/nonexistent/x.sock"});
    const Ran ran = run(words, "", false);
    EXPECT_EQ(ran.code, exit_unknown) << words[0];
    EXPECT_THAT(ran.err, HasSubstr("no daemon is running here"));
    EXPECT_EQ(ran.out, "");
  }
}

TEST_F(ControlVerbs, send_injects_what_stands_on_standard_input) {
  backend_.send_answer = {MessageId{5}, 1, {}};
  const Ran ran =
      run({"send", "-f", "a@example.net", "-v", "b@example.org"}, "Subject: x\n\nhello\n.\nnot this\n");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("taken for 1 recipient: 000000000005"));
  ASSERT_EQ(backend_.sent.size(), 1U);
  EXPECT_THAT(backend_.sent[0].message, testing::EndsWith("Subject: x\r\n\r\nhello\r\n"));
  EXPECT_EQ(mail::to_string(backend_.sent[0].envelope.from), "a@example.net");
  EXPECT_EQ(run({"send", "-oi", "queue"}, "\n.\nrest\n").code, 0) << "a recipient that is called like a verb";
  EXPECT_THAT(backend_.sent[1].message, testing::EndsWith("\r\n\r\n.\r\nrest\r\n"));
}

TEST_F(ControlVerbs, send_ends_with_the_codes_of_sysexits) {
  EXPECT_EQ(run({"send"}, "\n").code, 64);
  EXPECT_THAT(run({"send"}, "\n").err, StartsWith("waybill send: "));
  EXPECT_EQ(run({"send", "--nonsense"}, "\n").code, 64);
  EXPECT_EQ(run({"send", "-bs"}, "\n").code, 69);
  EXPECT_EQ(run({"send", "a@-bad-.example"}, "\n").code, 65);
  EXPECT_EQ(run({"send", "--socket", "/nonexistent/x", "a@example.org"}, "\n", false).code, 75);
  EXPECT_EQ(run({"send", "--config", "/nonexistent/x.toml", "a@example.org"}, "\n", false).code, 78);
  backend_.send_answer = {std::nullopt, 0, {{"a@example.org", {550, {5, 1, 1}, "no such user"}}}};
  EXPECT_EQ(run({"send", "a@example.org"}, "\n").code, 67);
  backend_.send_answer.refused[0].reply = {550, {5, 7, 1}, "no"};
  EXPECT_EQ(run({"send", "a@example.org"}, "\n").code, 69);
  backend_.send_answer.refused[0].reply = {451, {4, 3, 0}, "later"};
  EXPECT_EQ(run({"send", "a@example.org"}, "\n").code, 75);
  backend_.send_answer.recipients_accepted = 1;
  EXPECT_EQ(run({"send", "a@example.org"}, "\n").code, 69) << "a part was taken: try again would double it";
  backend_.failure = Error{Errc::no_space, "the disk is full"};
  EXPECT_EQ(run({"send", "a@example.org"}, "\n").code, 75);
  backend_.failure = Error{Errc::refused, "no"};
  EXPECT_EQ(run({"send", "a@example.org"}, "\n").code, 77);
}
}  // namespace
}  // namespace waybill::cli
