#include "queue/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace waybill::queue {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // reflected

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_sse42(std::string_view bytes, uint32_t crc) {
  uint64_t state = ~crc;
  const char* at = bytes.data();
  size_t left = bytes.size();
  while (left >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
    at += 8;
    left -= 8;
  }
  auto tail = static_cast<uint32_t>(state);
  while (left-- > 0) tail = _mm_crc32_u8(tail, static_cast<unsigned char>(*at++));
  return ~tail;
}
#endif

}  // namespace

uint32_t crc32c_portable(std::string_view bytes, uint32_t crc) {
  crc = ~crc;
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

uint32_t crc32c(std::string_view bytes, uint32_t crc) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return crc32c_sse42(bytes, crc);
#endif
  return crc32c_portable(bytes, crc);
}

}  // namespace waybill::queue

// Debian builds RocksDB for the oldest amd64 processors, and so its checksum, which every octet of the log
// and of the files goes through, goes by tables: a quarter of the time that large messages take. A program's
// own definition comes before a library's (ELF symbol interposition), so that RocksDB uses this one: the same
// function of the same octets.
namespace rocksdb::crc32c {
// NOLINTNEXTLINE(readability-identifier-naming): the name is RocksDB's
uint32_t Extend(uint32_t crc, const char* octets, size_t count);
uint32_t Extend(uint32_t crc, const char* octets, size_t count) {
  return waybill::queue::crc32c({octets, count}, crc);
}
}  // namespace rocksdb::crc32c
