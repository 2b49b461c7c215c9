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
  /// A client's that accepts any certificate, too, but looks at it: Stream::peer() tells what it is worth by
  /// the system's roots, or by those of a PEM file. Never resumes a session, so that there is a chain to see.
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> examining_client(
      const std::string& roots_file = {});
  /// A client's that shakes hands only with a server whose certificate chain leads to the system's roots, or
  /// to those of a PEM file, and which names the host asked for (RFC 9525; an address by an iPAddress name).
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> verifying_client(
      const std::string& roots_file = {});
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
