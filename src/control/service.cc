#include "control/service.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "base/ip.h"
#include "control/clients_request.h"
#include "control/codec.h"
#include "control/query.h"
#include "control/selector.h"
#include "mail/line_ends.h"

namespace waybill::control {
namespace {
using net::HttpRequest;
using net::HttpResponse;
using net::Task;

constexpr size_t kJsonOctetsMax = 1024 * 1024;
constexpr size_t kReasonOctetsMax = 500;
constexpr std::string_view kTracePath = "/v1/trace/";
constexpr std::string_view kWhyPath = "/v1/why/";

unsigned status_of(Errc code) {
  switch (code) {
    case Errc::invalid:
      return 400;
    case Errc::not_found:
      return 404;
    case Errc::exists:
      return 409;
    case Errc::refused:
      return 403;
    case Errc::timeout:
      return 504;
    case Errc::closed:
    case Errc::busy:
      return 503;
    case Errc::no_space:
      return 507;
    case Errc::unsupported:
      return 501;
    case Errc::io:
    case Errc::corrupt:
    case Errc::internal:
      return 500;
  }
  return 500;
}

HttpResponse json_response(std::string body, unsigned status = 200) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  if (!response.body.ends_with('\n')) response.body += '\n';
  response.headers["Cache-Control"] = "no-store";
  // The dashboard may stand on the same origin: nothing here is to be taken for a page.
  response.headers["X-Content-Type-Options"] = "nosniff";
  return response;
}

HttpResponse error_response(const Error& error, unsigned status = 0) {
  return json_response(encode_error(error), status != 0 ? status : status_of(error.code));
}

template <class T>
HttpResponse answer(const Result<T>& result) {
  if (!result) return error_response(result.error());
  HttpResponse response = json_response(encode(*result));
  if constexpr (std::is_same_v<T, QueueListAnswer> || std::is_same_v<T, DnsCacheAnswer>) {
    response.content_type = "application/x-ndjson";
  }
  return response;
}

HttpResponse method_not_allowed(std::string_view allowed) {
  HttpResponse response =
      error_response({Errc::unsupported, fmt::format("this path answers {} only", allowed)}, 405);
  response.headers["Allow"] = std::string(allowed);
  return response;
}

Result<uint32_t> parse_count(std::string_view name, std::string_view text, uint32_t max) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > max) {
    return fail(Errc::invalid, "{}: '{}' is not a number from 1 to {}", name, printable(text, 20), max);
  }
  return value;
}

enum class Paging { no, yes };

/// The selector (and page) of a GET: the language of selector.h, as query fields.
Result<QueueListRequest> list_request(const QueryFields& query, Paging paging) {
  QueueListRequest request;
  SelectorText text;
  for (const auto& [name, value] : query) {
    if (paging == Paging::yes && name == "limit") {
      const auto limit = parse_count(name, value, kListLimitMax);
      if (!limit) return pass(limit.error());
      request.limit = *limit;
    } else if (paging == Paging::yes && name == "after") {
      const auto cursor = parse_cursor(value);
      if (!cursor) return pass(cursor.error(), name);
      request.after = *cursor;
    } else if (const Status status = text.set(name, value); !status) {
      return fail(Errc::invalid, "{}", status.error().what);
    }
  }
  auto selector = parse_selector(text);
  if (!selector) return pass(selector.error());
  request.selector = std::move(*selector);
  return request;
}

Result<WhyRequest> why_request(const Target& target) {
  const auto id = MessageId::parse(target.path.substr(kWhyPath.size()));
  if (!id) return pass(id.error());
  WhyRequest request{*id, {}};
  for (const auto& [name, value] : target.query) {
    if (name != "recipient") return fail(Errc::invalid, "'{}': unknown", printable(name, 40));
    request.recipient = value;
  }
  return request;
}

/// Of lists that a name narrows: the DNS cache's, and the known recipients'.
template <class Request>
Result<Request> named_request(const QueryFields& query) {
  Request request;
  for (const auto& [name, value] : query) {
    if (name == "name") {
      request.name = value;
    } else if (name == "limit") {
      const auto limit = parse_count(name, value, 100'000);
      if (!limit) return pass(limit.error());
      request.limit = *limit;
    } else {
      return fail(Errc::invalid, "'{}': unknown", printable(name, 40));
    }
  }
  if (request.name.size() > kSelectorTextOctetsMax) return fail(Errc::invalid, "name: too long");
  return request;
}

Status check_act(const ActRequest& request) {
  if (request.selector.unrestricted() && !request.selector.all) {
    return fail(Errc::refused, "the selector restricts nothing: say \"all\" if every recipient is meant");
  }
  if (request.reason.size() > kReasonOctetsMax || request.who.size() > kReasonOctetsMax) {
    return fail(Errc::invalid, "reason and who hold {} octets at most", kReasonOctetsMax);
  }
  if (request.action == Action::drop && trim(request.reason).empty()) {
    return fail(Errc::refused, "delete needs a reason: it goes into the ledger");
  }
  if (request.action == Action::drop && trim(request.who).empty()) {
    return fail(Errc::refused, "delete needs to know who asks: it goes into the ledger");
  }
  if (request.action != Action::reroute && !request.via.empty()) {
    return fail(Errc::invalid, "via: only for reroute");
  }
  if (request.via.size() > 300) return fail(Errc::invalid, "via: too long");
  return {};
}

/// POST /v1/send: the envelope as JSON on the first line, and the message's octets after it: JSON can't hold
/// what is not UTF-8.
Result<SendRequest> send_request(HttpRequest& http) {
  if (!http.header("content-type").starts_with("application/vnd.waybill.message")) {
    return fail(Errc::unsupported,
                "Content-Type must be application/vnd.waybill.message: the envelope as JSON on "
                "the first line, then the message");
  }
  const size_t line = http.body.find('\n');
  if (line == std::string::npos || line > kJsonOctetsMax) {
    return fail(Errc::invalid, "the first line must hold the envelope, in {} octets at most", kJsonOctetsMax);
  }
  auto request = decode<SendRequest>(std::string_view(http.body).substr(0, line));
  if (!request) return pass(request.error());
  if (request->envelope.recipients.empty()) return fail(Errc::invalid, "recipients: empty");
  if (request->envelope.envid.size() > 100)
    return fail(Errc::invalid, "envid: longer than 100 octets (RFC 3461 4.4)");
  if (request->who.size() > kReasonOctetsMax)
    return fail(Errc::invalid, "who: longer than {} octets", kReasonOctetsMax);
  http.body.erase(0, line + 1);
  if (http.body.empty()) return fail(Errc::invalid, "the message is empty");
  // RFC 5321 2.3.8: what stands in the spool never has a bare CR or LF.
  request->message = mail::to_crlf(std::move(http.body));
  if (!request->message.ends_with("\r\n")) request->message += "\r\n";
  return request;
}

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

constexpr std::string_view kSeenPath =
    "/v1/clients/seen";  ///< the only one that can't be asked without a question
constexpr std::array<std::string_view, 12> kReadPaths{
    "/v1/queue",   "/v1/queue/count", "/v1/custody/verify", "/v1/status", "/v1/dns/cache", "/v1/recipients",
    "/v1/clients", kSeenPath,         "/v1/health",         "/metrics",   "/v1",           "/"};
constexpr std::array<std::string_view, 5> kWritePaths{"/v1/queue/act", "/v1/reload", "/v1/send",
                                                      "/v1/dns/flush", "/v1/recipients/forget"};

bool is_read_path(std::string_view path) {
  return std::ranges::find(kReadPaths, path) != kReadPaths.end() || path.starts_with(kTracePath) ||
         path.starts_with(kWhyPath);
}
bool is_write_path(std::string_view path) {
  return std::ranges::find(kWritePaths, path) != kWritePaths.end();
}

/// What there is to ask: for who knocks without a path.
std::string index() {
  std::string paths;
  for (const std::string_view path : kReadPaths) {
    if (path == "/" || path == "/v1") continue;
    paths += fmt::format("\"{}{}\",", path, path == kSeenPath ? "?client=ADDRESS" : "");
  }
  return fmt::format(
      R"({{"v":1,"service":"waybill","docs":"docs/control-api.md","paths":[{}"{}ID","{}ID"]}})", paths,
      kTracePath, kWhyPath);
}

Task<HttpResponse> metrics(Backend& backend) {
  Result<std::string> text = co_await backend.metrics();
  if (!text) co_return error_response(text.error());
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = std::move(*text);
  co_return response;
}

Task<HttpResponse> health(Backend& backend) {
  const Result<HealthAnswer> result = co_await backend.health();
  HttpResponse response = answer(result);
  if (result && !result->healthy) response.status = 503;
  co_return response;
}

Task<HttpResponse> trace(Backend& backend, std::string path) {
  const auto id = MessageId::parse(std::string_view(path).substr(kTracePath.size()));
  if (!id) co_return error_response(id.error());
  const Result<TraceAnswer> result = co_await backend.trace(*id);
  co_return answer(result);
}

Task<HttpResponse> queue_list(Backend& backend, QueryFields query) {
  auto request = list_request(query, Paging::yes);
  if (!request) co_return error_response(request.error());
  const Result<QueueListAnswer> result = co_await backend.queue_list(std::move(*request));
  co_return answer(result);
}

Task<HttpResponse> queue_count(Backend& backend, QueryFields query) {
  auto request = list_request(query, Paging::no);
  if (!request) co_return error_response(request.error());
  const Result<QueueCountAnswer> result = co_await backend.queue_count(std::move(request->selector));
  co_return answer(result);
}

Task<HttpResponse> read(Backend& backend, Target target) {
  const std::string& path = target.path;
  if (path == "/v1/queue") {
    HttpResponse response = co_await queue_list(backend, std::move(target.query));
    co_return response;
  }
  if (path == "/v1/queue/count") {
    HttpResponse response = co_await queue_count(backend, std::move(target.query));
    co_return response;
  }
  if (path.starts_with(kTracePath)) {
    HttpResponse response = co_await trace(backend, path);
    co_return response;
  }
  if (path.starts_with(kWhyPath)) {
    auto request = why_request(target);
    if (!request) co_return error_response(request.error());
    const Result<WhyAnswer> result = co_await backend.why(std::move(*request));
    co_return answer(result);
  }
  if (path == "/v1/custody/verify") {
    const Result<CustodyAnswer> result = co_await backend.custody_verify();
    co_return answer(result);
  }
  if (path == "/v1/status") {
    const Result<StatusAnswer> result = co_await backend.status();
    co_return answer(result);
  }
  if (path == "/v1/clients/seen") {
    auto request = clients_seen_request(target.query);
    if (!request) co_return error_response(request.error());
    const Result<ClientsSeenAnswer> result = co_await backend.clients_seen(std::move(*request));
    co_return answer(result);
  }
  if (path == "/v1/clients") {
    auto request = clients_request(target.query);
    if (!request) co_return error_response(request.error());
    const Result<ClientsAnswer> result = co_await backend.clients(std::move(*request));
    co_return answer(result);
  }
  if (path == "/v1/dns/cache") {
    auto request = named_request<DnsCacheRequest>(target.query);
    if (!request) co_return error_response(request.error());
    const Result<DnsCacheAnswer> result = co_await backend.dns_cache(std::move(*request));
    co_return answer(result);
  }
  if (path == "/v1/recipients") {
    auto request = named_request<RecipientsRequest>(target.query);
    if (!request) co_return error_response(request.error());
    const Result<RecipientsAnswer> result = co_await backend.recipients(std::move(*request));
    co_return answer(result);
  }
  if (path == "/v1/health") {
    HttpResponse response = co_await health(backend);
    co_return response;
  }
  if (path == "/metrics") {
    HttpResponse response = co_await metrics(backend);
    co_return response;
  }
  co_return json_response(index());
}
}  // namespace

bool Service::knows(std::string_view target) {
  const std::string_view path = target.substr(0, target.find_first_of("?#"));
  return path == "/v1" || path.starts_with("/v1/") || path == "/metrics";
}

bool Service::host_allowed(std::string_view host) const {
  std::string name = to_lower(trim(host));
  if (name.starts_with('[')) {
    const size_t close = name.find(']');
    return close != std::string::npos &&
           IpAddress::parse(std::string_view(name).substr(1, close - 1)).has_value();
  }
  name = name.substr(0, name.find(':'));
  if (name == "localhost" || IpAddress::parse(name)) return true;
  return std::ranges::find(hosts_, name) != hosts_.end();
}

Task<HttpResponse> Service::act(std::string body) {
  auto request = decode<ActRequest>(body);
  if (!request) co_return error_response(request.error());
  if (const Status status = check_act(*request); !status) co_return error_response(status.error());
  if (request->matched_max) {
    const Result<QueueCountAnswer> count = co_await backend_.queue_count(request->selector);
    if (!count) co_return error_response(count.error());
    if (count->recipients > *request->matched_max) {
      co_return error_response(
          {Errc::refused, fmt::format("{} recipients match now, more than the {} allowed", count->recipients,
                                      *request->matched_max)});
    }
  }
  const Result<ActionReport> result = co_await backend_.queue_act(std::move(*request));
  co_return answer(result);
}

Task<HttpResponse> Service::inject(HttpRequest http) {
  auto request = send_request(http);
  if (!request) {
    const unsigned status = request.error().code == Errc::unsupported ? 415 : 0;
    co_return error_response(request.error(), status);
  }
  const Result<SendAnswer> result = co_await backend_.send(std::move(*request));
  co_return answer(result);
}

Task<HttpResponse> Service::handle(HttpRequest request, Access access) {
  auto target = parse_target(request.target);
  if (!target) co_return error_response(target.error());
  const std::string path = target->path;
  if (access == Access::read_only && !host_allowed(request.header("host"))) {
    co_return error_response({Errc::refused, "this name is not served here: ask by address, or as localhost"},
                             421);
  }
  if (is_read_path(path)) {
    if (!is_read(request.method)) co_return method_not_allowed("GET, HEAD");
    HttpResponse response = co_await read(backend_, std::move(*target));
    co_return response;
  }
  if (!is_write_path(path))
    co_return error_response({Errc::not_found, "no such path: see docs/control-api.md"});
  if (access == Access::read_only) {
    co_return error_response({Errc::refused, "this listener is read-only: use the control socket"});
  }
  if (request.method != "POST") co_return method_not_allowed("POST");
  if (!target->query.empty()) co_return error_response({Errc::invalid, "this path takes no query"});
  if (path == "/v1/send") {
    HttpResponse response = co_await inject(std::move(request));
    co_return response;
  }
  if (request.body.size() > kJsonOctetsMax) {
    co_return error_response({Errc::invalid, "the body is larger than any question"}, 413);
  }
  if (path == "/v1/queue/act") {
    HttpResponse response = co_await act(std::move(request.body));
    co_return response;
  }
  if (path == "/v1/reload") {
    const Result<ReloadAnswer> result = co_await backend_.reload();
    co_return answer(result);
  }
  if (path == "/v1/recipients/forget") {
    auto forget = decode<ForgetRecipientsRequest>(request.body);
    if (!forget) co_return error_response(forget.error());
    const Result<ForgetRecipientsAnswer> result = co_await backend_.forget_recipients(std::move(*forget));
    co_return answer(result);
  }
  auto flush = decode<DnsFlushRequest>(request.body);
  if (!flush) co_return error_response(flush.error());
  const Result<DnsFlushAnswer> result = co_await backend_.dns_flush(std::move(*flush));
  co_return answer(result);
}

}  // namespace waybill::control
