// virtual_session.h: one connection to a virtual host: reads commands with the grammar of smtp/, answers
// after the host's latency. One thread. Never answers from inside received().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mail/envelope.h"
#include "net/virtual_world.h"
#include "rehearse/scenario.h"
#include "smtp/body_decoder.h"
#include "smtp/command.h"

namespace waybill::rehearse {

class VirtualHost;

class VirtualSession final : public net::Far, public std::enable_shared_from_this<VirtualSession> {
 public:
  VirtualSession(VirtualHost& host, std::shared_ptr<net::VirtualPipe> pipe);
  ~VirtualSession() override;

  void greet();
  void received(std::string_view octets) override;
  void left() override;
  Status start_tls() override;

 private:
  enum class State : uint8_t { commands, dot, counted, over };
  void on_line(std::string_view line);
  void on_ehlo(const smtp::Command& command);
  void on_mail(std::string_view argument);
  void on_rcpt(std::string_view argument);
  void on_data();
  void on_bdat(std::string_view argument);
  void on_message();
  [[nodiscard]] size_t take_body(std::string_view octets);
  /// The scenario's own doing at this moment, if there is any: then the usual answer is not given.
  [[nodiscard]] bool staged(Moment moment, std::string_view whom = {});
  void say(uint16_t code, std::string_view text);
  void say(const mail::Reply& reply);
  void put(std::string octets);
  void hang_up();
  void leave_host();
  void reset();

  VirtualHost& host_;
  std::shared_ptr<net::VirtualPipe> pipe_;
  State state_ = State::commands;
  bool counted_ = false;  ///< among the host's open connections
  bool tls_ = false;
  std::string buffer_;
  smtp::BodyDecoder decoder_;
  uint64_t chunk_left_ = 0;
  bool chunk_last_ = false;
  bool has_sender_ = false;
  std::string from_;
  uint64_t rcpts_ = 0;
  std::vector<std::string> recipients_;
  uint64_t messages_ = 0;
};

}  // namespace waybill::rehearse
