// way.cc: the text form of a Way.
#include <algorithm>

#include "base/bytes.h"
#include "route/request.h"

namespace waybill::route {
namespace {
constexpr std::string_view kRefuse = "refuse";
/// With "550 5.7.1 " it stays well within a reply line of 512 octets (RFC 5321 4.5.3.1.5).
constexpr size_t kTextMax = 400;

Result<std::string> refusal_text(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.empty())
    return fail(Errc::invalid, "refuse needs a text for the sender: refuse \"we have moved\"");
  if (text.size() > kTextMax) return fail(Errc::invalid, "a refusal's text has {} octets at most", kTextMax);
  if (std::ranges::any_of(text, [](char c) { return c < ' ' || c > '~'; }))
    return fail(Errc::invalid, "a refusal's text is one line of ASCII: it stands in an SMTP reply");
  return std::string(text);
}
}  // namespace

Result<Way> Way::parse(std::string_view text) {
  Way out;
  text = trim(text);
  if (text == "discard" || text == "hold") {
    out.kind = text == "hold" ? Kind::hold : Kind::discard;
    return out;
  }
  if (text.starts_with(kRefuse) && (text.size() == kRefuse.size() || text[kRefuse.size()] == ' ')) {
    auto reason = refusal_text(text.substr(kRefuse.size()));
    if (!reason) return pass(reason.error());
    out.kind = Kind::refuse;
    out.text = std::move(*reason);
    return out;
  }
  out.vias.clear();
  for (const std::string_view part : split(text, ',')) {
    if (out.vias.size() == kViasMax)
      return fail(Errc::invalid, "a route has {} ways at most, in order", kViasMax);
    const std::string_view one = trim(part);
    if (one == "discard" || one == "hold" || one == kRefuse || one.starts_with("refuse "))
      return fail(Errc::invalid, "'{}' stands alone, not among several ways", printable(one, 80));
    auto via = Via::parse(one);
    if (!via) return pass(via.error());
    out.vias.push_back(std::move(*via));
  }
  return out;
}

std::string Way::to_string() const {
  switch (kind) {
    case Kind::discard:
      return "discard";
    case Kind::hold:
      return "hold";
    case Kind::refuse:
      return fmt::format("refuse \"{}\"", text);
    case Kind::deliver:
      break;
  }
  std::string out;
  for (const Via& via : vias) out += (out.empty() ? "" : ", ") + via.to_string();
  return out;
}

}  // namespace waybill::route
