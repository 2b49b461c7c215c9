// config_certificate.h: whether a certificate and its key, PEM files, can serve this host. OpenSSL ends here.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace waybill::cli {

struct CertificateFault {
  std::string id;  ///< "tls-expired"
  bool grave = true;
  bool about_key = false;
  std::string message;
  std::string fix;
};

/// Empty: fine. Grave: unreadable, no certificate, no key, they don't match, expired or not yet valid. Else:
/// ends within 14 days, does not name `hostname`, the key is readable by everyone.
[[nodiscard]] std::vector<CertificateFault> check_certificate(const std::string& certificate_file,
                                                              const std::string& key_file,
                                                              const std::string& hostname, Time now);

}  // namespace waybill::cli
