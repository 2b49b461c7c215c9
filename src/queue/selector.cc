// selector.cc: which recipients an operator means; the one place that decides it for every store.
#include <algorithm>

#include "queue/store.h"

namespace waybill::queue {
namespace {

bool domain_matches(std::string_view pattern, std::string_view domain) {
  if (pattern.starts_with("*.")) {
    // "*.example.org" is everything below example.org, as a DNS wildcard reads; not example.org itself.
    const std::string_view suffix = pattern.substr(1);
    return domain.size() > suffix.size() && iequals(domain.substr(domain.size() - suffix.size()), suffix);
  }
  return iequals(pattern, domain);
}

bool address_matches(std::string_view pattern, const mail::Address& address) {
  if (pattern.starts_with('@')) return iequals(pattern.substr(1), address.domain.text());
  // The local part is compared as written (RFC 5321 2.4), the domain without case.
  const std::string text = address.to_string();
  const size_t at = pattern.rfind('@');
  const size_t own_at = text.rfind('@');
  if (at == std::string_view::npos || own_at == std::string::npos) return pattern == text;
  return pattern.substr(0, at) == std::string_view(text).substr(0, own_at) &&
         iequals(pattern.substr(at + 1), std::string_view(text).substr(own_at + 1));
}

bool sender_matches(std::string_view pattern, const mail::ReversePath& from) {
  if (pattern == "<>") return !from;
  return from && address_matches(pattern, *from);
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::search(text, part, {}, fold, fold).begin() != text.end() || part.empty();
}

}  // namespace

bool Selector::matches(const MessageRecord& about, const RecipientRecord& one, Time now) const {
  if (message && *message != about.id) return false;
  if (state && *state != one.state) return false;
  if (!domain.empty() && !domain_matches(domain, one.recipient.address.domain.text())) return false;
  if (!recipient.empty() && !address_matches(recipient, one.recipient.address)) return false;
  if (!sender.empty() && !sender_matches(sender, about.envelope.from)) return false;
  if (!host.empty() && !iequals(host, one.last_host)) return false;
  if (!last_reply.empty() && !contains_ignoring_case(one.last_reply.to_string(), last_reply)) return false;
  if (older_than && now - about.arrived < *older_than) return false;
  if (younger_than && now - about.arrived >= *younger_than) return false;
  return true;
}

bool Selector::empty() const {
  return !message && domain.empty() && sender.empty() && recipient.empty() && host.empty() &&
         last_reply.empty() && !state && !older_than && !younger_than;
}

}  // namespace waybill::queue
