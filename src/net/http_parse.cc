#include "net/http_parse.h"

#include "base/bytes.h"

namespace waybill::net {

HttpResponse to_response(ResponseParser& parser) {
  auto& message = parser.get();
  HttpResponse response;
  response.status = message.result_int();
  response.content_type.clear();
  for (const auto& field : message) {
    std::string name = to_lower({field.name_string().data(), field.name_string().size()});
    std::string value(field.value().data(), field.value().size());
    if (name == "content-type") response.content_type = value;
    response.headers[std::move(name)] = std::move(value);
  }
  response.body = std::move(message.body());
  return response;
}

}  // namespace waybill::net
