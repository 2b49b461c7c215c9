#include "net/http_server.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/bytes.h"
#include "base/version.h"

namespace waybill::net {
namespace {
namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr size_t kReadOctets = 64 * 1024;

struct Connection {
  Stream stream;
  HttpLimits limits;
  std::string buffer;  ///< read, not yet parsed
};

/// What became of reading one request: it, or the status to end with, or (neither) the silent end.
struct Received {
  std::optional<HttpRequest> request;
  unsigned error_status = 0;
  bool keep_alive = false;
  bool http_1_0 = false;
};

Received refuse(unsigned status) { return {std::nullopt, status, false, false}; }

unsigned status_of(const boost::system::error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::bad_version) return 505;
  return 400;
}

/// Gives the parser what is buffered; what it took is removed from the buffer.
boost::system::error_code feed(Connection& c, Parser& parser) {
  boost::system::error_code error;
  const size_t used = parser.put(boost::asio::const_buffer(c.buffer.data(), c.buffer.size()), error);
  c.buffer.erase(0, used);
  return error == http::error::need_more ? boost::system::error_code{} : error;
}

Task<Status> read_more(Connection& c, Steady deadline) {
  const size_t had = c.buffer.size();
  c.buffer.resize(had + kReadOctets);
  const Result<size_t> got = co_await c.stream.read(std::span<char>(c.buffer).subspan(had), deadline);
  c.buffer.resize(had + (got ? *got : 0));
  if (!got) co_return pass(got.error());
  co_return Status{};
}

bool has_control(std::string_view text) {
  for (const char ch : text) {
    if (static_cast<unsigned char>(ch) <= 0x20 || ch == 0x7f) return true;
  }
  return false;
}

/// RFC 9112 3.2: origin-form, or absolute-form whose scheme and authority are cut off here.
std::optional<std::string> origin_form(std::string_view target) {
  if (has_control(target)) return std::nullopt;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() <= scheme.size() || !iequals(target.substr(0, scheme.size()), scheme)) continue;
    const size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : std::string(target.substr(slash));
  }
  if (target.empty() || target.front() != '/') return std::nullopt;
  return std::string(target);
}

/// The header as our own value, once it is complete. A status: it is refused.
unsigned take_header(const Parser& parser, HttpRequest& request) {
  const auto& message = parser.get();
  request.method = std::string(message.method_string());
  auto target = origin_form(std::string_view(message.target().data(), message.target().size()));
  if (!target) return 400;
  request.target = std::move(*target);
  for (const auto& field : message) {
    std::string& value = request.headers[to_lower({field.name_string().data(), field.name_string().size()})];
    if (!value.empty()) value += ", ";
    value.append(field.value().data(), field.value().size());
  }
  // RFC 9112 3.2: no Host, or more than one, is an error in HTTP/1.1.
  const auto hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return 400;
  return 0;
}

Task<Received> read_request(Connection& c) {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(c.limits.header_octets_max));
  parser.body_limit(c.limits.body_octets_max);

  if (c.buffer.empty()) {
    const Status status = co_await read_more(c, deadline_in(c.limits.idle));
    if (!status) co_return Received{};
  }
  const Steady header_deadline = deadline_in(c.limits.header);
  while (true) {
    const auto error = feed(c, parser);
    if (error) co_return refuse(status_of(error));
    if (parser.is_header_done()) break;
    const Status status = co_await read_more(c, header_deadline);
    if (!status) co_return status.error().code == Errc::timeout ? refuse(408) : Received{};
  }

  HttpRequest request;
  if (const unsigned status = take_header(parser, request)) co_return refuse(status);
  if (parser.content_length() && *parser.content_length() > c.limits.body_octets_max) co_return refuse(413);
  const Steady body_deadline = deadline_in(c.limits.body);
  if (!parser.is_done() && iequals(request.header("expect"), "100-continue")) {
    const Status status = co_await c.stream.write("HTTP/1.1 100 Continue\r\n\r\n", body_deadline);
    if (!status) co_return Received{};
  }
  while (!parser.is_done()) {
    const size_t waiting = c.buffer.size();
    if (waiting != 0) {
      const auto error = feed(c, parser);
      if (error) co_return refuse(status_of(error));
      if (parser.is_done()) break;
      if (c.buffer.size() != waiting) continue;
      // A chunk header that never ends would pile up here.
      if (waiting > c.limits.header_octets_max + kReadOctets) co_return refuse(400);
    }
    const Status status = co_await read_more(c, body_deadline);
    if (!status) co_return status.error().code == Errc::timeout ? refuse(408) : Received{};
  }
  Received received;
  received.keep_alive = parser.keep_alive();
  received.http_1_0 = parser.get().version() < 11;
  request.body = std::move(parser.get().body());
  received.request = std::move(request);
  co_return received;
}

/// A header value must not be able to start a line of its own, whoever made it.
std::string one_line(std::string_view value) {
  std::string out(value);
  for (char& ch : out) {
    if (static_cast<unsigned char>(ch) < 0x20 || ch == 0x7f) ch = ' ';
  }
  return out;
}

bool bodyless(unsigned status) { return status < 200 || status == 204 || status == 304; }

std::string head_of(const HttpResponse& response, std::string_view connection) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(response.status));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nServer: waybill/{}\r\n", response.status,
                                 std::string_view(reason.data(), reason.size()), kVersion);
  if (!bodyless(response.status)) {
    head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", one_line(response.content_type),
                        response.body.size());
  }
  for (const auto& [name, value] : response.headers) {
    head += fmt::format("{}: {}\r\n", one_line(name), one_line(value));
  }
  head += fmt::format("Connection: {}\r\n\r\n", connection);
  return head;
}

enum class WithBody { yes, no };

Task<Status> write_response(Connection& c, HttpResponse response, std::string_view connection,
                            WithBody with_body) {
  const std::string head = head_of(response, connection);
  std::array<std::string_view, 2> pieces{head, std::string_view()};
  if (with_body == WithBody::yes && !bodyless(response.status)) pieces[1] = response.body;
  const size_t count = pieces[1].empty() ? 1 : 2;
  const Status status = co_await c.stream.write(std::span<const std::string_view>(pieces).first(count),
                                                deadline_in(c.limits.write));
  co_return status;
}

HttpResponse framing_error(unsigned status) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  HttpResponse response;
  response.status = status;
  response.body = fmt::format("{{\"v\":1,\"error\":{{\"code\":\"invalid\",\"message\":\"{}\"}}}}\n",
                              std::string_view(reason.data(), reason.size()));
  return response;
}

/// Reads on for a moment after a refusal: closing with unread octets would reset the connection and take
/// the answer away from a peer that is still sending.
Task<void> linger(Connection& c) {
  const Steady deadline = deadline_in(Millis{1000});
  co_await c.stream.shutdown(deadline);
  size_t discarded = 0;
  while (discarded < 4 * 1024 * 1024) {
    c.buffer.clear();
    const Status status = co_await read_more(c, deadline);
    if (!status) break;
    discarded += c.buffer.size();
  }
}
}  // namespace

Task<void> serve_http(Stream stream, HttpHandler handler, HttpLimits limits) {
  Connection c{std::move(stream), limits, {}};
  for (unsigned served = 1;; ++served) {
    Received received = co_await read_request(c);
    if (received.error_status != 0) {
      const Status status =
          co_await write_response(c, framing_error(received.error_status), "close", WithBody::yes);
      if (status) co_await linger(c);
      break;
    }
    if (!received.request) break;
    const WithBody with_body = received.request->method == "HEAD" ? WithBody::no : WithBody::yes;
    const bool keep = received.keep_alive && served < limits.requests_max;
    HttpResponse response = co_await handler(std::move(*received.request));
    const std::string_view connection = keep ? "keep-alive" : "close";
    const Status status = co_await write_response(c, std::move(response), connection, with_body);
    if (!status || !keep) break;
  }
  co_await c.stream.shutdown(deadline_in(Millis{1000}));
  c.stream.close();
}

}  // namespace waybill::net
