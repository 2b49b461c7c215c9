#include "queue/rocks_blob.h"

#include <algorithm>
#include <optional>

#include "queue/rocks_octets.h"

namespace waybill::queue::rocks {
namespace {

constexpr size_t kFileHeader = 30;
constexpr size_t kFooter = 32;
constexpr size_t kHeader = 32;
constexpr size_t kKeyMax = 64;  // ours have 12 octets

struct Blob {
  std::string_view key, value;
  bool whole = false;
  [[nodiscard]] size_t size() const { return kHeader + key.size() + value.size(); }
};

/// The record that begins at `at`, if its header is good; its octets may not be.
std::optional<Blob> blob_at(std::string_view octets, size_t at) {
  if (octets.size() - at < kHeader) return std::nullopt;
  const std::string_view header = octets.substr(at, kHeader);
  const uint64_t key_size = little_endian(header.substr(0, 8));
  const uint64_t value_size = little_endian(header.substr(8, 8));
  if (key_size > kKeyMax || value_size > octets.size() - at - kHeader ||
      key_size > octets.size() - at - kHeader - value_size)
    return std::nullopt;
  if (masked_crc32c(header.substr(0, 24)) != little_endian(header.substr(24, 4))) return std::nullopt;
  const std::string_view both = octets.substr(at + kHeader, key_size + value_size);
  return Blob{both.substr(0, key_size), both.substr(key_size),
              masked_crc32c(both) == little_endian(header.substr(28, 4))};
}

}  // namespace

BlobScan for_each_blob(std::string_view octets,
                       const std::function<void(std::string_view key, std::string_view value)>& blob) {
  BlobScan out;
  // A file that was not closed has no footer; its last octets are records then.
  size_t at = std::min(kFileHeader, octets.size());
  while (at < octets.size()) {
    const auto one = blob_at(octets, at);
    if (!one) {
      if (octets.size() - at == kFooter) break;
      out.damaged = true;
      ++at;
      continue;
    }
    if (one->whole) {
      ++out.records;
      blob(one->key, one->value);
    } else {
      out.damaged = true;
    }
    at += one->size();
  }
  return out;
}

}  // namespace waybill::queue::rocks
