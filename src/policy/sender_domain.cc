#include "policy/sender_domain.h"

#include <algorithm>

namespace waybill::policy {

std::optional<mail::Reply> refuse_null_mx_sender(const mail::Domain& domain, const dns::Answer& mx) {
  if (!mx.present() || mx.records.empty()) return std::nullopt;
  // RFC 7505 3: the root as the only exchange. Beside real hosts it is a mistake, and they take mail.
  const bool null = std::ranges::all_of(mx.records, [](const dns::Record& record) {
    const auto* data = std::get_if<dns::Mx>(&record.data);
    return data != nullptr && data->exchange.is_root();
  });
  if (!null) return std::nullopt;
  // RFC 7505 4.2: 550 with 5.7.27, "sender address has null MX".
  return mail::Reply{
      550, {5, 7, 27}, fmt::format("sender's domain {} takes no mail (null MX)", domain.text())};
}

}  // namespace waybill::policy
