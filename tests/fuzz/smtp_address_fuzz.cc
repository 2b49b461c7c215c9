// Any octets as an address, a domain or a path: what is taken is well-formed, means one thing only, and is
// written and read again as the same. What a relay would have to know better ('%', '!', a second '@', a
// source route) never moves the domain.
#include <cstdlib>

#include "base/bytes.h"
#include "smtp/command.h"
#include "smtp/path.h"

namespace {
using namespace waybill;
using mail::Address;
using mail::Domain;

void require(bool holds) {
  if (!holds) std::abort();
}

/// RFC 5321 2.3.5 and 4.1.3, RFC 1035 2.3.4: lower-case labels of 1 to 63 octets, or a literal.
void check(const Domain& domain) {
  const std::string& text = domain.text();
  require(!text.empty() && text.size() <= 253 && is_ascii(text));
  require(Domain::parse(text) == domain);
  if (domain.is_literal()) {
    require(text.front() == '[' && text.back() == ']' &&
            Domain::literal(*domain.literal_address()) == domain);
    return;
  }
  for (const std::string_view label : split(text, '.')) {
    require(!label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-');
    for (const char c : label) {
      require((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
    }
  }
}

void check(const Address& address) {
  check(address.domain);
  require(!address.local.empty() || address.to_string().starts_with("\"\"@"));
  require(address.local.size() <= 64 && is_utf8(address.local) && !smtp::has_control(address.local));
  require(address.needs_smtputf8() == !is_ascii(address.local));
  const std::string text = address.to_string();
  require(text.ends_with("@" + address.domain.text()));
  require(Address::parse(text) == address);
  const std::string path = "<" + text + "> X=1";
  const auto again = smtp::parse_path(path, smtp::PathKind::forward);
  require(again && *again->address == address && again->rest == " X=1");
  // RFC 5321 Appendix C: a source route is read and dropped, and changes nothing else.
  const std::string routed = "<@hop.example,@[192.0.2.1]:" + text + ">";
  const auto dropped = smtp::parse_path(routed, smtp::PathKind::reverse);
  require(dropped && *dropped->address == address && dropped->rest.empty());
}

void as_path(std::string_view text, smtp::PathKind kind) {
  const auto path = smtp::parse_path(text, kind);
  if (!path) {
    require(path.error().code == 501 && path.error().enhanced.klass == 5);
    return;
  }
  require(path->rest.empty() || (path->rest.front() == ' ' && text.ends_with(path->rest)));
  require(path->address || kind == smtp::PathKind::reverse);
  if (!path->address) return;
  if (path->address->domain.empty()) {  // RFC 5321 4.5.1
    require(kind == smtp::PathKind::forward && iequals(path->address->local, "postmaster"));
    return;
  }
  check(*path->address);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto domain = Domain::parse(text)) check(*domain);
  if (const auto address = Address::parse(text)) check(*address);
  const std::string bracketed = "<" + text + ">";
  for (const auto kind : {smtp::PathKind::reverse, smtp::PathKind::forward}) {
    as_path(text, kind);
    as_path(bracketed, kind);
  }
  return 0;
}
