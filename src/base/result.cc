#include "base/result.h"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace waybill {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not found";
    case Errc::exists:
      return "exists";
    case Errc::refused:
      return "refused";
    case Errc::timeout:
      return "timeout";
    case Errc::closed:
      return "closed";
    case Errc::no_space:
      return "no space";
    case Errc::io:
      return "i/o";
    case Errc::corrupt:
      return "corrupt";
    case Errc::busy:
      return "busy";
    case Errc::unsupported:
      return "unsupported";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

namespace {
Errc errc_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return Errc::no_space;
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case EEXIST:
      return Errc::exists;
    case EACCES:
    case EPERM:
    case ECONNREFUSED:
      return Errc::refused;
    case ETIMEDOUT:
      return Errc::timeout;
    case EPIPE:
    case ECONNRESET:
      return Errc::closed;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
      return Errc::busy;
    default:
      return Errc::io;
  }
}
}  // namespace

Error errno_error(std::string_view doing, int error_number) {
  return {errc_of(error_number), fmt::format("{}: {}", doing, std::generic_category().message(error_number))};
}

Error errno_error(std::string_view doing) { return errno_error(doing, errno); }

}  // namespace waybill
