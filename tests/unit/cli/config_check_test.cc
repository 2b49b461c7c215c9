// `waybill config check` on a real folder: certificates, permissions, addresses, zones.
#include "cli/config_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/config_certificate.h"
#include "support/verb_run.h"

namespace waybill::cli {
namespace {
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class ConfigCheck : public ::testing::Test {
 protected:
  ConfigCheck() {
    std::string name = fs::temp_directory_path() / "waybill-config-XXXXXX";
    folder_ = mkdtemp(name.data());
    fs::create_directory(folder_ / "data");
  }
  ~ConfigCheck() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  // Ids of what is found, with what every file here needs put before it.
  std::vector<std::string> ids(std::string_view more) {
    const std::string path =
        write("waybill.toml", fmt::format("hostname = \"mx1.example.org\"\ndata_dir = \"data\"\n{}", more));
    const auto config = config::load(path);
    if (!config) return {config.error().at(0).to_string()};
    findings_ = check_machine(*config, path, SystemClock().now());
    std::vector<std::string> out;
    for (const ConfigFinding& finding : findings_) {
      if (finding.id != "config.runs-as-root") out.push_back(finding.id);
    }
    return out;
  }

  struct Pair {
    std::string certificate;
    std::string key;
  };
  Pair make_certificate(const std::string& name, std::string_view common_name, long from_s, long to_s) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to_s);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    X509_sign(certificate, key, EVP_sha256());
    Pair out{folder_ / (name + ".pem"), folder_ / (name + ".key")};
    FILE* file = fopen(out.certificate.c_str(), "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    file = fopen(out.key.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    fclose(file);
    chmod(out.key.c_str(), 0600);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return out;
  }

  std::vector<std::string> certificate_ids(const Pair& pair) {
    std::vector<std::string> out;
    for (const auto& fault :
         check_certificate(pair.certificate, pair.key, "mx1.example.org", SystemClock().now()))
      out.push_back(fault.id);
    return out;
  }

  fs::path folder_;
  std::vector<ConfigFinding> findings_;
};

constexpr long kDay = 86'400;
constexpr std::string_view kListener = "[[listener]]\naddress = \"127.0.0.1:0\"\n";
using Ids = std::vector<std::string>;

TEST_F(ConfigCheck, a_sound_file_has_nothing_to_say) { EXPECT_EQ(ids(kListener), Ids{}); }

TEST_F(ConfigCheck, certificates) {
  const Pair good = make_certificate("good", "mx1.example.org", -kDay, 90 * kDay);
  EXPECT_EQ(certificate_ids(good), Ids{});
  EXPECT_EQ(certificate_ids(make_certificate("old", "mx1.example.org", -90 * kDay, -kDay)),
            Ids{"tls-expired"});
  EXPECT_EQ(certificate_ids(make_certificate("new", "mx1.example.org", kDay, 90 * kDay)),
            Ids{"tls-not-yet-valid"});
  EXPECT_EQ(certificate_ids(make_certificate("soon", "mx1.example.org", -kDay, 5 * kDay)),
            Ids{"tls-expires-soon"});
  const Pair other = make_certificate("other", "mx9.example.org", -kDay, 90 * kDay);
  EXPECT_EQ(certificate_ids(other), Ids{"tls-other-name"});
  EXPECT_EQ(certificate_ids({good.certificate, other.key}), Ids{"tls-mismatch"});
  EXPECT_EQ(certificate_ids({good.key, good.key}), Ids{"tls-no-certificate"});
  EXPECT_EQ(certificate_ids({good.certificate, good.certificate}), Ids{"tls-no-key"});
  EXPECT_EQ(certificate_ids({good.certificate, folder_ / "none"}), Ids{"tls-unreadable"});
  chmod(good.key.c_str(), 0644);
  EXPECT_EQ(certificate_ids(good), Ids{"tls-key-open"});
}

TEST_F(ConfigCheck, a_certificates_fault_stands_at_its_key) {
  const Pair good = make_certificate("good", "mx1.example.org", -kDay, 90 * kDay);
  EXPECT_THAT(ids("[tls]\ncertificate = \"good.pem\"\nkey = \"none.key\"\n"),
              Contains("config.tls-unreadable"));
  const auto found = std::ranges::find(findings_, "config.tls-unreadable", &ConfigFinding::id);
  EXPECT_EQ(found->line, 5u);
  EXPECT_EQ(found->level, Level::error);
}

TEST_F(ConfigCheck, addresses_must_be_ours) {
  EXPECT_EQ(ids("[[listener]]\naddress = \"203.0.113.77:25\"\n"), Ids{"config.address-not-local"});
  EXPECT_EQ(findings_.back().line, 4u);
  EXPECT_EQ(ids(fmt::format("{}[deliver]\nsource_ipv4 = \"203.0.113.77\"\n", kListener)),
            Ids{"config.address-not-local"});
  EXPECT_EQ(ids(fmt::format("{}[deliver]\nsource_ipv4 = \"127.9.9.9\"\n", kListener)), Ids{});
}

TEST_F(ConfigCheck, zones_are_read) {
  write("bad.zone", "$ORIGIN example.\n@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a\na 60 A 192.0.2.300\n");
  EXPECT_EQ(ids(fmt::format("{}[dns]\nzones = [\"bad.zone\"]\n", kListener)), Ids{"config.zone-error"});
  EXPECT_THAT(findings_.back().file, HasSubstr("bad.zone"));
  EXPECT_EQ(findings_.back().line, 4u);
  EXPECT_THAT(ids(fmt::format("{}[dns]\nzones = [\"none.zone\"]\n", kListener)),
              Contains("config.zone-error"));
}

TEST_F(ConfigCheck, folders_and_users) {
  EXPECT_EQ(ids("user = \"no-such-user-here\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n"),
            Ids{"config.no-user"});
  EXPECT_EQ(
      ids(fmt::format("{}[domain.\"example.org\"]\nmailboxes = \"maildir:mail/{{user}}\"\nusers = [\"*\"]\n",
                      kListener)),
      Ids{"config.mailbox-for-anyone"});
  EXPECT_EQ(ids(fmt::format("{}[domain.\"example.org\"]\nmailboxes = \"lmtp:unix:none.sock\"\n", kListener)),
            Ids{"config.lmtp-no-socket"});
  EXPECT_EQ(ids(fmt::format("{}[control]\nsocket = \"none/c.sock\"\n", kListener)),
            Ids{"config.socket-folder-missing"});
  EXPECT_EQ(ids(fmt::format("{}[relay]\ntrusted_networks = []\n", kListener)), Ids{"config.no-mail"});
  EXPECT_EQ(ids(fmt::format("{}[http]\nlisten = \"0.0.0.0:0\"\n", kListener)), Ids{"config.http-open"});
  fs::remove(folder_ / "data");
  EXPECT_EQ(ids(kListener), Ids{"config.data-dir-new"});
  write("data", "a file");
  EXPECT_EQ(ids(kListener), Ids{"config.data-dir-no-folder"});
}

TEST_F(ConfigCheck, a_queue_folder_to_come_is_proved_as_far_as_it_goes) {
  const auto of = [&](const std::string& data_dir) {
    const std::string path =
        write("waybill.toml",
              fmt::format("hostname = \"mx1.example.org\"\ndata_dir = \"{}\"\n{}", data_dir, kListener));
    std::vector<std::string> out;
    for (const ConfigFinding& finding : check_machine(*config::load(path), path, SystemClock().now())) {
      if (finding.id.starts_with("config.data-dir")) out.push_back(finding.id);
    }
    return out;
  };
  EXPECT_EQ(of("new/below/new"), Ids{"config.data-dir-new"}) << "serve makes all of them";
  EXPECT_EQ(of("/proc/nope"), Ids{"config.data-dir-missing"}) << "root may write there, by its mode alone";
  EXPECT_EQ(of("/sys/nope/below"), Ids{"config.data-dir-missing"});
  write("file", "");
  EXPECT_EQ(of("file/below"), Ids{"config.data-dir-missing"});
}

TEST_F(ConfigCheck, init_speaks_on_standard_error_alone) {
  const std::string path = folder_ / "fresh.toml";
  const test::Ran wrote = test::run_verb({add_config}, {"config", "init", path});
  EXPECT_EQ(wrote.code, exit_ok) << wrote.err;
  EXPECT_EQ(wrote.out, "") << "`config init > FILE` would make a configuration of it";
  EXPECT_THAT(wrote.err, HasSubstr("wrote " + path));
  EXPECT_EQ(test::run_verb({add_config}, {"config", "init", "-"}).out, config::commented_default());
}

TEST_F(ConfigCheck, a_folder_is_no_missing_file) {
  const test::Ran ran = test::run_verb({add_config}, {"config", "check", folder_});
  EXPECT_EQ(ran.code, exit_usage);
  EXPECT_THAT(ran.err, HasSubstr("is a folder"));
}

TEST_F(ConfigCheck, a_backup_that_knows_no_users_makes_backscatter) {
  const auto with = [&](std::string_view keys) {
    return ids(fmt::format("{}[domain.\"example.net\"]\n{}", kListener, keys));
  };
  EXPECT_EQ(with("role = \"backup\"\n"), Ids{"config.backscatter"});
  EXPECT_EQ(findings_.back().level, Level::warning);
  EXPECT_EQ(findings_.back().line, 5u) << "the domain's place: the key is not there";
  EXPECT_THAT(findings_.back().message, HasSubstr("nobody hears"));
  EXPECT_THAT(findings_.back().fix, HasSubstr("users = "));
  EXPECT_EQ(with("role = \"backup\"\nbounce_refused = true\n"), Ids{"config.backscatter"});
  EXPECT_THAT(findings_.back().message, HasSubstr("bounced"));
  EXPECT_EQ(with("role = \"backup\"\nrecipients = \"callout\"\n"), Ids{});
  EXPECT_EQ(with("role = \"backup\"\nusers = [\"*\"]\n"), Ids{"config.backscatter"});
  EXPECT_EQ(findings_.back().line, 7u);
  EXPECT_EQ(with("role = \"backup\"\nusers = [\"john\"]\n"), Ids{});
}

TEST_F(ConfigCheck, the_configured_user_must_be_able_to_write) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can be told to become another user";
  EXPECT_EQ(ids("user = \"nobody\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n"),
            Ids{"config.data-dir-read-only"});
}
TEST_F(ConfigCheck, every_alias_leads_to_somebody) {
  const auto with = [&](const std::string& aliases) {
    return ids(
        fmt::format("{}[domain.\"example.org\"]\nmailboxes = \"maildir:{}/{{user}}\"\nusers = [\"john\"]\n"
                    "aliases = {{ {} }}\n",
                    kListener, folder_.string(), aliases));
  };
  EXPECT_EQ(with("sales = [\"john\", \"ann@example.net\"]"), Ids{});
  EXPECT_EQ(with("sales = \"gone\""), Ids{"config.alias-to-nobody"});
  EXPECT_EQ(findings_.back().level, Level::error);
  EXPECT_EQ(findings_.back().line, 8U);
  EXPECT_EQ(with("sales = [\"john\", \"gone\"]"), Ids{"config.alias-to-nobody"});
  EXPECT_EQ(findings_.back().level, Level::warning);
  EXPECT_EQ(with("a = \"b\", b = \"a\""), (Ids{"config.alias-loop", "config.alias-loop"}));
}

TEST_F(ConfigCheck, files_of_recipients) {
  const std::string domain = fmt::format("{}[domain.\"example.org\"]\nmailboxes = \"maildir:{}/{{user}}\"\n",
                                         kListener, folder_.string());
  EXPECT_EQ(ids(domain + "users_file = \"none\"\n"),
            (Ids{"config.recipients-unreadable", "config.recipients"}));
  std::ofstream(folder_ / "aliases") << "a: john\nb: gone\n";
  EXPECT_EQ(ids(domain + "users = [\"john\"]\naliases_file = \"aliases\"\n"), Ids{"config.alias-to-nobody"});
  EXPECT_EQ(findings_.back().file, (folder_ / "aliases").string());
  EXPECT_EQ(findings_.back().line, 2U);
  EXPECT_EQ(ids(domain + "users = [\"john\"]\nforward_srs = true\n"), Ids{"config.srs-off"});
}

}  // namespace
}  // namespace waybill::cli
