// What a reload finds in the files of certificates.
#include "daemon/server_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/certificate.h"

namespace waybill::daemon {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;
namespace fs = std::filesystem;

/// Root reads everything: for a while we are not root.
class AsNobody {
 public:
  AsNobody() : root_(geteuid() == 0) { EXPECT_EQ(root_ ? seteuid(65534) : 0, 0); }
  ~AsNobody() { EXPECT_EQ(root_ ? seteuid(0) : 0, 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  bool root_;
};

class TlsReaderTest : public ::testing::Test {
 protected:
  [[nodiscard]] config::TlsFiles files() const { return {mine_.certificate_file(), mine_.key_file()}; }
  /// As a renewal does it: other contents under the same names.
  void renew() const {
    const test::Certificate other;
    fs::copy_file(other.certificate_file(), files().certificate, fs::copy_options::overwrite_existing);
    fs::copy_file(other.key_file(), files().key, fs::copy_options::overwrite_existing);
  }
  ServerTls in_use() {
    auto read = TlsReader().read(files());
    EXPECT_TRUE(read && read->context);
    return read ? *read : ServerTls{};
  }
  test::Certificate mine_;
};

TEST_F(TlsReaderTest, the_same_certificate_is_no_news) {
  TlsReader reader({in_use()});
  ASSERT_TRUE(reader.read(files()));
  EXPECT_THAT(reader.renewed(), IsEmpty());
  EXPECT_THAT(reader.unreadable(), IsEmpty());
}

TEST_F(TlsReaderTest, another_certificate_under_the_same_name_is_read_and_told_once) {
  const ServerTls before = in_use();
  renew();
  TlsReader reader({before, before});
  const auto first = reader.read(files());
  const auto second = reader.read(files());
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->context, before.context);
  EXPECT_EQ(first->context, second->context) << "two listeners share one";
  EXPECT_THAT(reader.renewed(), ElementsAre(files().certificate));
  TlsReader next({*first});
  ASSERT_TRUE(next.read(files()));
  EXPECT_THAT(next.renewed(), IsEmpty());
}

TEST_F(TlsReaderTest, a_pair_that_no_listener_had_is_not_renewed) {
  TlsReader reader({ServerTls{}});
  ASSERT_TRUE(reader.read(files()));
  EXPECT_THAT(reader.renewed(), IsEmpty());
}

TEST_F(TlsReaderTest, half_a_renewal_is_refused) {
  const ServerTls before = in_use();
  const test::Certificate other;
  fs::copy_file(other.certificate_file(), files().certificate, fs::copy_options::overwrite_existing);
  TlsReader reader({before});
  const auto read = reader.read(files());
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().what, testing::HasSubstr(files().key));
}

TEST_F(TlsReaderTest, no_files_are_no_tls) {
  const auto read = TlsReader().read({});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->context, nullptr);
}

TEST_F(TlsReaderTest, a_key_that_became_roots_alone_leaves_the_one_in_use) {
  const ServerTls before = in_use();
  renew();
  const auto folder = fs::path(files().certificate).parent_path();
  fs::permissions(folder, fs::perms(0755));
  fs::permissions(files().certificate, fs::perms(0644));
  fs::permissions(files().key, fs::perms::none);
  TlsReader reader({before});
  const auto read = [&] {
    const AsNobody nobody;
    return reader.read(files());
  }();
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->context, before.context);
  EXPECT_THAT(reader.unreadable(), ElementsAre(files().key));
  EXPECT_THAT(reader.renewed(), IsEmpty());
  EXPECT_EQ(read->certificate, before.certificate) << "so that it is read once it can be";
}

}  // namespace
}  // namespace waybill::daemon
