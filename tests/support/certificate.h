// certificate.h: a self-signed certificate and its key in PEM files, made anew for each test run.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace waybill::test {

class Certificate {
 public:
  explicit Certificate(const std::string& host = "localhost") {
    char folder[] = "/tmp/waybill-cert-XXXXXX";
    folder_ = mkdtemp(folder);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host.c_str()),
                               -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    write(certificate_file(), [&](FILE* out) { PEM_write_X509(out, certificate); });
    write(key_file(),
          [&](FILE* out) { PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() {
    unlink(certificate_file().c_str());
    unlink(key_file().c_str());
    rmdir(folder_.c_str());
  }
  [[nodiscard]] std::string certificate_file() const { return folder_ + "/cert.pem"; }
  [[nodiscard]] std::string key_file() const { return folder_ + "/key.pem"; }

 private:
  template <class Write>
  static void write(const std::string& path, Write write_to) {
    FILE* out = fopen(path.c_str(), "w");
    write_to(out);
    fclose(out);
  }
  std::string folder_;
};

}  // namespace waybill::test
