// server_tls.h: the certificates that listeners show, and what a reload finds in their files.
//
// Thread rule: none of its own; reads files, so not on a loop that moves mail.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "net/tls.h"

namespace waybill::daemon {

/// One certificate and key in use.
struct ServerTls {
  config::TlsFiles files;
  std::shared_ptr<net::TlsContext> context;  ///< null: none is configured
  /// What the certificate's file held when `context` was made of it. A new key is a new certificate too, so
  /// that the key need not be kept a second time.
  std::string certificate;
};

/// Reads the files of one configuration, each pair once, however many listeners share it.
class TlsReader {
 public:
  /// `in_use`: what the listeners show now; empty at the start.
  explicit TlsReader(std::vector<ServerTls> in_use = {}) : in_use_(std::move(in_use)) {}

  /// With `user` a key may be root's alone: then the one in use goes on. Errors: a certificate or key that
  /// can't be used.
  [[nodiscard]] Result<ServerTls> read(const config::TlsFiles& files);

  /// Certificate files that hold something else than what is in use: it was read.
  [[nodiscard]] const std::vector<std::string>& renewed() const { return renewed_; }
  /// Certificate or key files that can't be read any more: what is in use stays.
  [[nodiscard]] const std::vector<std::string>& unreadable() const { return unreadable_; }

 private:
  [[nodiscard]] Result<ServerTls> read_anew(const config::TlsFiles& files);

  std::vector<ServerTls> in_use_;
  std::vector<ServerTls> read_;
  std::vector<std::string> renewed_;
  std::vector<std::string> unreadable_;
};

}  // namespace waybill::daemon
