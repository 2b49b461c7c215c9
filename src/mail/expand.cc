#include "mail/expand.h"

#include <algorithm>

namespace waybill::mail {
namespace {
constexpr size_t kNamedMax = 20;

// RFC 3461 5.2.7.3 c. Without SUCCESS nothing may be left of NOTIFY=SUCCESS: then the sender wants to hear
// of no failure either, which only NEVER says.
uint8_t without_success(uint8_t notify) {
  if ((notify & notify_success) == 0) return notify;
  const auto rest = static_cast<uint8_t>(notify & ~notify_success);
  return rest == notify_unset ? static_cast<uint8_t>(notify_never) : rest;
}

std::string original(const Recipient& given) {
  if (!given.orcpt.empty() || given.address.domain.empty()) return given.orcpt;
  // RFC 6533 3 has a type of its own for these, which no older host knows.
  if (given.address.needs_smtputf8()) return {};
  return "rfc822;" + given.address.to_string();
}
}  // namespace

std::vector<Recipient> recipients_of(const Expanded& expanded) {
  std::vector<Recipient> out;
  out.reserve(expanded.to.size());
  for (const Address& address : expanded.to) {
    Recipient one = expanded.given;
    if (one.address != address) {
      one.orcpt = original(expanded.given);
      one.rewrite_sender = expanded.rewrite_sender;
    }
    one.address = address;
    if (expanded.to.size() > 1) one.notify = without_success(one.notify);
    out.push_back(std::move(one));
  }
  return out;
}

bool wants_expanded_report(const Expanded& expanded) {
  return expanded.to.size() > 1 && (expanded.given.notify & notify_success) != 0;
}

std::string describe(const std::vector<Address>& to) {
  std::string out;
  const size_t named = std::min(to.size(), kNamedMax);
  for (size_t i = 0; i < named; ++i) out += (i == 0 ? "" : ", ") + to[i].to_string();
  if (to.size() > named) out += fmt::format(" and {} more", to.size() - named);
  return out;
}

}  // namespace waybill::mail
