#include "policy/spf_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr std::string_view kVersion = "v=spf1";
constexpr size_t kFaultsMax = 20;
constexpr std::array<std::string_view, 8> kMechanisms{"all", "include", "a",   "mx",
                                                      "ptr", "ip4",     "ip6", "exists"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_octet(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; }

std::optional<SpfQualifier> qualifier_of(char c) {
  switch (c) {
    case '+':
      return SpfQualifier::pass;
    case '-':
      return SpfQualifier::fail;
    case '~':
      return SpfQualifier::softfail;
    case '?':
      return SpfQualifier::neutral;
    default:
      return std::nullopt;
  }
}

/// "0" to `max`, no leading zero (RFC 7208 5.6, 12).
std::optional<int> prefix_of(std::string_view digits, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || !is_digit(digits.front()) || error != std::errc{} ||
      end != digits.data() + digits.size() || value > max || (digits.size() > 1 && digits.front() == '0'))
    return std::nullopt;
  return value;
}

class TermReader {
 public:
  TermReader(SpfRecord& out, std::string_view text, size_t at) : out_(out), text_(text) {
    term_.place = {at, text.size()};
    term_.text = text;
  }

  void read() {
    size_t at = 0;
    const auto qualifier = qualifier_of(text_[0]);
    if (qualifier) {
      term_.qualifier = *qualifier;
      at = 1;
    }
    size_t end = at;
    while (end < text_.size() && is_name_octet(text_[end])) ++end;
    const std::string_view name = text_.substr(at, end - at);
    const std::string_view rest = text_.substr(end);
    if (name.empty() || !is_alpha(name.front()))
      return fault(at, fmt::format("'{}' is neither a mechanism nor a modifier", shown()));
    if (rest.starts_with('=')) {
      if (qualifier)
        return fault(0, fmt::format("the modifier '{}' may have no qualifier", printable(name, 40)));
      return modifier(to_lower(name), rest.substr(1), end + 1);
    }
    if (!rest.empty() && rest.front() != ':' && rest.front() != '/')
      return fault(end,
                   fmt::format("'{}' can't follow '{}'", printable(rest.substr(0, 1)), printable(name, 40)));
    mechanism(to_lower(name), rest, end);
  }

 private:
  [[nodiscard]] std::string shown() const { return printable(text_, 80); }

  void fault(size_t at, std::string what, SpfFaultKind kind = SpfFaultKind::grammar) {
    if (out_.faults.size() >= kFaultsMax) return;
    at = std::min(at, text_.size() - 1);
    out_.faults.push_back(
        {kind, {term_.place.at + at, text_.size() - at}, printable(text_, 200), std::move(what)});
  }
  void take() { out_.terms.push_back(std::move(term_)); }

  void mechanism(const std::string& name, std::string_view rest, size_t at) {
    const auto known = std::ranges::find(kMechanisms, name);
    if (known == kMechanisms.end()) return unknown_mechanism(name);
    term_.kind = static_cast<SpfKind>(known - kMechanisms.begin());
    switch (term_.kind) {
      case SpfKind::all:  // 5.1
        if (!rest.empty())
          return fault(at, fmt::format("'all' takes nothing after it, but has '{}'", printable(rest, 40)));
        return take();
      case SpfKind::ip4:
      case SpfKind::ip6:
        return network(rest, at);
      case SpfKind::a:
      case SpfKind::mx:
        if (!prefixes(rest)) return;
        break;
      default:
        break;
    }
    if (rest.empty()) {
      if (term_.kind == SpfKind::include || term_.kind == SpfKind::exists)
        return fault(0, fmt::format("'{}' needs a domain: '{}:example.org'", name, name));
      return take();
    }
    if (rest.front() != ':')
      return fault(at, fmt::format("'{}' can't follow '{}'", printable(rest, 40), name));
    if (target(rest.substr(1), at + 1)) take();
  }

  void unknown_mechanism(const std::string& name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kOften{
        {{"ipv4", "ip4"}, {"ipv6", "ip6"}}};
    std::string_view meant = nearest(name, kMechanisms);
    for (const auto& [wrong, right] : kOften) {
      if (name == wrong) meant = right;
    }
    fault(0, fmt::format("there is no mechanism '{}'{}", printable(name, 40),
                         meant.empty() ? "" : fmt::format("; '{}' is one", meant)));
  }

  bool target(std::string_view text, size_t at) {
    auto parsed = parse_domain_spec(text);
    if (!parsed) {
      fault(at + parsed.error().at, std::move(parsed.error().what));
      return false;
    }
    term_.target = std::move(*parsed);
    return true;
  }

  /// Takes `[/n][//n]` off the end (5.3). Without digits and slashes there it is left as it is, since a slash
  /// may stand in a name too.
  bool prefixes(std::string_view& rest) {
    const auto digits_at = [](std::string_view text) {
      size_t at = text.size();
      while (at > 0 && is_digit(text[at - 1])) --at;
      return at;
    };
    if (const size_t at = digits_at(rest); at >= 2 && rest[at - 1] == '/' && rest[at - 2] == '/') {
      if (!prefix(rest.substr(at), 128, term_.bits_v6)) return false;
      rest = rest.substr(0, at - 2);
    }
    if (const size_t at = digits_at(rest); at >= 1 && rest[at - 1] == '/') {
      if (!prefix(rest.substr(at), 32, term_.bits_v4)) return false;
      rest = rest.substr(0, at - 1);
    }
    return true;
  }

  bool prefix(std::string_view digits, int max, int& bits) {
    const auto value = prefix_of(digits, max);
    if (!value) {
      fault(static_cast<size_t>(digits.data() - text_.data()),
            fmt::format("the prefix length '{}' is no number from 0 to {}", printable(digits, 20), max));
      return false;
    }
    bits = *value;
    return true;
  }

  void network(std::string_view rest, size_t at) {
    const bool four = term_.kind == SpfKind::ip4;
    const std::string_view example = four ? "ip4:192.0.2.0/24" : "ip6:2001:db8::/32";
    if (rest.size() < 2 || rest.front() != ':')
      return fault(at, fmt::format("it needs an address: '{}'", example));
    rest.remove_prefix(1);
    const size_t slash = rest.find('/');
    const std::string_view address = rest.substr(0, slash);
    const bool colons = address.find(':') != std::string_view::npos;
    const auto ip = IpAddress::parse(address);
    if (four && ip && colons)
      return fault(at + 1, fmt::format("ip4 holds the IPv6 address {}", address), SpfFaultKind::ipv6_in_ip4);
    if (!four && ip && !colons) return fault(at + 1, fmt::format("ip6 holds the IPv4 address {}", address));
    if (!ip)
      return fault(at + 1, fmt::format("'{}' is no IPv{} address", printable(address, 60), four ? 4 : 6));
    term_.ip = *ip;
    if (slash != std::string_view::npos &&
        !prefix(rest.substr(slash + 1), four ? 32 : 128, four ? term_.bits_v4 : term_.bits_v6))
      return;
    take();
  }

  void modifier(std::string name, std::string_view value, size_t at) {
    term_.name = std::move(name);
    term_.kind = term_.name == "redirect" ? SpfKind::redirect
                 : term_.name == "exp"    ? SpfKind::exp
                                          : SpfKind::other_modifier;
    if (term_.kind == SpfKind::other_modifier) {  // 6: ignored, but of the right shape
      auto parsed = parse_macro_string(value);
      if (!parsed) return fault(at + parsed.error().at, std::move(parsed.error().what));
      term_.target = std::move(*parsed);
      return take();
    }
    if (out_.find(term_.kind) != nullptr)  // 6: at most once
      return fault(0, fmt::format("'{}=' stands here a second time", term_.name),
                   SpfFaultKind::repeated_modifier);
    if (target(value, at)) take();
  }

  SpfRecord& out_;
  std::string_view text_;
  SpfTerm term_;
};
}  // namespace

bool SpfTerm::is_lookup() const {
  switch (kind) {
    case SpfKind::include:
    case SpfKind::a:
    case SpfKind::mx:
    case SpfKind::ptr:
    case SpfKind::exists:
    case SpfKind::redirect:
      return true;
    default:
      return false;
  }
}

const SpfTerm* SpfRecord::find(SpfKind kind) const {
  const auto at = std::ranges::find(terms, kind, &SpfTerm::kind);
  return at == terms.end() ? nullptr : &*at;
}

SpfRecord parse_spf(std::string_view text) {
  SpfRecord out;
  size_t at = std::min(kVersion.size(), text.size());
  while (at < text.size() && out.faults.size() < kFaultsMax) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) TermReader(out, text.substr(at, end - at), at).read();
    at = end + 1;
  }
  return out;
}

SpfTexts spf_texts(const dns::Answer& answer) {
  SpfTexts out;
  for (const dns::Record& record : answer.records) {
    const auto* txt = std::get_if<dns::Txt>(&record.data);
    if (txt == nullptr) continue;
    std::string text = txt->joined();
    const std::string_view begin = trim(std::string_view(text).substr(0, 64));
    // RFC 7208 4.5: exactly the version, then a blank or the end; case does not count in ABNF strings.
    if (iequals(std::string_view(text).substr(0, kVersion.size()), kVersion) &&
        (text.size() == kVersion.size() || text[kVersion.size()] == ' ')) {
      out.records.push_back(&record);
      out.texts.push_back(std::move(text));
    } else if (iequals(begin.substr(0, 5), "v=spf") || iequals(begin.substr(0, 6), "\"v=spf") ||
               iequals(begin.substr(0, 5), "spf1 ")) {
      out.nearly.push_back(std::move(text));
    }
  }
  return out;
}

}  // namespace waybill::policy
