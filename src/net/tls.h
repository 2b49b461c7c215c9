// tls.h: TLS settings for one side, made once and shared by all its sessions (OpenSSL 3; TLS 1.2 at least).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace waybill::net {

class TlsContext {
 public:
  /// A server's: certificate chain and key in PEM files. Session tickets on, for resumption.
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> server(const std::string& certificate_file,
                                                                  const std::string& key_file);
  /// An opportunistic client's (RFC 7435): encrypts, accepts any certificate.
  [[nodiscard]] static std::shared_ptr<TlsContext> opportunistic_client();
  ~TlsContext();

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  TlsContext();
  std::unique_ptr<Impl> impl_;
};

/// What was agreed, for Received and logs.
struct TlsInfo {
  std::string protocol;  ///< "TLSv1.3"
  std::string cipher;
  bool resumed = false;
};

}  // namespace waybill::net
