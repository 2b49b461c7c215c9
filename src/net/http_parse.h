// http_parse.h: what both clients do with Beast's parser; private to net/.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/http.h"

namespace waybill::net {

using ResponseParser = boost::beast::http::response_parser<boost::beast::http::string_body>;

/// REQUIRES: parser.is_done(). Takes its body.
[[nodiscard]] HttpResponse to_response(ResponseParser& parser);

}  // namespace waybill::net
