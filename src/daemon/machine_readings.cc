#include "daemon/machine_readings.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "base/bytes.h"

namespace waybill::daemon {
namespace {
std::optional<std::string> small_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(4096, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<uint64_t> page_octets() {
  const long octets = ::sysconf(_SC_PAGESIZE);
  return octets > 0 ? std::optional(static_cast<uint64_t>(octets)) : std::nullopt;
}
}  // namespace

std::optional<uint64_t> resident_octets() {
  const auto text = small_file("/proc/self/statm");
  const auto page = page_octets();
  if (!text || !page) return std::nullopt;
  const auto fields = split(trim(*text), ' ');  // proc(5): size resident shared …, in pages
  const auto pages = fields.size() > 1 ? number(fields[1]) : std::nullopt;
  return pages ? std::optional(*pages * *page) : std::nullopt;
}

std::optional<uint64_t> open_descriptors() {
  struct stat about{};
  // Since Linux 6.2 the folder's size is their number.
  if (::stat("/proc/self/fd", &about) == 0 && about.st_size > 0) return static_cast<uint64_t>(about.st_size);
  std::error_code error;
  std::filesystem::directory_iterator at("/proc/self/fd", error);
  // No descriptor to read the folder with: that is an answer, too.
  if (error == std::errc::too_many_files_open) return descriptors_max();
  if (error) return std::nullopt;
  uint64_t count = 0;
  for (; at != std::filesystem::directory_iterator(); at.increment(error)) {
    if (error) return std::nullopt;
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // without the one that reads
}

std::optional<uint64_t> descriptors_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

std::optional<uint64_t> free_octets(const std::string& path) {
  struct statvfs about{};
  if (::statvfs(path.c_str(), &about) != 0) return std::nullopt;
  return static_cast<uint64_t>(about.f_bavail) * about.f_frsize;
}

std::optional<uint64_t> group_memory_max(std::string_view proc_cgroup, const std::string& root) {
  std::optional<uint64_t> least;
  for (const std::string_view line : split(proc_cgroup, '\n')) {
    if (!line.starts_with("0::/")) continue;  // cgroups(7): the one of version 2
    std::string group(line.substr(3));
    while (true) {
      const auto text = small_file(root + group + "/memory.max");
      const auto max = text ? number(trim(*text)) : std::nullopt;  // "max": none
      if (max) least = std::min(least.value_or(*max), *max);
      if (group.size() <= 1) break;
      group.resize(std::max<size_t>(group.rfind('/'), 1));
    }
  }
  return least;
}

std::optional<uint64_t> memory_max_octets() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const auto page = page_octets();
  std::optional<uint64_t> out;
  if (pages > 0 && page) out = static_cast<uint64_t>(pages) * *page;
  const auto groups = small_file("/proc/self/cgroup");
  const auto group = groups ? group_memory_max(*groups, "/sys/fs/cgroup") : std::nullopt;
  if (group) out = std::min(out.value_or(*group), *group);
  return out;
}

}  // namespace waybill::daemon
