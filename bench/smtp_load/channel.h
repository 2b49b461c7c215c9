// channel.h: a connection with line reading, in clear or by TLS. Blocking; reads return false at the end of
// it.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace smtp_load {

[[noreturn]] void die(const std::string& why);

class Channel {
 public:
  /// Takes the socket over.
  explicit Channel(int fd);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  bool start_tls(SSL_CTX* context, bool server, SSL_SESSION* session);
  [[nodiscard]] bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }
  [[nodiscard]] bool secure() const { return ssl_ != nullptr; }
  bool write(std::string_view text);
  /// The next line without its CRLF; it stays valid until the next read. Longer ones than the buffer end it.
  bool line(std::string_view& out);
  /// Reads a message up to and with its final dot; `number` is that of its field kNumberField, if it has one.
  bool read_message(long& number);
  /// For a session that waits, and of which nothing is unread.
  void forget_buffer() { buffer_.reset(); }

 private:
  bool fill();

  static constexpr std::size_t kBuffer = 65536;
  int fd_;
  SSL* ssl_ = nullptr;
  std::size_t begin_ = 0, end_ = 0;
  std::unique_ptr<char[]> buffer_;  // made with the first read
};

}  // namespace smtp_load
