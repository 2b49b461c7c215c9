#include "mail/patterns.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace waybill::mail {
namespace {
constexpr std::array<std::string_view, 6> kListenerWords{"mx",   "submission", "submissions",
                                                         "lmtp", "control",    "bounce"};

Result<Domain> domain_of(std::string_view text, std::string_view whole) {
  auto domain = Domain::parse(text);
  if (!domain) return pass(domain.error(), fmt::format("bad sender '{}'", printable(whole, 80)));
  return domain;
}
}  // namespace

Result<SenderPattern> SenderPattern::parse(std::string_view text) {
  SenderPattern out;
  if (text == "<>") return out;
  if (text.starts_with("*.")) {
    auto domain = domain_of(text.substr(2), text);
    if (!domain) return pass(domain.error());
    if (domain->is_literal())
      return fail(Errc::invalid, "bad sender '{}': nothing lies below an address", printable(text, 80));
    out.kind_ = Kind::below;
    out.domain_ = std::move(*domain);
    return out;
  }
  if (text.starts_with('@')) {
    auto domain = domain_of(text.substr(1), text);
    if (!domain) return pass(domain.error());
    out.kind_ = Kind::domain;
    out.domain_ = std::move(*domain);
    return out;
  }
  auto address = Address::parse(text);
  if (!address || address->domain.empty()) {
    return fail(Errc::invalid,
                "'{}' is no pattern of senders: write \"user@example.org\", \"@example.org\", "
                "\"*.example.org\" or \"<>\"",
                printable(text, 80));
  }
  out.kind_ = Kind::address;
  out.local_ = std::move(address->local);
  out.domain_ = std::move(address->domain);
  return out;
}

bool SenderPattern::matches(const ReversePath& from) const {
  if (kind_ == Kind::null) return !from;
  if (!from) return false;
  switch (kind_) {
    case Kind::address:
      return from->domain == domain_ && from->local == local_;
    case Kind::domain:
      return from->domain == domain_;
    case Kind::below:
      return from->domain.text().size() > domain_.text().size() + 1 &&
             from->domain.text().ends_with("." + domain_.text());
    case Kind::null:
      break;
  }
  return false;
}

std::string SenderPattern::to_string() const {
  switch (kind_) {
    case Kind::null:
      return "<>";
    case Kind::address:
      return Address{local_, domain_}.to_string();
    case Kind::domain:
      return "@" + domain_.text();
    case Kind::below:
      return "*." + domain_.text();
  }
  return "<>";
}

Result<ListenerPattern> ListenerPattern::parse(std::string_view text) {
  ListenerPattern out;
  if (std::ranges::find(kListenerWords, text) != kListenerWords.end()) {
    out.text_ = text;
    return out;
  }
  const auto endpoint = Endpoint::parse(text);
  if (!endpoint) {
    return fail(Errc::invalid,
                "'{}' is no listener: write its address as in [[listener]], such as \"127.0.0.1:587\", or "
                "one of {}",
                printable(text, 80), fmt::join(kListenerWords, ", "));
  }
  out.text_ = endpoint->to_string();
  out.address_ = true;
  return out;
}

bool ListenerPattern::matches(std::string_view listener) const {
  const size_t space = listener.find(' ');
  if (!address_) return listener.substr(0, space) == text_;
  return space != std::string_view::npos && listener.substr(space + 1) == text_;
}

}  // namespace waybill::mail
