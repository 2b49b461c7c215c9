#include "queue/rocks_log.h"

#include <algorithm>
#include <optional>
#include <string>

#include "queue/crc32c.h"

namespace waybill::queue::rocks {
namespace {

constexpr size_t kBlock = 32'768;
constexpr size_t kHeader = 7;
constexpr size_t kSequence = 8;

enum class Type : uint8_t { full = 1, first = 2, middle = 3, last = 4 };

uint64_t little_endian(std::string_view octets) {
  uint64_t out = 0;
  for (size_t i = octets.size(); i-- > 0;) out = (out << 8) | static_cast<uint8_t>(octets[i]);
  return out;
}

// RocksDB stores checksums "masked", so that the checksum of data that holds checksums stays a good one.
uint32_t masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

struct Record {
  Type type;
  std::string_view payload;
  [[nodiscard]] size_t size() const { return kHeader + payload.size(); }
  /// Of the batch that begins here, if one does.
  [[nodiscard]] std::optional<uint64_t> sequence() const {
    const bool begins = type == Type::full || type == Type::first;
    if (!begins || payload.size() < kSequence) return std::nullopt;
    return little_endian(payload.substr(0, kSequence));
  }
};

class Scanner {
 public:
  Scanner(std::string_view octets, uint64_t last_sequence) : octets_(octets) {
    out_.last_sequence = last_sequence;
  }
  LogScan run();

 private:
  [[nodiscard]] size_t block_end(size_t at) const {
    return std::min(octets_.size(), (at / kBlock + 1) * kBlock);
  }
  /// A whole record with the right checksum that begins at `at`.
  [[nodiscard]] std::optional<Record> record_at(size_t at) const;
  [[nodiscard]] bool is_later_batch(const Record& record) const {
    return record.sequence().value_or(0) > out_.last_sequence;
  }
  [[nodiscard]] bool later_batch_behind(size_t at) const;

  std::string_view octets_;
  LogScan out_;
};

std::optional<Record> Scanner::record_at(size_t at) const {
  const size_t end = block_end(at);
  if (at + kHeader > end) return std::nullopt;
  const std::string_view header = octets_.substr(at, kHeader);
  const auto type = static_cast<uint8_t>(header[6]);
  const size_t length = little_endian(header.substr(4, 2));
  if (type < 1 || type > 4 || at + kHeader + length > end) return std::nullopt;
  const uint32_t crc = crc32c(octets_.substr(at + 6, 1 + length));
  if (masked(crc) != little_endian(header.substr(0, 4))) return std::nullopt;
  return Record{static_cast<Type>(type), octets_.substr(at + kHeader, length)};
}

// Within its block a damaged record may end anywhere: try every place. Later blocks begin with a record.
bool Scanner::later_batch_behind(size_t at) const {
  const size_t end = block_end(at);
  for (size_t place = at + 1; place < end; ++place) {
    const auto record = record_at(place);
    if (record && is_later_batch(*record)) return true;
  }
  for (size_t block = end; block < octets_.size(); block += kBlock) {
    for (size_t place = block; auto record = record_at(place); place += record->size()) {
      if (is_later_batch(*record)) return true;
    }
  }
  return false;
}

LogScan Scanner::run() {
  size_t at = 0;
  std::string begun;  // how a batch in several records begins: the first may hold less than its number
  while (at < octets_.size()) {
    if (block_end(at) - at < kHeader && block_end(at) % kBlock == 0) {
      at = block_end(at);
      continue;
    }
    const auto record = record_at(at);
    if (!record) {
      out_.damaged = later_batch_behind(at);
      break;
    }
    if (record->type == Type::full || record->type == Type::first) begun.clear();
    if (begun.size() < kSequence) begun += record->payload.substr(0, kSequence - begun.size());
    const bool whole = record->type == Type::full || record->type == Type::last;
    if (whole && begun.size() == kSequence) out_.last_sequence = little_endian(begun);
    at += record->size();
  }
  out_.readable_octets = at;
  return out_;
}

}  // namespace

LogScan scan_log(std::string_view octets, uint64_t last_sequence) {
  return Scanner(octets, last_sequence).run();
}

}  // namespace waybill::queue::rocks
