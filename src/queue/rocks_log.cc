#include "queue/rocks_log.h"

#include <algorithm>
#include <optional>
#include <string>

#include "queue/rocks_octets.h"

namespace waybill::queue::rocks {
namespace {

constexpr size_t kBlock = 32'768;
constexpr size_t kHeader = 7;
constexpr size_t kSequence = 8;

enum class Type : uint8_t { full = 1, first = 2, middle = 3, last = 4 };

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
  /// `numbered`: the records are batches with sequence numbers; else any record counts as a later one.
  Scanner(std::string_view octets, uint64_t last_sequence, bool numbered)
      : octets_(octets), numbered_(numbered) {
    out_.last_sequence = last_sequence;
  }
  LogScan run();
  void batches(const std::function<void(const std::string&)>& batch) const;

 private:
  [[nodiscard]] size_t block_end(size_t at) const {
    return std::min(octets_.size(), (at / kBlock + 1) * kBlock);
  }
  /// A whole record with the right checksum that begins at `at`.
  [[nodiscard]] std::optional<Record> record_at(size_t at) const;
  [[nodiscard]] bool is_later_batch(const Record& record) const {
    return !numbered_ || record.sequence().value_or(0) > out_.last_sequence;
  }
  [[nodiscard]] bool later_batch_behind(size_t at) const;
  [[nodiscard]] bool only_length_is_wrong(size_t at) const;

  std::string_view octets_;
  bool numbered_;
  LogScan out_;
};

std::optional<Record> Scanner::record_at(size_t at) const {
  const size_t end = block_end(at);
  if (at + kHeader > end) return std::nullopt;
  const std::string_view header = octets_.substr(at, kHeader);
  const auto type = static_cast<uint8_t>(header[6]);
  const size_t length = little_endian(header.substr(4, 2));
  if (type < 1 || type > 4 || at + kHeader + length > end) return std::nullopt;
  if (masked_crc32c(octets_.substr(at + 6, 1 + length)) != little_endian(header.substr(0, 4)))
    return std::nullopt;
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

// The checksum does not cover the length: when it is right for all that is left, nothing was cut off. Zeros
// may stand behind (rocks_log_file.h), and the record may end in zeros of its own: try every end.
bool Scanner::only_length_is_wrong(size_t at) const {
  const size_t last = octets_.find_last_not_of('\0');
  const size_t end = block_end(at);
  if (last == std::string_view::npos || last < at + kHeader || last >= end) return false;
  const uint64_t want = little_endian(octets_.substr(at, 4));
  size_t to = last + 1;
  uint32_t crc = crc32c(octets_.substr(at + 6, to - at - 6));
  while (masked(crc) != want && to < end) crc = crc32c(octets_.substr(to++, 1), crc);
  return masked(crc) == want;
}

void Scanner::batches(const std::function<void(const std::string&)>& batch) const {
  std::string begun;
  bool within = false;
  for (size_t at = 0; at < octets_.size();) {
    const auto record = record_at(at);
    if (!record) {
      within = false;
      at = (at / kBlock + 1) * kBlock;  // the block's rest can't be trusted to part into records
      continue;
    }
    const bool first = record->type == Type::full || record->type == Type::first;
    if (first) begun.clear();
    within = first || within;
    if (within) begun += record->payload;
    if (within && (record->type == Type::full || record->type == Type::last)) {
      batch(begun);
      within = false;
    }
    at += record->size();
    if (block_end(at) - at < kHeader) at = block_end(at);
  }
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
      out_.damaged = later_batch_behind(at) || only_length_is_wrong(at);
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
  return Scanner(octets, last_sequence, true).run();
}

uint64_t sequence_of(std::string_view batch) { return little_endian(batch.substr(0, kSequence)); }

bool manifest_is_damaged(std::string_view octets) {
  const LogScan scan = Scanner(octets, 0, false).run();
  // CURRENT names a manifest only after its first record, the whole state, is on disk: no crash leaves none.
  return scan.damaged || scan.readable_octets == 0;
}

void for_each_batch(std::string_view octets, const std::function<void(const std::string&)>& batch) {
  Scanner(octets, 0, true).batches(batch);
}

}  // namespace waybill::queue::rocks
