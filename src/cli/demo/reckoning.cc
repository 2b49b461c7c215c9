#include "cli/demo/reckoning.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "control/client.h"

namespace waybill::cli::demo {
namespace {
namespace fs = std::filesystem;

// A report returns the letter's header, so that its subject stands there as well, once.
void read_mailbox_file(const fs::path& path, const std::string& host, Reckoning& out) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const size_t at = text.find(kSubject);
  if (at == std::string::npos) return;
  uint32_t number = 0;
  const char* digits = text.data() + at + kSubject.size();
  std::from_chars(digits, text.data() + text.size(), number);
  if (number != 0) out.found[number].push_back(host);
}
}  // namespace

std::vector<uint32_t> Reckoning::missing(uint32_t sent) const {
  std::vector<uint32_t> out;
  for (uint32_t number = 1; number <= sent; ++number) {
    if (!found.contains(number)) out.push_back(number);
  }
  return out;
}

std::vector<uint32_t> Reckoning::doubled() const {
  std::vector<uint32_t> out;
  for (const auto& [number, hosts] : found) {
    if (hosts.size() > 1) out.push_back(number);
  }
  return out;
}

Reckoning reckon(const World& world) {
  Reckoning out;
  std::error_code error;
  for (const auto& [name, host] : world.hosts()) {
    for (auto at = fs::recursive_directory_iterator(host.folder + "/mail", error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
      if (at->is_regular_file(error) && at->path().parent_path().filename() == "new") {
        read_mailbox_file(at->path(), name, out);
      }
    }
    error.clear();
  }
  return out;
}

Result<uint64_t> queued(const Host& host) {
  const control::Client client(host.control_socket(), Millis{5000});
  auto status = client.status();
  if (!status) return pass(status.error());
  return status->recipients_queued;
}

}  // namespace waybill::cli::demo
