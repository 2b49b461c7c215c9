#include "dns/answer.h"

namespace waybill::dns {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::present:
      return "present";
    case Kind::nxdomain:
      return "nxdomain";
    case Kind::nodata:
      return "nodata";
    case Kind::failed:
      return "failed";
    case Kind::bogus:
      return "bogus";
  }
  return "failed";
}

std::string_view to_string(Source source) {
  switch (source) {
    case Source::network:
      return "network";
    case Source::cache:
      return "cache";
    case Source::overlay:
      return "overlay";
  }
  return "network";
}

}  // namespace waybill::dns
