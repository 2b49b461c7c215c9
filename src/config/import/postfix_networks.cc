// postfix_networks.cc: who may send anywhere. Whatever is doubtful is left out: the result is never wider
// than what Postfix let in.
#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "config/import/postfix.h"

namespace waybill::config::moving {
namespace {

/// Whether a list of restrictions lets mynetworks pass before it turns everyone away.
bool permits_networks(std::string_view restrictions) {
  for (const std::string& word : list_items(restrictions)) {
    if (word == "permit_mynetworks" || word == "permit") return true;
    if (word == "reject" || word == "defer" || word == "reject_unauth_destination" ||
        word == "defer_unauth_destination")
      return false;
  }
  return true;  // the end of a list permits
}

/// Postfix asks both lists, and one that is empty permits (postconf(5)); one of them must name mynetworks.
bool networks_may_relay(PostfixImport& import) {
  const std::string relay = import.value("smtpd_relay_restrictions");
  const std::string recipient = import.value("smtpd_recipient_restrictions");
  const bool named = relay.find("permit_mynetworks") != std::string::npos ||
                     recipient.find("permit_mynetworks") != std::string::npos;
  return named && permits_networks(relay) && permits_networks(recipient);
}

/// The restrictions that say more than "our networks may, others only to our domains". Without them fewer are
/// turned away; with those that permit, more were let in.
void tell_other_restrictions(PostfixImport& import, const std::string& parameter) {
  if (!import.main.is_set(parameter)) return;
  constexpr std::array<std::string_view, 7> kCarried{"permit_mynetworks",
                                                     "permit_sasl_authenticated",
                                                     "permit",
                                                     "reject",
                                                     "reject_unauth_destination",
                                                     "defer_unauth_destination",
                                                     "permit_auth_destination"};
  std::string others;
  bool permits = false;
  for (const std::string& word : list_items(import.value(parameter))) {
    if (std::ranges::find(kCarried, word) != kCarried.end()) continue;
    permits |= word.starts_with("permit_") || word.starts_with("check_");
    others += (others.empty() ? "" : " ") + word;
  }
  if (others.empty()) return;
  import.draft.leave(import.origin(parameter),
                     fmt::format("not asked here: {}; what clients can be held to stands in [policy.default]",
                                 printable(others, 200)),
                     permits ? Weight::decides : Weight::other);
}

bool overlap(const IpNetwork& a, const IpNetwork& b) {
  const auto first = [](const IpNetwork& n) {
    const std::string text = n.to_string();
    return IpAddress::parse(text.substr(0, text.find('/')));
  };
  const auto in_a = first(b), in_b = first(a);
  return (in_a && a.contains(*in_a)) || (in_b && b.contains(*in_b));
}

void tell_unset(PostfixImport& import) {
  const std::string style = import.value("mynetworks_style");
  if (!import.main.is_set("mynetworks_style") || style == "host") return;
  import.draft.leave(import.origin("mynetworks_style"),
                     "the machine's own subnets are not asked for: name them in relay.trusted_networks",
                     Weight::decides);
}
}  // namespace

std::optional<IpNetwork> network_of(std::string_view text) {
  std::string clean;  // mynetworks writes "[2001:db8::]/32", or whole "[::1/128]"
  for (const char c : text)
    if (c != '[' && c != ']') clean += c;
  // Debian writes "[::ffff:127.0.0.0]/104" beside 127.0.0.0/8: IPv4 within IPv6.
  if (const size_t slash = clean.find('/'); clean.starts_with("::ffff:") && slash != std::string::npos) {
    int bits = 0;
    const auto [end, error] = std::from_chars(clean.data() + slash + 1, clean.data() + clean.size(), bits);
    if (error == std::errc{} && end == clean.data() + clean.size() && bits >= 96 && bits <= 128)
      clean = fmt::format("{}/{}", clean.substr(7, slash - 7), bits - 96);
  }
  if (clean.find('/') == std::string::npos) clean += clean.find(':') == std::string::npos ? "/32" : "/128";
  const auto network = IpNetwork::parse(clean);
  return network ? std::optional(*network) : std::nullopt;
}

void carry_networks(PostfixImport& import) {
  Draft& draft = import.draft;
  const bool may_relay = networks_may_relay(import);
  for (const char* parameter : {"smtpd_relay_restrictions", "smtpd_recipient_restrictions"})
    tell_other_restrictions(import, parameter);
  const Origin origin = import.origin("mynetworks");
  if (!may_relay) {
    draft.trusted_networks.emplace();
    draft.leave(import.origin("smtpd_relay_restrictions"),
                "mynetworks may not send anywhere by these, so relay.trusted_networks is empty");
    import.seen.insert("mynetworks");
    return;
  }
  if (!import.main.is_set("mynetworks")) return tell_unset(import);
  draft.trusted_networks.emplace();
  const auto value = import.main.value("mynetworks");
  import.seen.insert("mynetworks");
  if (!value) return draft.leave(origin, value.error().what, Weight::decides);
  const ListContent list = read_list(*value, origin, import.places);
  for (const Unread& unread : list.unread)
    draft.leave(origin, fmt::format("{}: {}", unread.what, unread.why), Weight::decides);
  std::vector<IpNetwork> excluded;
  bool unknown_excluded = false;
  for (const Listed& item : list.items) {
    if (!item.text.starts_with('!')) continue;
    const auto network = network_of(std::string_view(item.text).substr(1));
    if (network) excluded.push_back(*network);
    unknown_excluded |= !network;
    draft.leave(item.origin, item.text + " excludes: what it touches is left out", Weight::decides);
  }
  for (const Listed& item : list.items) {
    if (item.text.starts_with('!')) continue;
    const auto network = network_of(item.text);
    if (!network) {
      draft.leave(item.origin, item.text + " is not a network such as 192.0.2.0/24", Weight::decides);
    } else if (unknown_excluded ||
               std::ranges::any_of(excluded, [&](const IpNetwork& e) { return overlap(e, *network); })) {
      draft.leave(item.origin, item.text + " has exceptions, which can't be said here", Weight::decides);
    } else {
      const std::string literal = in_quotes(network->to_string());
      if (std::ranges::find(*draft.trusted_networks, literal, &Item::literal) ==
          draft.trusted_networks->end())
        draft.trusted_networks->push_back({literal, item.origin});
    }
  }
}

}  // namespace waybill::config::moving
