#include "cli/bulk_output.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "base/bytes.h"

namespace waybill::cli {
namespace {
constexpr size_t kReadOctets = 1 << 20;
/// Far more than the longest answer's; a file with longer ones is none of ours.
constexpr size_t kLineOctetsMax = 4 << 20;

/// Two runs into one file would mix their lines.
Status lock(int fd, const std::string& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return fail(Errc::busy, "another run writes to {}", path);
  return {};
}
}  // namespace

void InOrder::put(uint64_t number, std::string text) {
  octets_ += text.size();
  held_.emplace(number, std::move(text));
}

void InOrder::take(std::string& into) {
  for (auto at = held_.find(next_); at != held_.end(); at = held_.find(next_)) {
    octets_ -= at->second.size();
    into += at->second;
    held_.erase(at);
    ++next_;
  }
}

Result<Earlier> read_earlier(int fd) {
  Earlier earlier;
  std::string piece(kReadOctets, '\0');
  std::string line;  // since the last newline
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(fd, piece.data(), piece.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return pass(errno_error("cannot read the earlier output"));
    if (got == 0) {
      earlier.cut_line = line.substr(0, 100);
      return earlier;
    }
    const std::string_view view = std::string_view(piece).substr(0, static_cast<size_t>(got));
    const size_t last = view.rfind('\n');
    if (last == std::string_view::npos) {
      line += view;
      if (line.size() > kLineOctetsMax)
        return fail(Errc::invalid, "a line of over {} octets: this is no output of a lookup", kLineOctetsMax);
    } else {
      const size_t before = last == 0 ? std::string_view::npos : view.rfind('\n', last - 1);
      earlier.lines += static_cast<uint64_t>(std::ranges::count(view.substr(0, last + 1), '\n'));
      earlier.last_line = before == std::string_view::npos
                              ? line + std::string(view.substr(0, last))
                              : std::string(view.substr(before + 1, last - before - 1));
      earlier.octets = static_cast<uint64_t>(at) + last + 1;
      line = view.substr(last + 1);
    }
    at += got;
  }
}

Result<std::string> name_of_line(std::string_view line) {
  boost::system::error_code error;
  const auto value = boost::json::parse({line.data(), line.size()}, error);
  if (!error && value.is_object()) {
    for (const std::string_view key : {"input", "domain"}) {
      const auto* name = value.as_object().if_contains({key.data(), key.size()});
      if (name != nullptr && name->is_string()) return std::string(name->as_string());
    }
  }
  return fail(Errc::invalid, "'{}' is no line of `lookup --json`", printable(line, 80));
}

Result<BulkOutput> BulkOutput::create(const std::string& path) {
  Earlier earlier;
  auto output = resume(path, earlier);
  if (output && (earlier.octets != 0 || !earlier.cut_line.empty()))
    return fail(Errc::exists,
                "{} holds {} lines already: --resume goes on behind them, another name begins anew", path,
                earlier.lines);
  return output;
}

Result<BulkOutput> BulkOutput::resume(const std::string& path, Earlier& earlier) {
  BulkOutput output;
  output.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (output.fd_ < 0) return pass(errno_error("cannot write " + path));
  struct stat facts{};
  if (::fstat(output.fd_, &facts) != 0) return pass(errno_error("cannot write " + path));
  if (!S_ISREG(facts.st_mode)) return fail(Errc::invalid, "{} is no regular file", path);
  if (auto locked = lock(output.fd_, path); !locked) return pass(locked.error());
  auto read = read_earlier(output.fd_);
  if (!read) return pass(read.error(), path);
  earlier = std::move(*read);
  // What is no line of ours must not be written into.
  if (!earlier.last_line.empty()) {
    if (const auto name = name_of_line(earlier.last_line); !name) return pass(name.error(), path);
  }
  if (!earlier.cut_line.empty() && !earlier.cut_line.starts_with('{'))
    return fail(Errc::invalid, "{} does not end in a line of `lookup --json`", path);
  if (::lseek(output.fd_, static_cast<off_t>(earlier.octets), SEEK_SET) < 0)
    return pass(errno_error("cannot write " + path));
  return output;
}

BulkOutput::BulkOutput(BulkOutput&& other) noexcept : fd_(std::exchange(other.fd_, 1)) {}
BulkOutput& BulkOutput::operator=(BulkOutput&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
BulkOutput::~BulkOutput() {
  if (fd_ > 2) ::close(fd_);
}

Status BulkOutput::cut(const Earlier& earlier) const {
  if (earlier.cut_line.empty()) return {};
  if (::ftruncate(fd_, static_cast<off_t>(earlier.octets)) != 0)
    return pass(errno_error("cannot shorten the output"));
  return {};
}

Status BulkOutput::write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t put = ::write(fd_, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EPIPE) return fail(Errc::closed, "nobody reads the output any more");
    if (put < 0) return pass(errno_error("cannot write the output"));
    text.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

}  // namespace waybill::cli
