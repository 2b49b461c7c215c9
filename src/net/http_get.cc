#include "net/http_get.h"

#include <array>
#include <boost/asio/buffer.hpp>

#include "net/http_parse.h"

namespace waybill::net {
namespace {
namespace http = boost::beast::http;
constexpr uint32_t kHeaderOctetsMax = 32 * 1024;

Result<HttpResponse> finish(ResponseParser& parser, bool ended) {
  boost::system::error_code error;
  if (ended && parser.got_some() && !parser.is_done()) parser.put_eof(error);
  if (error || !parser.is_done()) return fail(Errc::closed, "it closed the connection before a whole answer");
  return to_response(parser);
}
}  // namespace

Task<Result<HttpResponse>> http_get(Stream stream, std::string host, std::string target,
                                    uint64_t body_octets_max, Steady deadline) {
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: waybill\r\nAccept: */*\r\nConnection: close\r\n\r\n",
      target, host);
  const Status sent = co_await stream.write(request, deadline);
  if (!sent) co_return pass(sent.error());
  ResponseParser parser;
  parser.body_limit(body_octets_max);
  parser.header_limit(kHeaderOctetsMax);
  parser.eager(true);
  std::string buffer;
  std::array<char, 16384> block;
  while (!parser.is_done()) {
    const Result<size_t> got = co_await stream.read(block, deadline);
    if (!got && got.error().code != Errc::closed) co_return pass(got.error());
    // A body without a length ends with the connection; over TLS many servers leave close_notify out.
    if (!got) co_return finish(parser, true);
    buffer.append(block.data(), *got);
    boost::system::error_code error;
    const size_t used = parser.put(boost::asio::const_buffer(buffer.data(), buffer.size()), error);
    buffer.erase(0, used);
    if (error == http::error::body_limit)
      co_return fail(Errc::invalid, "the answer is over {} octets long", body_octets_max);
    if (error && error != http::error::need_more)
      co_return fail(Errc::invalid, "the answer is not HTTP: {}", error.message());
  }
  co_return finish(parser, false);
}

}  // namespace waybill::net
