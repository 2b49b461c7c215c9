// control_socket.cc: finds a running daemon by a file that may be broken.
#include <fstream>

#include "config/config.h"
#include "config/kinds.h"

namespace waybill::config {
namespace {
constexpr int kFaultsMax = 8;

/// What stands before the first fault of the grammar; cutting may uncover another one, such as an open
/// bracket.
toml::table sound_beginning(std::string text) {
  for (int fault = 0; fault < kFaultsMax; ++fault) {
    try {
      return toml::parse(text);
    } catch (const toml::parse_error& error) {
      size_t end = 0;
      for (toml::source_index line = 1; line < error.source().begin.line && end != std::string::npos;
           ++line) {
        end = text.find('\n', end);
        if (end != std::string::npos) ++end;
      }
      // A fault at the end of what is left lies in its last line.
      if (end >= text.size()) end = text.find_last_of('\n', text.empty() ? 0 : text.size() - 2) + 1;
      text.resize(end);
    }
  }
  return {};
}
}  // namespace

Result<std::string> control_socket_of(const std::filesystem::path& path) {
  if (auto config = load(path)) return config->control.socket;
  std::error_code error;
  const auto folder = std::filesystem::absolute(path, error).parent_path();
  if (error || !std::filesystem::is_regular_file(path, error))
    return fail(Errc::invalid, "{} is no file that can be read", path.string());
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::invalid, "{} can't be read", path.string());
  std::string text(kFileOctetsMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  const toml::table root = sound_beginning(std::move(text));
  const auto socket = root["control"]["socket"].value_or(std::string());
  if (!socket.empty()) return (folder / socket).string();
  const auto data_dir = root["data_dir"].value_or(std::string());
  return (folder / (data_dir.empty() ? Config().data_dir : data_dir) / "control.sock").string();
}

}  // namespace waybill::config
