// `waybill lookup --input`: the lines, the order, the output of an earlier run, and the whole verb over a
// zone file.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/bulk_input.h"
#include "cli/bulk_lookup.h"
#include "cli/bulk_output.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

class Folder {
 public:
  Folder() : path_(std::filesystem::path(testing::TempDir()) / fmt::format("bulk-{}", getpid())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(std::string_view name, std::string_view text) const {
    const std::string path = path_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  [[nodiscard]] std::string path(std::string_view name) const { return path_ / name; }
  [[nodiscard]] static std::string read(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }

 private:
  std::filesystem::path path_;
};

std::string text_of(std::string_view line) {
  const auto name = parse_bulk_line(line, 2);
  if (!name) return "nothing";
  return name->domain ? name->domain->text() : "bad: " + name->text;
}

TEST(BulkLine, blanks_comments_and_names) {
  EXPECT_EQ(text_of(""), "nothing");
  EXPECT_EQ(text_of(" \t\r"), "nothing");
  EXPECT_EQ(text_of("# example.org"), "nothing");
  EXPECT_EQ(text_of("  example.org \r"), "example.org");
  EXPECT_EQ(text_of("example.org # ours"), "example.org");
  EXPECT_EQ(text_of("exa#mple.org"), "bad: exa#mple.org");
  EXPECT_EQ(text_of("two words"), "bad: two words");
  EXPECT_EQ(text_of("[192.0.2.1]"), "bad: [192.0.2.1]");
  EXPECT_EQ(text_of("192.0.2.1"), "bad: 192.0.2.1");
  EXPECT_EQ(text_of("bad..name"), "bad: bad..name");
  EXPECT_EQ(parse_bulk_line("\xEF\xBB\xBF"
                            "example.org",
                            1)
                ->domain->text(),
            "example.org");
}

TEST(BulkLine, rfc_031_case_and_the_final_dot_say_nothing) {
  EXPECT_EQ(text_of("EXAMPLE.com"), "example.com");
  EXPECT_EQ(text_of("example.com."), "example.com");
}

TEST(BulkLine, rfc_032_u_labels_become_a_labels) {
  EXPECT_EQ(text_of("b\xC3\xBC"
                    "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(text_of("\xC3.example").substr(0, 3), "bad") << "no UTF-8";
  EXPECT_EQ(text_of("a\xE2\x80\x8E"
                    "b.example")
                .substr(0, 3),
            "bad")
      << "LEFT-TO-RIGHT MARK";
}

std::vector<std::string> all_of(BulkInput& input) {
  std::vector<std::string> out;
  while (true) {
    auto next = input.next().value();
    if (std::holds_alternative<BulkInput::Not>(next)) return out;
    const auto& name = std::get<BulkName>(next);
    out.push_back(fmt::format("{} {}", name.line, name.domain ? name.domain->text() : "bad"));
  }
}

TEST(BulkInput, reads_a_file_of_any_length_and_its_last_line) {
  const Folder folder;
  std::string text = "# head\n\na.test\n" + std::string(9000, 'x') + "\nb.test\nc.test";
  auto input = BulkInput::open(folder.file("names", text)).value();
  EXPECT_EQ(input.count(), 4U);
  EXPECT_THAT(all_of(input), ElementsAre("3 a.test", "4 bad", "5 b.test", "6 c.test"));
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += fmt::format("n{}.test\n", i);
  auto long_one = BulkInput::open(folder.file("many", many)).value();
  EXPECT_EQ(long_one.count(), 100'000U);
  EXPECT_EQ(all_of(long_one).size(), 100'000U);
  auto empty = BulkInput::open(folder.file("empty", "")).value();
  EXPECT_TRUE(all_of(empty).empty());
  EXPECT_FALSE(BulkInput::open(folder.path("none")).has_value());
  EXPECT_FALSE(BulkInput::open(testing::TempDir()).has_value());
}

TEST(BulkInput, a_line_without_end_takes_no_memory) {
  const Folder folder;
  auto input = BulkInput::open(folder.file("names", std::string(3 << 20, 'x') + "\na.test\n")).value();
  EXPECT_THAT(all_of(input), ElementsAre("1 bad", "2 a.test"));
}

TEST(InOrder, holds_back_what_is_early) {
  InOrder order(5);
  std::string out;
  order.put(7, "c");
  order.put(6, "b");
  order.take(out);
  EXPECT_EQ(out, "");
  EXPECT_EQ(order.held_octets(), 2U);
  order.put(5, "a");
  order.take(out);
  EXPECT_EQ(out, "abc");
  EXPECT_EQ(order.next(), 8U);
  EXPECT_EQ(order.held() + order.held_octets(), 0U);
}

TEST(Earlier, counts_whole_lines_wherever_the_last_one_is_cut) {
  const Folder folder;
  const std::string text = "{\"domain\":\"a\"}\n{\"domain\":\"b\"}\n{\"domain\":\"c\"}\n";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const int fd = open(folder.file("out", text.substr(0, cut)).c_str(), O_RDONLY | O_CLOEXEC);
    const Earlier earlier = read_earlier(fd).value();
    close(fd);
    EXPECT_EQ(earlier.lines, cut / 15);
    EXPECT_EQ(earlier.octets, cut / 15 * 15);
    EXPECT_EQ(earlier.cut_line, text.substr(cut / 15 * 15, cut % 15));
    if (earlier.lines > 0) {
      EXPECT_EQ(name_of_line(earlier.last_line).value(), std::string(1, "abc"[earlier.lines - 1]));
    }
  }
  EXPECT_EQ(name_of_line(R"({"domain":"a","input":"A."})").value(), "A.");
  EXPECT_FALSE(name_of_line("{\"domain\":1}").has_value());
  EXPECT_FALSE(name_of_line("\0\0\0").has_value());
}

TEST(BulkSummary, tells_rate_loss_retries_and_states) {
  BulkCounts counts{.by_status = {90, 5, 0, 1, 2, 0}, .bad_lines = 2, .earlier = 7};
  const resolve::StubCounts queries{.queries = 400, .again = 3, .lost = 4, .over_tcp = 1, .refused = 2};
  EXPECT_EQ(bulk_summary(counts, 10, &queries),
            "100 names in 10.0 s, 10 a second; 7 more were in the output already\n"
            "400 queries, 40 a second; 4 lost (1.00%), 3 sent again, 1 over TCP, 2 refused or failed\n"
            "ok 90, no_domain 5, null_mx 1, temp_failure 2, bad lines 2\n");
  EXPECT_EQ(loss_text({.queries = 1'000'000, .lost = 1}), "under 0.01%");
  EXPECT_EQ(loss_text({}), "0%");
}

/// The verb over a zone file: no network.
class BulkVerb : public testing::Test {
 protected:
  BulkVerb() {
    std::string zone =
        "$ORIGIN example.test.\n$TTL 600\n@ SOA ns h 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n";
    for (int i = 0; i < 20; ++i) zone += fmt::format("d{} MX 10 ns\n", i);
    zone_ = folder_.file("example.zone", zone);
    std::string names = "# names\n";
    for (int i = 0; i < 20; ++i)
      names += i == 7 ? "bad..name\n" : fmt::format("{}{}.example.test\n", i % 2 == 0 ? "d" : "D", i);
    names_ = folder_.file("names", names);
  }
  test::Ran run(std::vector<std::string> words) {
    words.insert(words.begin(), "lookup");
    words.insert(words.end(), {"--zone", zone_, "--server", "127.0.0.1:1", "--no-ptr"});
    return test::run_verb({add_lookup}, words);
  }
  Folder folder_;
  std::string zone_, names_;
};

TEST_F(BulkVerb, one_line_a_name_in_the_order_of_the_input) {
  for (const bool validated : {false, true}) {
    std::vector<std::string> words{"--input", names_};
    if (validated) words.emplace_back("--validate");
    const test::Ran ran = run(words);
    EXPECT_EQ(ran.code, exit_usage) << ran.err;
    std::istringstream lines(ran.out);
    int n = 0;
    for (std::string line; std::getline(lines, line); ++n) {
      const auto json = boost::json::parse(line).as_object();
      EXPECT_EQ(json.at("status"), n == 7 ? "invalid" : "ok") << line;
      if (n == 7) {
        EXPECT_EQ(json.at("line"), 9);
        EXPECT_EQ(json.at("input"), "bad..name");
        EXPECT_TRUE(json.at("domain").is_null());
      } else {
        EXPECT_EQ(json.at("domain").as_string(), fmt::format("d{}.example.test", n));
        EXPECT_EQ(json.if_contains("input") != nullptr, n % 2 == 1);
      }
    }
    EXPECT_EQ(n, 20);
    EXPECT_THAT(ran.err, HasSubstr("ok 19, bad lines 1"));
  }
}

TEST_F(BulkVerb, resumes_wherever_it_was_cut_off) {
  const std::string out = folder_.path("out");
  ASSERT_EQ(run({"--input", names_, "--output", out}).code, exit_usage);
  const std::string whole = Folder::read(out);
  EXPECT_EQ(run({"--input", names_, "--output", out}).code, exit_unsafe) << "it holds something";
  EXPECT_EQ(Folder::read(out), whole);
  for (size_t cut = 0; cut <= whole.size(); cut += 131) {
    folder_.file("out", whole.substr(0, cut));
    const test::Ran ran = run({"--input", names_, "--output", out, "--resume"});
    ASSERT_EQ(Folder::read(out), whole) << cut << ran.err;
  }
  const test::Ran nothing_left = run({"--input", names_, "--output", out, "--resume"});
  EXPECT_EQ(nothing_left.code, exit_ok);
  EXPECT_THAT(nothing_left.err, HasSubstr("0 names in"));
  EXPECT_EQ(Folder::read(out), whole);
}

TEST_F(BulkVerb, does_not_write_into_what_is_another_s) {
  const std::string out = folder_.path("out");
  for (const std::string text :
       {"my only copy", "a diary\nof two lines\n", "{\"domain\":\"other.test\"}\n{\"domain\":\"third.te"}) {
    folder_.file("out", text);
    const test::Ran ran = run({"--input", names_, "--output", out, "--resume"});
    EXPECT_EQ(ran.code, exit_unsafe) << ran.err;
    EXPECT_EQ(Folder::read(out), text);
  }
  const std::string little = folder_.file("little", "d0.example.test\n");
  std::string lines;
  for (int i = 0; i < 3; ++i) lines += fmt::format("{{\"domain\":\"d{}.example.test\"}}\n", i);
  folder_.file("out", lines);
  EXPECT_EQ(run({"--input", little, "--output", out, "--resume"}).code, exit_unsafe)
      << "a longer one's output";
  EXPECT_EQ(Folder::read(out), lines);
}

TEST_F(BulkVerb, words_that_do_not_go_together) {
  EXPECT_EQ(run({"--input", names_, "example.test"}).code, exit_usage);
  EXPECT_EQ(run({}).code, exit_usage);
  EXPECT_EQ(run({"--input", names_, "--resume"}).code, exit_usage);
  EXPECT_EQ(run({"example.test", "--output", "x"}).code, exit_usage);
  EXPECT_EQ(run({"--input", names_, "--concurrency", "0"}).code, exit_usage);
  EXPECT_EQ(run({"--input", names_, "--rate", "100", "--validate"}).code, exit_usage);
  EXPECT_EQ(run({"--input", folder_.path("none")}).code, exit_usage);
  EXPECT_EQ(run({"--input", names_, "--output", folder_.path("x"), "--format", "host"}).code, exit_usage);
}

TEST_F(BulkVerb, other_formats_too) {
  const test::Ran ran = run({"--input", names_, "--short"});
  EXPECT_THAT(ran.out, HasSubstr("10 ns.example.test\n"));
  EXPECT_THAT(ran.err, HasSubstr("waybill: line 9: "));
}
}  // namespace
}  // namespace waybill::cli
