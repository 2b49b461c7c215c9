// result.h: errors as values. Every fallible function returns Result<T>; exceptions never cross a room.
// Assert our own bugs; return the world's.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace waybill {

/// What kind of failure it was, for callers that decide by it; `Error::what` is for people.
enum class Errc {
  invalid,      ///< the input breaks its own grammar or a stated limit
  not_found,    ///< the named thing does not exist
  exists,       ///< the named thing exists already
  refused,      ///< a rule or a peer said no
  timeout,      ///< a deadline passed
  closed,       ///< the other side went away
  no_space,     ///< the disk or a quota is full
  io,           ///< the operating system failed a read, write, sync or rename
  corrupt,      ///< stored data does not match its checksum or format
  busy,         ///< try again later: a limit is reached
  unsupported,  ///< known, but not done here
  internal,     ///< a bug of ours that we survived
};

[[nodiscard]] std::string_view to_string(Errc code);

struct [[nodiscard]] Error {
  Errc code = Errc::internal;
  std::string what;  ///< one sentence without a final dot: what failed, on what, and why

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// `return fail(Errc::invalid, "bad port {}", port);` from any function that returns a Result.
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// Passes an error on, with what we were doing put before it: "cannot read /etc/x: no such file".
[[nodiscard]] inline std::unexpected<Error> pass(Error error, std::string_view doing = {}) {
  if (!doing.empty()) error.what = fmt::format("{}: {}", doing, error.what);
  return std::unexpected(std::move(error));
}

/// The error for the current `errno` after a failed system call (ENOSPC and EDQUOT become no_space).
[[nodiscard]] Error errno_error(std::string_view doing);
[[nodiscard]] Error errno_error(std::string_view doing, int error_number);

}  // namespace waybill
