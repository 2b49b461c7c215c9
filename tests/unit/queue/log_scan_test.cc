// The log's octets, read without RocksDB: what was cut short and what was changed.
#include <gtest/gtest.h>

#include <algorithm>

#include "queue/crc32c.h"
#include "queue/rocks_log.h"

namespace waybill::queue::rocks {
namespace {

constexpr size_t kBlock = 32'768;

std::string little_endian(uint64_t value, size_t size) {
  std::string out;
  for (size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

/// Writes batches as RocksDB does: LevelDB's log format, doc/log_format.md there.
class Log {
 public:
  void add(uint64_t sequence, size_t octets) {
    std::string payload = little_endian(sequence, 8) + little_endian(1, 4) + std::string(octets, 'm');
    starts.push_back(text.size());
    bool first = true;
    do {
      size_t room = kBlock - text.size() % kBlock;
      if (room < 7) {
        text.append(room, '\0');
        if (first) starts.back() = text.size();
        room = kBlock;
      }
      const std::string part = payload.substr(0, room - 7);
      payload.erase(0, part.size());
      const int type = first ? (payload.empty() ? 1 : 2) : (payload.empty() ? 4 : 3);
      const std::string covered = static_cast<char>(type) + part;
      const uint32_t crc = crc32c(covered);
      text += little_endian(((crc >> 15) | (crc << 17)) + 0xa282ead8U, 4) + little_endian(part.size(), 2) +
              covered;
      first = false;
    } while (!payload.empty());
  }
  std::string text;
  std::vector<size_t> starts;
};

Log log_of(size_t batches, size_t octets) {
  Log log;
  for (size_t i = 0; i < batches; ++i) log.add(100 + 10 * i, octets);
  return log;
}

TEST(LogScan, a_whole_log_is_read_to_its_end) {
  for (const size_t octets : {1U, 300U, 32'742U, 32'749U, 100'000U}) {
    const Log log = log_of(20, octets);
    const LogScan scan = scan_log(log.text, 0);
    EXPECT_FALSE(scan.damaged) << octets;
    EXPECT_EQ(scan.readable_octets, log.text.size()) << octets;
    EXPECT_EQ(scan.last_sequence, 290u) << octets;
  }
  EXPECT_EQ(scan_log("", 7).last_sequence, 7u);
  EXPECT_FALSE(scan_log("", 7).damaged);
}

TEST(LogScan, a_log_cut_anywhere_is_no_damage) {
  for (const size_t octets : {50U, 20'000U}) {
    const Log log = log_of(6, octets);
    const size_t step = octets > 1000 ? 97 : 1;
    for (size_t size = 0; size < log.text.size(); size += step) {
      const LogScan scan = scan_log(std::string_view(log.text).substr(0, size), 0);
      EXPECT_FALSE(scan.damaged) << size;
      const auto whole =
          static_cast<uint64_t>(std::ranges::count_if(log.starts, [&](size_t at) { return at < size; }));
      EXPECT_GE(scan.last_sequence + 10, whole < 2 ? 0 : 90 + 10 * (whole - 1)) << size;
    }
  }
}

TEST(LogScan, a_changed_length_with_whole_batches_behind_is_damage) {
  const Log log = log_of(40, 300);
  for (size_t which = 0; which + 1 < log.starts.size(); ++which) {
    for (const uint64_t length : {0ULL, 1ULL, 0x7fffULL, 0xffffULL}) {
      std::string text = log.text;
      text.replace(log.starts[which] + 4, 2, little_endian(length, 2));
      const LogScan scan = scan_log(text, 0);
      EXPECT_TRUE(scan.damaged) << which << " length " << length;
      EXPECT_EQ(scan.readable_octets, log.starts[which]);
      EXPECT_EQ(scan.last_sequence, which == 0 ? 0 : 90 + 10 * which);
    }
  }
  std::string text = log.text;
  text.replace(log.starts.back() + 4, 2, little_endian(0xffff, 2));
  EXPECT_TRUE(scan_log(text, 0).damaged) << "nothing is missing behind the last one";
}

TEST(LogScan, a_manifest_is_told_cut_short_from_changed) {
  const Log log = log_of(12, 300);
  EXPECT_FALSE(manifest_is_damaged(log.text));
  // A new manifest is named only when its first record is on disk, so none ends within that.
  EXPECT_TRUE(manifest_is_damaged(""));
  EXPECT_TRUE(manifest_is_damaged(std::string(200, 'z')));
  for (size_t size = log.starts.at(1); size < log.text.size(); size += 31)
    EXPECT_FALSE(manifest_is_damaged(std::string_view(log.text).substr(0, size))) << size;
  for (const size_t start : log.starts) {
    std::string text = log.text;
    text.replace(start + 4, 2, little_endian(0x7fff, 2));
    EXPECT_TRUE(manifest_is_damaged(text)) << start;
  }
}

TEST(LogScan, every_batch_that_is_whole_is_read_past_damage) {
  for (const size_t octets : {50U, 20'000U}) {
    const Log log = log_of(12, octets);
    const auto count = [](const std::string& text) {
      size_t batches = 0;
      for_each_batch(text, [&](const std::string& batch) { batches += batch.empty() ? 0 : 1; });
      return batches;
    };
    EXPECT_EQ(count(log.text), 12u);
    std::string text = log.text;
    text[log.starts[1] + 20] = static_cast<char>(text[log.starts[1] + 20] ^ 1);
    // In one block there is no telling where the next begins; blocks behind it begin with one.
    EXPECT_EQ(count(text), octets == 50U ? 1u : 11u) << octets;
  }
}

TEST(LogScan, a_zeroed_header_is_damage_wherever_the_next_batch_stands) {
  const Log log = log_of(40, 20'000);
  for (size_t which = 0; which + 2 < log.starts.size(); ++which) {
    std::string text = log.text;
    text.replace(log.starts[which], 7, std::string(7, '\0'));
    EXPECT_TRUE(scan_log(text, 0).damaged) << which;
  }
}

TEST(LogScan, a_torn_body_that_quotes_an_old_log_is_no_damage) {
  const Log old = log_of(5, 100);  // sequence numbers 100 to 140
  Log log;
  log.add(1000, 50);
  Log quoting;
  quoting.text = log.text;
  quoting.add(1010, 3000);
  std::string text = quoting.text;
  text.replace(log.text.size() + 200, old.text.size(), old.text);
  text.resize(text.size() - 37);
  EXPECT_FALSE(scan_log(text, 0).damaged);
}

}  // namespace
}  // namespace waybill::queue::rocks
