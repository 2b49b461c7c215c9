// machine_readings.h: what this process uses and may use, as the kernel tells it. Each is a system call or
// two; none needs a free descriptor to say that there are none. Thread-safe. None: it could not be found out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waybill::daemon {

/// Octets of memory that the process holds resident.
[[nodiscard]] std::optional<uint64_t> resident_octets();
/// Descriptors that are open now.
[[nodiscard]] std::optional<uint64_t> open_descriptors();
/// RLIMIT_NOFILE, as it is in force.
[[nodiscard]] std::optional<uint64_t> descriptors_max();
/// Octets that the file system of `path` has left for us.
[[nodiscard]] std::optional<uint64_t> free_octets(const std::string& path);
/// Octets of memory of the machine, or of the tightest control group (version 2) that the process is in.
[[nodiscard]] std::optional<uint64_t> memory_max_octets();
/// The tightest `memory.max` from the group that `proc_cgroup` (/proc/self/cgroup) names up to `root`.
[[nodiscard]] std::optional<uint64_t> group_memory_max(std::string_view proc_cgroup, const std::string& root);

}  // namespace waybill::daemon
