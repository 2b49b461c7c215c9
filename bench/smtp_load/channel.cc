#include "channel.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "smtp_load.h"

namespace smtp_load {

void die(const std::string& why) {
  std::fprintf(stderr, "smtp_load: %s\n", why.c_str());
  std::_Exit(1);
}

Channel::Channel(int fd) : fd_(fd) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Channel::~Channel() {
  if (ssl_ != nullptr) {
    SSL_set_quiet_shutdown(ssl_, 1);
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
  }
  close(fd_);
}

bool Channel::start_tls(SSL_CTX* context, bool server, SSL_SESSION* session) {
  begin_ = end_ = 0;  // nothing that came in clear counts after the handshake (RFC 3207 4.2)
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, fd_);
  if (session != nullptr) SSL_set_session(ssl_, session);
  return (server ? SSL_accept(ssl_) : SSL_connect(ssl_)) == 1;
}

bool Channel::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ssl_ != nullptr ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                                      : send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool Channel::line(std::string_view& out) {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBuffer);
  for (std::size_t from = begin_;;) {
    const auto* found = static_cast<const char*>(std::memchr(buffer_.get() + from, '\n', end_ - from));
    if (found != nullptr) {
      const auto stop = static_cast<std::size_t>(found - buffer_.get());
      out = {buffer_.get() + begin_, stop - begin_};
      if (out.ends_with('\r')) out.remove_suffix(1);
      begin_ = stop + 1;
      return true;
    }
    if (begin_ > 0) std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    from = end_;
    if (end_ == kBuffer || !fill()) return false;
  }
}

bool Channel::read_message(long& number) {
  std::string_view text;
  bool header = true;
  while (line(text)) {
    if (text == ".") return true;
    if (!header) continue;
    header = !text.empty();
    if (text.starts_with(kNumberField))
      number = std::strtol(std::string(text.substr(sizeof kNumberField - 1)).c_str(), nullptr, 10);
  }
  return false;
}

bool Channel::fill() {
  const std::size_t room = kBuffer - end_;
  const ssize_t n = ssl_ != nullptr ? SSL_read(ssl_, buffer_.get() + end_, static_cast<int>(room))
                                    : recv(fd_, buffer_.get() + end_, room, 0);
  if (n <= 0) return false;
  end_ += static_cast<std::size_t>(n);
  return true;
}

}  // namespace smtp_load
