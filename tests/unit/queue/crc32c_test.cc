// The checksum of every stored value, and of RocksDB's log and files, which uses ours.
#include "queue/crc32c.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

namespace rocksdb::crc32c {
uint32_t Extend(uint32_t crc, const char* octets, size_t count);
}

namespace waybill::queue {
namespace {

TEST(Crc32c, is_the_one_of_rfc_3720) {
  // RFC 3720 B.4
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, by_instruction_and_by_table_agree_whatever_the_length_and_the_pieces) {
  std::string text;
  for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i * 37 + i / 7));
  for (size_t length = 0; length <= text.size(); ++length) {
    const std::string_view all = std::string_view(text).substr(0, length);
    const uint32_t whole = crc32c_portable(all);
    ASSERT_EQ(crc32c(all), whole) << length;
    const size_t cut = length / 3;
    ASSERT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), whole) << length;
    ASSERT_EQ(
        rocksdb::crc32c::Extend(rocksdb::crc32c::Extend(0, all.data(), cut), all.data() + cut, length - cut),
        whole);
  }
}

TEST(Crc32c, rocksdb_takes_ours) {
  void* const found = dlsym(RTLD_DEFAULT, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  ASSERT_NE(found, nullptr);
  Dl_info where{};
  ASSERT_NE(dladdr(found, &where), 0);
  EXPECT_EQ(std::string(where.dli_fname).find("librocksdb"), std::string::npos)
      << "the library's own is found first: " << where.dli_fname;
}

}  // namespace
}  // namespace waybill::queue
