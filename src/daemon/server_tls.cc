#include "daemon/server_tls.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace waybill::daemon {
namespace {
bool is_unreadable(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0 && errno == EACCES;
}

// What can't be read here can't be read by OpenSSL either, which says why.
std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
}  // namespace

Result<ServerTls> TlsReader::read(const config::TlsFiles& files) {
  if (!files.present()) return ServerTls{};
  if (const auto at = std::ranges::find(read_, files, &ServerTls::files); at != read_.end()) return *at;
  auto made = read_anew(files);
  if (made) read_.push_back(*made);
  return made;
}

Result<ServerTls> TlsReader::read_anew(const config::TlsFiles& files) {
  const auto used = std::ranges::find(in_use_, files, &ServerTls::files);
  for (const std::string& path : {files.certificate, files.key}) {
    if (used == in_use_.end() || !is_unreadable(path)) continue;
    unreadable_.push_back(path);
    return *used;
  }
  // The text first: a file that changes in between is then taken for changed once more, never overlooked.
  ServerTls out{files, nullptr, text_of(files.certificate)};
  auto context = net::TlsContext::server(files.certificate, files.key);
  if (!context) return pass(context.error());
  out.context = std::move(*context);
  if (used != in_use_.end() && used->certificate != out.certificate) renewed_.push_back(files.certificate);
  return out;
}

}  // namespace waybill::daemon
