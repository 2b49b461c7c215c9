// `waybill rehearse`: its flags, its pictures, and the verb itself over zone files and scenarios.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "cli/rehearse_flags.h"
#include "cli/rehearse_plot.h"
#include "cli/rehearse_svg.h"
#include "cli/svg.h"
#include "cli/verbs.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

TEST(RehearseFlags, rates_are_times_between_messages) {
  EXPECT_EQ(*parse_rate("50/s"), std::chrono::milliseconds(20));
  EXPECT_EQ(*parse_rate("3000/m"), std::chrono::milliseconds(20));
  EXPECT_EQ(*parse_rate("1/h"), std::chrono::hours(1));
  EXPECT_EQ(*parse_rate("1/d"), std::chrono::hours(24));
  for (const char* wrong :
       {"", "50", "0/s", "-1/s", "50/y", "1.5/s", "2000000/s", "/s", "99999999999999999999/s"})
    EXPECT_FALSE(parse_rate(wrong)) << wrong;
}

TEST(RehearseFlags, sizes_have_a_limit) {
  EXPECT_EQ(*parse_message_size("700"), 700u);
  EXPECT_EQ(*parse_message_size("4k"), 4096u);
  EXPECT_EQ(*parse_message_size("64m"), 64u << 20);
  for (const char* wrong : {"", "k", "65m", "4kb", "-1", "99999999999999999999"})
    EXPECT_FALSE(parse_message_size(wrong)) << wrong;
}

TEST(RehearseFlags, trouble_has_a_host_and_a_time) {
  using What = rehearse::Behaviour::What;
  const auto down = parse_trouble("--down", What::down, "mx1@10m..2h");
  ASSERT_TRUE(down);
  EXPECT_EQ(down->target, "mx1");
  EXPECT_EQ(down->window.from, std::chrono::minutes(10));
  EXPECT_EQ(down->window.to, std::chrono::hours(2));
  EXPECT_EQ(parse_trouble("--down", What::down, "2001:db8::/32")->window.to, Millis::max());
  EXPECT_FALSE(parse_trouble("--down", What::down, "@10m..2h"));
  EXPECT_FALSE(parse_trouble("--down", What::down, "mx1@"));
  EXPECT_FALSE(parse_trouble("--down", What::down, "mx1@2h..10m"));
  EXPECT_FALSE(parse_trouble("--down", What::down, "mx1@10..20"));
  const auto slow = parse_slow("mx1=3s@10m..");
  ASSERT_TRUE(slow);
  EXPECT_EQ(slow->span, Seconds{3});
  EXPECT_EQ(slow->window.from, std::chrono::minutes(10));
  EXPECT_FALSE(parse_slow("mx1"));
  EXPECT_FALSE(parse_slow("mx1=3"));
  EXPECT_TRUE(parse_does("mx1=greylist 5m"));
  EXPECT_FALSE(parse_does("mx1=sings"));
  EXPECT_FALSE(parse_does("greylist 5m"));
}

TEST(RehearseFlags, a_name_that_is_no_host_is_an_error_that_names_those_there_are) {
  rehearse::Scenario scenario;
  scenario.hosts.push_back({.label = "mx1", .name = *dns::Name::parse("mx1.example.org")});
  scenario.hosts.back().addresses.push_back(*IpAddress::parse("192.0.2.1"));
  const auto apply = [&scenario](const char* text) {
    return apply_trouble(*parse_trouble("--down", rehearse::Behaviour::What::down, text), {}, scenario);
  };
  const Status wrong = apply("mx3");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().what, HasSubstr("mx1.example.org"));
  EXPECT_FALSE(apply("198.51.100.0/24"));
  EXPECT_TRUE(apply("MX1"));
  EXPECT_TRUE(apply("mx1.example.org."));
  EXPECT_TRUE(apply("192.0.2.0/24"));
  ASSERT_EQ(scenario.hosts[0].behaviours.size(), 3u);
  EXPECT_TRUE(scenario.hosts[0].behaviours[2].network);
}

TEST(RehearsePlot, bars_reach_from_nothing_to_the_top) {
  EXPECT_THAT(bars({0, 0.01, 4, 8}, 8, 1, Glyphs::unicode), ElementsAre(" ▁▄█"));
  EXPECT_THAT(bars({0, 8, 16}, 16, 2, Glyphs::ascii), ElementsAre("  @", " @@"));
  EXPECT_THAT(bars({99}, 8, 1, Glyphs::ascii), ElementsAre("@")) << "a cut peak";
}

TEST(RehearsePlot, blocks_are_for_utf8_locales_only) {
  EXPECT_EQ(glyphs_of_locale(nullptr, nullptr, "de_DE.UTF-8"), Glyphs::unicode);
  EXPECT_EQ(glyphs_of_locale("C", nullptr, "de_DE.UTF-8"), Glyphs::ascii);
  EXPECT_EQ(glyphs_of_locale("", "C.utf8", "C"), Glyphs::unicode);
  EXPECT_EQ(glyphs_of_locale(nullptr, nullptr, nullptr), Glyphs::ascii);
}

TEST(RehearsePlot, resampling_keeps_peaks_of_the_queue_and_means_of_the_load) {
  const std::vector<uint64_t> slots{1, 9, 2, 4};
  EXPECT_THAT(resampled(slots, 2, Combine::most), ElementsAre(9, 4));
  EXPECT_THAT(resampled(slots, 2, Combine::mean), ElementsAre(5, 3));
  EXPECT_THAT(resampled({7}, 3, Combine::mean), ElementsAre(7, 7, 7));
  EXPECT_THAT(resampled({}, 2, Combine::mean), ElementsAre(0, 0));
}

TEST(RehearsePlot, one_tower_does_not_flatten_the_rest) {
  std::vector<double> values(100, 10);
  EXPECT_EQ(top_of(values), 10);
  values[50] = 4000;
  EXPECT_LT(top_of(values), 100);
  EXPECT_EQ(top_of({0, 0}), 1);
}

TEST(RehearsePlot, ticks_are_few_and_round) {
  for (const auto span :
       {Millis{0}, Millis{900}, Millis{60'000}, Millis{21'600'000}, Millis{6 * 86'400'000LL}}) {
    const auto ticks = time_ticks(span);
    EXPECT_GE(ticks.size(), 1u);
    EXPECT_LE(ticks.size(), 9u) << span.count();
    EXPECT_LE(ticks.back(), span);
  }
}

TEST(Svg, words_can_not_break_out) {
  EXPECT_EQ(xml_text("<a b='c' & \"d\">\x01\n"), "&lt;a b=&#39;c&#39; &amp; &quot;d&quot;&gt;");
  Svg svg(10, 10, "</title><script>", "x");
  svg.text(1, 1, "<script>", {});
  EXPECT_THAT(std::move(svg).finish(), Not(HasSubstr("<script>")));
}

TEST(Svg, scales_end_at_round_numbers) {
  EXPECT_EQ(nice_scale(50).top, 60);
  EXPECT_EQ(nice_scale(50).step, 20);
  EXPECT_EQ(nice_scale(0).top, 1);
  for (const double value : {0.003, 1.0, 7.0, 99.0, 330'012.0}) {
    const NiceScale scale = nice_scale(value);
    EXPECT_GE(scale.top, value * (1 - 1e-9));
    EXPECT_LE(scale.top / scale.step, 6);
  }
}

class RehearseVerb : public testing::Test {
 protected:
  RehearseVerb() {
    std::string folder = fs::temp_directory_path() / "waybill-rehearse-XXXXXX";
    folder_ = mkdtemp(folder.data());
  }
  ~RehearseVerb() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  static Ran run(std::vector<std::string> words) {
    words.insert(words.begin(), "rehearse");
    return run_verb({add_rehearse}, words);
  }
  std::string zone() {
    return write("example.zone",
                 "$ORIGIN example.org.\n$TTL 300\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 192.0.2.53\n"
                 "@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 192.0.2.1\nmx2 A 198.51.100.2\n");
  }
  fs::path folder_;
};

TEST_F(RehearseVerb, a_real_domain_with_its_primary_down) {
  const std::string picture = folder_ / "out.svg";
  const Ran ran = run({"example.org", "--zone", zone(), "--down", "mx1@10m..30m", "--rate", "1/s", "--for",
                       "1h", "--plot", picture, "--json"});
  EXPECT_EQ(ran.code, exit_ok) << ran.err;
  const auto out = boost::json::parse(ran.out).as_object();
  EXPECT_EQ(out.at("v"), 1);
  EXPECT_EQ(out.at("recipients").at("accepted"), 3600);
  EXPECT_EQ(out.at("recipients").at("delivered"), 3600);
  EXPECT_EQ(out.at("recipients").at("duplicates"), 0);
  const auto& hosts = out.at("hosts").as_array();
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(hosts[0].at("host"), "mx1.example.org");
  EXPECT_EQ(hosts[0].at("preference"), 10);
  EXPECT_EQ(hosts[1].at("preference"), 20);
  EXPECT_GE(hosts[1].at("messages").as_int64(), 1150);
  EXPECT_EQ(hosts[0].at("messages").as_int64() + hosts[1].at("messages").as_int64(), 3600);
  EXPECT_EQ(hosts[0].at("outages").at(0).at("from_ms"), 600'000);
  std::ifstream svg(picture);
  const std::string text((std::istreambuf_iterator<char>(svg)), {});
  EXPECT_THAT(text, HasSubstr("mx1 down"));
  EXPECT_THAT(text, HasSubstr("mx2.example.org"));
  EXPECT_THAT(text, HasSubstr("Messages waiting in the queue"));
}

TEST_F(RehearseVerb, for_people_it_is_a_table_and_a_plot) {
  const Ran ran = run({"example.org", "--zone", zone(), "--down", "mx1", "--for", "10m"});
  EXPECT_EQ(ran.code, exit_ok) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("mx2.example.org"));
  EXPECT_THAT(ran.out, HasSubstr("down all along"));
  EXPECT_THAT(ran.out, HasSubstr("600 accepted: 600 delivered, 0 bounced, 0 expired, 0 still waiting"));
  EXPECT_THAT(ran.out, HasSubstr("every recipient is accounted for; nothing was delivered twice"));
  EXPECT_THAT(ran.out, HasSubstr("STARTTLS and certificates: not known"));
}

TEST_F(RehearseVerb, the_same_seed_gives_the_same_figures) {
  const auto figures = [this](const char* seed) {
    const Ran ran = run({"example.org", "--zone", zone(), "--for", "10m", "--seed", seed, "--json"});
    auto out = boost::json::parse(ran.out).as_object();
    out.erase("took_ms");
    return boost::json::serialize(out);
  };
  EXPECT_EQ(figures("7"), figures("7"));
}

TEST_F(RehearseVerb, what_the_dns_can_not_say_is_3_and_what_takes_no_mail_is_1) {
  EXPECT_EQ(run({"example.org", "--zone", zone(), "--down", "mx7"}).code, exit_usage);
  const Ran none = run({"nothing.example.org", "--zone", zone()});
  EXPECT_EQ(none.code, exit_findings);
  EXPECT_THAT(none.err, HasSubstr("nothing to rehearse"));
  // A server that refuses everything: nobody answers on this port of loopback.
  const Ran unknown = run({"example.com", "--server", "127.0.0.1:1", "--dns-timeout", "1s"});
  EXPECT_EQ(unknown.code, exit_unknown);
  EXPECT_THAT(unknown.err, HasSubstr("unknown"));
}

TEST_F(RehearseVerb, a_configuration_is_the_sender) {
  const std::string config =
      write("waybill.toml",
            "hostname = \"mx2.example.org\"\n[queue]\nretry_first = \"10m\"\nretry_max = \"10m\"\n"
            "[domain.\"example.org\"]\nrole = \"backup\"\n");
  const Ran ran = run(
      {"example.org", "--zone", zone(), "--config", config, "--down", "mx1@..1h", "--for", "30m", "--json"});
  EXPECT_EQ(ran.code, exit_ok) << ran.err;
  const auto out = boost::json::parse(ran.out).as_object();
  ASSERT_EQ(out.at("hosts").as_array().size(), 1u) << "we are no server for ourselves";
  EXPECT_EQ(out.at("hosts").at(0).at("messages"), 1800);
  EXPECT_GE(out.at("queue").at("most").as_int64(), 1800);
  EXPECT_LT(out.at("delay_ms").at("longest").as_int64(), 75 * 60'000) << "its own schedule, ten minutes";
  const std::string primary =
      write("primary.toml", "hostname = \"mx1.example.org\"\n[domain.\"example.org\"]\nusers = [\"*\"]\n");
  EXPECT_EQ(run({"example.org", "--zone", zone(), "--config", primary}).code, exit_usage);
}

TEST_F(RehearseVerb, a_domains_own_limit_holds) {
  const std::string config =
      write("waybill.toml",
            "hostname = \"relay.example.org\"\n[domain.\"example.org\"]\nrole = \"relay\"\n"
            "rate_max = 3\n");
  const Ran ran = run({"example.org", "--zone", zone(), "--config", config, "--down", "mx1@10s..4m", "--down",
                       "mx2@10s..4m", "--rate", "1/s", "--for", "5m", "--json"});
  EXPECT_EQ(ran.code, exit_ok) << ran.err;
  const auto out = boost::json::parse(ran.out).as_object();
  EXPECT_EQ(out.at("each"), 1) << "few wait: all are played";
  EXPECT_EQ(out.at("recipients").at("delivered"), 300);
  EXPECT_GE(out.at("queue").at("most").as_int64(), 100);
  EXPECT_LE(out.at("hosts").at(0).at("most_per_second").as_int64(), 4) << "3 a second and one in hand";
}

TEST_F(RehearseVerb, bad_words_are_2) {
  const std::string file = zone();
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"example.org", "--rate", "fast"},
                                                {"example.org", "--for", "6"},
                                                {"example.org", "--size", "huge"},
                                                {"example.org", "--rate", "1000000/s", "--for", "1h"},
                                                {"example.org", "--down", "mx1@nonsense"},
                                                {"example.org", "x.scn"},
                                                {"no-such-file.scn"},
                                                {"[192.0.2.1]"},
                                                {"exa mple.org"}}) {
    auto all = words;
    if (!all.empty()) all.insert(all.end(), {"--zone", file});
    EXPECT_EQ(run(all).code, exit_usage) << (words.empty() ? "" : words.back());
  }
}

TEST_F(RehearseVerb, what_a_route_discards_is_told_and_is_no_failure) {
  const std::string file = write(
      "discard.scn",
      "route old.example via discard\nhost m m.example.net 192.0.2.1\ndns example.net mx 10 m.example.net\n"
      "at 0s send from a@b.example to c@example.net,c@old.example\nexpect c@old.example discarded\n");
  const std::string picture = folder_ / "discard.svg";
  const Ran ran = run({file, "--plot", picture});
  EXPECT_EQ(ran.code, exit_ok) << ran.err;
  EXPECT_THAT(
      ran.out,
      HasSubstr("2 accepted: 1 delivered, 0 bounced, 0 expired, 1 discarded by a route, 0 still waiting"));
  EXPECT_THAT(ran.out, HasSubstr("1  by the route \"old.example\""));
  std::ifstream svg(picture);
  EXPECT_THAT(std::string((std::istreambuf_iterator<char>(svg)), {}),
              HasSubstr("1 of 2 delivered, 1 discarded by a route"));
  const auto out = boost::json::parse(run({file, "--json"}).out).as_object();
  EXPECT_EQ(out.at("recipients").at("discarded"), 1);
  EXPECT_EQ(out.at("recipients").at("bounced"), 0);
  EXPECT_EQ(out.at("endings").at(0).at("reply"), "by the route \"old.example\"");
}

TEST_F(RehearseVerb, scenarios_are_judged) {
  const std::string good = write("good.scn",
                                 "host m m.example.net 192.0.2.1\ndns example.net mx 10 m.example.net\n"
                                 "at 0s send from a@b.example to c@example.net\nexpect c@* delivered by m\n");
  const std::string bad = write("bad.scn",
                                "host m m.example.net 192.0.2.1\ndns example.net mx 10 m.example.net\n"
                                "at 0s send from a@b.example to c@example.net\nexpect c@* bounced\n");
  const Ran fine = run({good});
  EXPECT_EQ(fine.code, exit_ok) << fine.err;
  EXPECT_THAT(fine.out, HasSubstr("1 of 1 expectations met"));
  const Ran both = run({good, bad});
  EXPECT_EQ(both.code, exit_findings);
  EXPECT_THAT(both.out, HasSubstr("bad.scn:4: expect c@* bounced"));
  EXPECT_EQ(run({good, "--rate", "1/s"}).code, exit_usage);
  const Ran broken = run({write("broken.scn", "hosst m\n")});
  EXPECT_EQ(broken.code, exit_usage);
  EXPECT_THAT(broken.err, HasSubstr("broken.scn:1:"));
}

}  // namespace
}  // namespace waybill::cli
