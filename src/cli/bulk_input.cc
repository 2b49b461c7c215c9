#include "cli/bulk_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace waybill::cli {
namespace {
constexpr size_t kReadOctets = 256 * 1024;

std::string_view without_comment(std::string_view line) {
  for (size_t at = 0; at < line.size(); ++at) {
    const bool begins = at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
    if (line[at] == '#' && begins) return line.substr(0, at);
  }
  return line;
}
}  // namespace

Result<mail::Domain> parse_domain(std::string text) {
  if (text.size() > 1 && text.ends_with('.')) text.pop_back();
  auto domain = mail::Domain::parse(text);
  // CLI11 takes the brackets off "[192.0.2.1]", so a bare address is looked for as well.
  if ((domain && domain->is_literal()) || IpAddress::parse(text)) {
    return fail(Errc::invalid, "'{}' is an address: there is nothing to look up", text);
  }
  return domain;
}

std::optional<BulkName> parse_bulk_line(std::string_view line, uint64_t number) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (number == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  const std::string_view name = trim(without_comment(line));
  if (name.empty()) return std::nullopt;
  if (name.find_first_of(" \t") != std::string_view::npos)
    return BulkName{number, std::string(name),
                    fail(Errc::invalid, "more than one word: a line holds one name")};
  return BulkName{number, std::string(name), parse_domain(std::string(name))};
}

Result<BulkInput> BulkInput::open(const std::string& path) {
  const int fd = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return pass(errno_error("cannot read " + path));
  BulkInput input(fd);
  struct stat facts{};
  if (::fstat(fd, &facts) != 0) return pass(errno_error("cannot read " + path));
  if (S_ISDIR(facts.st_mode)) return fail(Errc::invalid, "cannot read {}: it is a folder", path);
  input.regular_ = S_ISREG(facts.st_mode);
  return input;
}

BulkInput::BulkInput(BulkInput&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      regular_(other.regular_),
      at_end_(other.at_end_),
      buffer_(std::move(other.buffer_)),
      at_(other.at_),
      line_(other.line_),
      skipping_(other.skipping_) {}

BulkInput::~BulkInput() {
  if (fd_ >= 0) ::close(fd_);
}

Result<BulkInput::Filled> BulkInput::fill() {
  if (!regular_) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, 0) == 0) return Filled::nothing_yet;
  }
  buffer_.erase(0, std::exchange(at_, 0));
  const size_t had = buffer_.size();
  buffer_.resize(had + kReadOctets);
  const ssize_t got = ::read(fd_, buffer_.data() + had, kReadOctets);
  const int error = errno;
  buffer_.resize(had + static_cast<size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) {
    if (error == EINTR || error == EAGAIN) return Filled::nothing_yet;
    return pass(errno_error("cannot read the names", error));
  }
  return got == 0 ? Filled::end : Filled::some;
}

Result<BulkInput::Next> BulkInput::next() {
  while (true) {
    size_t end = buffer_.find('\n', at_);
    if (end == std::string::npos && !at_end_ && buffer_.size() - at_ <= kLineOctetsMax) {
      const auto filled = fill();
      if (!filled) return pass(filled.error());
      if (*filled == Filled::nothing_yet) return Next{Not::yet};
      at_end_ = *filled == Filled::end;
      continue;
    }
    if (end == std::string::npos && buffer_.size() - at_ > kLineOctetsMax) {
      // Said once, at the line's first octets; the rest goes by unread.
      const bool said = std::exchange(skipping_, true);
      std::string text(buffer_, at_, 100);
      buffer_.clear();
      at_ = 0;
      if (said) continue;
      ++line_;
      return Next{
          BulkName{line_, std::move(text), fail(Errc::invalid, "a line of over {} octets", kLineOctetsMax)}};
    }
    if (end == std::string::npos && at_ == buffer_.size()) return Next{Not::more};
    end = std::min(end, buffer_.size());
    const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
    at_ = std::min(end + 1, buffer_.size());
    if (std::exchange(skipping_, false)) continue;
    ++line_;
    if (line.size() > kLineOctetsMax) {
      return Next{BulkName{line_, std::string(line.substr(0, 100)),
                           fail(Errc::invalid, "a line of over {} octets", kLineOctetsMax)}};
    }
    if (auto name = parse_bulk_line(line, line_)) return Next{std::move(*name)};
  }
}

std::optional<uint64_t> BulkInput::count() const {
  if (!regular_) return std::nullopt;
  // Every line that is not blank and no comment is a name, or a bad one.
  std::string piece(kReadOctets, '\0');
  uint64_t names = 0;
  bool fresh = true;  // nothing but blanks on this line so far
  bool is_name = false;
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(fd_, piece.data(), piece.size(), at);
    if (got <= 0) break;
    at += got;
    for (const char c : std::string_view(piece).substr(0, static_cast<size_t>(got))) {
      if (c == '\n') {
        names += is_name ? 1 : 0;
        fresh = true;
        is_name = false;
      } else if (fresh && c != ' ' && c != '\t' && c != '\r') {
        fresh = false;
        is_name = c != '#';
      }
    }
  }
  return names + (is_name ? 1 : 0);
}

}  // namespace waybill::cli
