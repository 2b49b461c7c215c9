// issued_certificate.h: a certificate for some host names with the root that issued it, as PEM files, made
// anew for each test. The chain file holds both, as servers send them.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace waybill::test {

enum class Validity { now, expired };

class IssuedCertificate {
 public:
  explicit IssuedCertificate(const std::vector<std::string>& names, Validity validity = Validity::now) {
    char folder[] = "/tmp/waybill-issued-XXXXXX";
    folder_ = mkdtemp(folder);
    const Key root_key(EVP_EC_gen("P-256"));
    const Key key(EVP_EC_gen("P-256"));
    const Cert root = blank("Test Root", root_key.get(), 1, Validity::now);
    add(root.get(), NID_basic_constraints, "critical,CA:TRUE", root.get());
    X509_set_issuer_name(root.get(), X509_get_subject_name(root.get()));
    X509_sign(root.get(), root_key.get(), EVP_sha256());
    const Cert own = blank(names.empty() ? "nobody" : names.front(), key.get(), 2, validity);
    std::string alternatives;
    for (const std::string& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    if (!alternatives.empty()) add(own.get(), NID_subject_alt_name, alternatives, root.get());
    X509_set_issuer_name(own.get(), X509_get_subject_name(root.get()));
    X509_sign(own.get(), root_key.get(), EVP_sha256());
    write("roots.pem", [&](FILE* out) { PEM_write_X509(out, root.get()); });
    write("chain.pem", [&](FILE* out) {
      PEM_write_X509(out, own.get());
      PEM_write_X509(out, root.get());
    });
    write("key.pem",
          [&](FILE* out) { PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  ~IssuedCertificate() {
    for (const char* file : {"roots.pem", "chain.pem", "key.pem"}) unlink((folder_ + "/" + file).c_str());
    rmdir(folder_.c_str());
  }
  IssuedCertificate(const IssuedCertificate&) = delete;
  IssuedCertificate& operator=(const IssuedCertificate&) = delete;

  [[nodiscard]] std::string chain_file() const { return folder_ + "/chain.pem"; }
  [[nodiscard]] std::string key_file() const { return folder_ + "/key.pem"; }
  [[nodiscard]] std::string roots_file() const { return folder_ + "/roots.pem"; }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Cert = std::unique_ptr<X509, Free>;

  static Cert blank(const std::string& common_name, EVP_PKEY* key, long serial, Validity validity) {
    Cert out(X509_new());
    X509_set_version(out.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), validity == Validity::expired ? -3600 : 86400);
    X509_set_pubkey(out.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    return out;
  }
  static void add(X509* to, int kind, const std::string& value, X509* issuer) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  void write(const std::string& file, Write write_to) const {
    FILE* out = fopen((folder_ + "/" + file).c_str(), "w");
    write_to(out);
    fclose(out);
  }
  std::string folder_;
};

}  // namespace waybill::test
