#include "cli/config_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <memory>

#include "base/result.h"

namespace waybill::cli {
namespace {
template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using BioPtr = std::unique_ptr<BIO, Freer<&BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Freer<&X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<&EVP_PKEY_free>>;

constexpr std::chrono::days kRenewalMargin{14};

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string out = reason != nullptr ? reason : "not in PEM form";
  ERR_clear_error();
  return out;
}

int no_passphrase(char*, int, int, void*) { return 0; }  // never ask at the terminal: the daemon can't

BioPtr open(const std::string& file, bool about_key, std::vector<CertificateFault>& faults) {
  errno = 0;
  BioPtr bio(BIO_new_file(file.c_str(), "r"));
  if (!bio) {
    const int why = errno;
    ERR_clear_error();
    faults.push_back(
        {"tls-unreadable", true, about_key, errno_error(fmt::format("cannot read {}", file), why).what, ""});
  }
  return bio;
}

void check_dates(const X509& certificate, const std::string& file, Time now,
                 std::vector<CertificateFault>& faults) {
  const std::time_t at = std::chrono::duration_cast<Seconds>(now.time_since_epoch()).count();
  int days = 0;
  int seconds = 0;
  ASN1_TIME* wanted = ASN1_TIME_set(nullptr, at);
  const std::unique_ptr<ASN1_TIME, Freer<&ASN1_TIME_free>> holder(wanted);
  if (wanted == nullptr) return;
  if (ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(&certificate), wanted) != 1 || days < 0 ||
      seconds < 0) {
    faults.push_back({"tls-not-yet-valid", true, false,
                      fmt::format("the certificate {} is not valid yet", file),
                      "look at this machine's clock"});
  }
  if (ASN1_TIME_diff(&days, &seconds, wanted, X509_get0_notAfter(&certificate)) != 1 || days < 0 ||
      seconds < 0) {
    faults.push_back({"tls-expired", true, false,
                      fmt::format("the certificate {} expired {} days ago", file, -days), "renew it"});
  } else if (std::chrono::days{days} < kRenewalMargin) {
    faults.push_back({"tls-expires-soon", false, false,
                      fmt::format("the certificate {} ends in {} days", file, days), "renew it"});
  }
}
}  // namespace

std::vector<CertificateFault> check_certificate(const std::string& certificate_file,
                                                const std::string& key_file, const std::string& hostname,
                                                Time now) {
  std::vector<CertificateFault> faults;
  const BioPtr certificate_bio = open(certificate_file, false, faults);
  const BioPtr key_bio = open(key_file, true, faults);
  CertificatePtr certificate;
  KeyPtr key;
  if (certificate_bio) {
    certificate.reset(PEM_read_bio_X509(certificate_bio.get(), nullptr, no_passphrase, nullptr));
    if (!certificate)
      faults.push_back({"tls-no-certificate", true, false,
                        fmt::format("{} holds no certificate: {}", certificate_file, openssl_reason()), ""});
  }
  if (key_bio) {
    key.reset(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr));
    if (!key)
      faults.push_back({"tls-no-key", true, true,
                        fmt::format("{} holds no usable private key: {}", key_file, openssl_reason()),
                        "a key without a passphrase"});
  }
  if (certificate && key && X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    faults.push_back(
        {"tls-mismatch", true, true,
         fmt::format("the key {} does not belong to the certificate {}", key_file, certificate_file), ""});
  }
  if (certificate) {
    check_dates(*certificate, certificate_file, now, faults);
    if (X509_check_host(certificate.get(), hostname.data(), hostname.size(), 0, nullptr) != 1) {
      faults.push_back({"tls-other-name", false, false,
                        fmt::format("the certificate {} does not name {}", certificate_file, hostname), ""});
    }
  }
  struct stat status{};
  if (key && stat(key_file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
    faults.push_back({"tls-key-open", false, true,
                      fmt::format("every user of this machine can read the key {}", key_file),
                      fmt::format("chmod o-rwx {}", key_file)});
  }
  return faults;
}

}  // namespace waybill::cli
