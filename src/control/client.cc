#include "control/client.h"

#include "base/bytes.h"
#include "control/codec.h"
#include "control/query.h"
#include "control/selector.h"
#include "net/http_client.h"

namespace waybill::control {
namespace {
constexpr Millis kSlow{600'000};  ///< for what reads or changes the whole spool

Error unreachable(const std::string& path, const Error& error) {
  // The socket's own troubles must not look like an answer of the daemon.
  switch (error.code) {
    case Errc::not_found:
      return {Errc::closed, fmt::format("no daemon is running here: there is no control socket {}", path)};
    case Errc::refused:
      return {Errc::closed,
              fmt::format("no daemon answers on the control socket, or it is not for you ({})", error.what)};
    case Errc::timeout:
      return {Errc::timeout, fmt::format("the daemon did not answer on {} in time", path)};
    default:
      return {error.code == Errc::invalid ? Errc::internal : error.code, error.what};
  }
}

template <class T>
Result<T> decoded(Result<std::string> body) {
  if (!body) return pass(body.error());
  auto value = decode<T>(*body);
  if (!value) return fail(Errc::internal, "the daemon's answer can't be read: {}", value.error().what);
  return value;
}
}  // namespace

Result<std::string> Client::call(Method method, std::string target, std::string content_type,
                                 std::string body, Millis timeout) const {
  net::HttpRequest request;
  request.method = method == Method::get ? "GET" : "POST";
  request.target = std::move(target);
  if (!content_type.empty()) request.headers["Content-Type"] = std::move(content_type);
  request.body = std::move(body);
  auto response = net::http_call(socket_path_, request, std::max(timeout, timeout_));
  if (!response) return std::unexpected(unreachable(socket_path_, response.error()));
  // An unhealthy daemon answers 503 with a document of its own, not with an error.
  auto error =
      response->status >= 400 ? decode_error(response->body) : Result<Error>(fail(Errc::invalid, "none"));
  if (error) return std::unexpected(std::move(*error));
  if (response->status >= 400 && response->status != 503) {
    return fail(Errc::internal, "the daemon answered with HTTP status {}", response->status);
  }
  return std::move(response->body);
}

Result<QueueListAnswer> Client::queue_list(const QueueListRequest& request) const {
  QueryFields fields = given_fields(request.selector);
  fields.emplace_back("limit", fmt::format("{}", request.limit));
  if (request.after) fields.emplace_back("after", to_string(*request.after));
  return decoded<QueueListAnswer>(call(Method::get, make_target("/v1/queue", fields), {}, {}, timeout_));
}

Result<QueueCountAnswer> Client::queue_count(const Selector& selector) const {
  const std::string target = make_target("/v1/queue/count", given_fields(selector));
  return decoded<QueueCountAnswer>(call(Method::get, target, {}, {}, kSlow));
}

Result<ActionReport> Client::queue_act(const ActRequest& request) const {
  return decoded<ActionReport>(
      call(Method::post, "/v1/queue/act", "application/json", encode(request), kSlow));
}

Result<TraceAnswer> Client::trace(MessageId id) const {
  return decoded<TraceAnswer>(call(Method::get, "/v1/trace/" + id.to_string(), {}, {}, timeout_));
}

Result<WhyAnswer> Client::why(const WhyRequest& request) const {
  QueryFields fields;
  if (!request.recipient.empty()) fields.emplace_back("recipient", request.recipient);
  const std::string target = make_target("/v1/why/" + request.message.to_string(), fields);
  // It may ask the DNS: give that its time.
  return decoded<WhyAnswer>(call(Method::get, target, {}, {}, Millis{120'000}));
}

Result<CustodyAnswer> Client::custody_verify() const {
  return decoded<CustodyAnswer>(call(Method::get, "/v1/custody/verify", {}, {}, kSlow));
}

Result<StatusAnswer> Client::status() const {
  return decoded<StatusAnswer>(call(Method::get, "/v1/status", {}, {}, timeout_));
}

Result<ReloadAnswer> Client::reload() const {
  return decoded<ReloadAnswer>(call(Method::post, "/v1/reload", "application/json", {}, Millis{120'000}));
}

Result<HealthAnswer> Client::health() const {
  return decoded<HealthAnswer>(call(Method::get, "/v1/health", {}, {}, timeout_));
}

Result<SendAnswer> Client::send(const SendRequest& request) const {
  std::string body = encode(request) + "\n";
  body += request.message;
  return decoded<SendAnswer>(
      call(Method::post, "/v1/send", "application/vnd.waybill.message", std::move(body), Millis{120'000}));
}

Result<DnsCacheAnswer> Client::dns_cache(const DnsCacheRequest& request) const {
  QueryFields fields{{"limit", fmt::format("{}", request.limit)}};
  if (!request.name.empty()) fields.emplace_back("name", request.name);
  return decoded<DnsCacheAnswer>(call(Method::get, make_target("/v1/dns/cache", fields), {}, {}, timeout_));
}

Result<DnsFlushAnswer> Client::dns_flush(const DnsFlushRequest& request) const {
  return decoded<DnsFlushAnswer>(
      call(Method::post, "/v1/dns/flush", "application/json", encode(request), timeout_));
}

Result<RecipientsAnswer> Client::recipients(const RecipientsRequest& request) const {
  QueryFields fields{{"limit", fmt::format("{}", request.limit)}};
  if (!request.name.empty()) fields.emplace_back("name", request.name);
  return decoded<RecipientsAnswer>(
      call(Method::get, make_target("/v1/recipients", fields), {}, {}, timeout_));
}

Result<ForgetRecipientsAnswer> Client::forget_recipients(const ForgetRecipientsRequest& request) const {
  return decoded<ForgetRecipientsAnswer>(
      call(Method::post, "/v1/recipients/forget", "application/json", encode(request), timeout_));
}

}  // namespace waybill::control
