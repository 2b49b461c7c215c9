#include "policy/spf_macro.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr std::string_view kLetters = "slodiphv";        // RFC 7208 7.2
constexpr std::string_view kExplanationLetters = "crt";  // 7.2: only in explanations
constexpr std::string_view kDelimiters = ".-+,/_=";      // 7.1
constexpr std::string_view kUnreserved = "-._~";         // RFC 3986 2.3, beside letters and digits
constexpr size_t kNameTextMax = 253;                     // 7.3
constexpr size_t kKeepMax = 128;                         // no name has more labels
/// What an expansion may grow to before its left is let go; only the right 253 octets can matter.
constexpr size_t kExpansionMax = 8192, kExpansionKept = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool has(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

class MacroReader {
 public:
  explicit MacroReader(std::string_view text) : text_(text) {}

  std::expected<SpfMacroString, SpfMacroFault> read() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '%') {
        if (!expand()) return std::unexpected(fault_);
        continue;
      }
      // 7.1: macro-literal is visible ASCII but "%".
      if (c < 0x21 || c > 0x7e) {
        return std::unexpected(SpfMacroFault{
            at_, fmt::format("the octet \\x{:02x} may not stand in a name", static_cast<unsigned char>(c))});
      }
      literal(std::string_view(&text_[at_], 1));
      ++at_;
      tail_ = std::min(tail_, at_ - 1);
    }
    return std::move(out_);
  }
  /// Where the literal begins that ends the text; its size if a macro does.
  [[nodiscard]] size_t tail() const { return tail_; }

 private:
  void literal(std::string_view octets) {
    if (out_.parts.empty() || out_.parts.back().letter != 0) out_.parts.emplace_back();
    out_.parts.back().literal += octets;
  }

  bool bad(size_t at, std::string what) {
    fault_ = {at, std::move(what)};
    return false;
  }

  /// At a "%".
  bool expand() {
    const size_t start = at_;
    tail_ = std::string_view::npos;
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    at_ += 2;
    if (next == '%') return literal("%"), true;
    if (next == '_') return literal(" "), true;
    if (next == '-') return literal("%20"), true;
    if (next != '{') return bad(start, "a '%' must begin '%{', '%%', '%_' or '%-'");
    return braces(start);
  }

  bool braces(size_t start) {
    const char letter = at_ < text_.size() ? text_[at_] : '\0';
    const char lower = is_alpha(letter) ? static_cast<char>(letter | 0x20) : letter;
    if (has(kExplanationLetters, lower) && lower != '\0')
      return bad(start,
                 fmt::format("the macro '%{{{}}}' may stand only in the text of an explanation", letter));
    if (lower == '\0' || !has(kLetters, lower))
      return bad(start, fmt::format("there is no macro '%{{{}}}'", printable(text_.substr(at_, 1))));
    SpfMacro macro{.letter = lower, .url_escape = letter != lower};
    ++at_;
    if (!transformers(start, macro)) return false;
    std::string delimiters;
    while (at_ < text_.size() && has(kDelimiters, text_[at_])) {
      if (!has(delimiters, text_[at_])) delimiters += text_[at_];
      ++at_;
    }
    if (!delimiters.empty()) macro.delimiters = std::move(delimiters);
    if (at_ >= text_.size() || text_[at_] != '}')
      return bad(start, fmt::format("the macro '{}' has no '}}' where it must end",
                                    printable(text_.substr(start, std::min<size_t>(at_ - start + 1, 20)))));
    ++at_;
    out_.parts.push_back(std::move(macro));
    return true;
  }

  /// `*DIGIT ["r"]`
  bool transformers(size_t start, SpfMacro& macro) {
    const size_t digits = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) {
      macro.keep = std::min(macro.keep * 10 + static_cast<size_t>(text_[at_] - '0'), kKeepMax);
      ++at_;
    }
    if (at_ > digits && macro.keep == 0) return bad(start, "a macro can't keep 0 parts");  // 7.3
    if (at_ < text_.size() && (text_[at_] == 'r' || text_[at_] == 'R')) {
      macro.reverse = true;
      ++at_;
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t tail_ = std::string_view::npos;
  SpfMacroString out_;
  SpfMacroFault fault_;
};

/// 7.1: letters, digits and inner hyphens, not digits alone.
bool is_toplabel(std::string_view label) {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  const auto fits = [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; };
  return std::ranges::all_of(label, fits) && !std::ranges::all_of(label, is_digit);
}

std::string nibbles(const IpAddress& ip) {
  std::string out;
  for (const uint8_t octet : ip.octets())
    out += fmt::format("{}{:x}.{:x}", out.empty() ? "" : ".", octet >> 4, octet & 15);
  return out;
}

std::string value_of(char letter, const SpfMacroValues& values) {
  switch (letter) {
    case 's':
      return values.local + "@" + values.sender_domain;
    case 'l':
      return values.local;
    case 'o':
      return values.sender_domain;
    case 'd':
      return values.domain;
    case 'i':
      return values.ip.is_v4() ? values.ip.to_string() : nibbles(values.ip);
    case 'p':
      return values.validated;
    case 'h':
      return values.helo;
    case 'v':
      return values.ip.is_v4() ? "in-addr" : "ip6";
    default:
      return {};
  }
}

std::string transform(const SpfMacro& macro, std::string_view value) {
  std::vector<std::string_view> parts;
  size_t from = 0;
  for (size_t at = 0; at <= value.size(); ++at) {
    if (at < value.size() && !has(macro.delimiters, value[at])) continue;
    parts.push_back(value.substr(from, at - from));
    from = at + 1;
  }
  if (macro.reverse) std::ranges::reverse(parts);
  const size_t skip = macro.keep != 0 && parts.size() > macro.keep ? parts.size() - macro.keep : 0;
  std::string out;
  for (size_t i = skip; i < parts.size(); ++i) {
    if (i > skip) out += '.';
    out += parts[i];
  }
  if (!macro.url_escape) return out;
  std::string escaped;
  for (const char c : out) {
    if (is_alpha(c) || is_digit(c) || has(kUnreserved, c)) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}
}  // namespace

bool SpfMacroString::uses(std::string_view letters) const {
  return std::ranges::any_of(
      parts, [&](const SpfMacro& part) { return part.letter != 0 && has(letters, part.letter); });
}

bool SpfMacroString::has_macros() const {
  return std::ranges::any_of(parts, [](const SpfMacro& part) { return part.letter != 0; });
}

std::expected<SpfMacroString, SpfMacroFault> parse_macro_string(std::string_view text) {
  return MacroReader(text).read();
}

std::expected<SpfMacroString, SpfMacroFault> parse_domain_spec(std::string_view text) {
  if (text.empty()) return std::unexpected(SpfMacroFault{0, "a domain name is missing"});
  MacroReader reader(text);
  auto out = reader.read();
  if (!out) return out;
  if (reader.tail() == std::string_view::npos) return out;  // it ends in a macro
  std::string_view tail = text.substr(reader.tail());
  if (tail.ends_with('.')) tail.remove_suffix(1);
  const size_t dot = tail.rfind('.');
  if (dot == std::string_view::npos || !is_toplabel(tail.substr(dot + 1))) {
    return std::unexpected(SpfMacroFault{
        reader.tail(),
        fmt::format("'{}' is no full domain name such as mail.example.org", printable(text, 80))});
  }
  // 4.8 leaves to us what becomes of names that no DNS could hold; written out, they are a slip.
  if (!out->has_macros()) {
    if (!name_of_expansion(expand_macros(*out, {})))
      return std::unexpected(SpfMacroFault{0, fmt::format("'{}' is no DNS name", printable(text, 80))});
  }
  return out;
}

std::string expand_macros(const SpfMacroString& text, const SpfMacroValues& values) {
  std::string out;
  for (const SpfMacro& part : text.parts) {
    out += part.letter == 0 ? part.literal : transform(part, value_of(part.letter, values));
    if (out.size() > kExpansionMax) out.erase(0, out.size() - kExpansionKept);
  }
  return out;
}

std::optional<dns::Name> name_of_expansion(std::string_view expanded) {
  if (expanded.ends_with('.')) expanded.remove_suffix(1);
  // 7.3: whole labels go from the left until it fits.
  while (expanded.size() > kNameTextMax) {
    const size_t dot = expanded.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    expanded.remove_prefix(dot + 1);
  }
  if (expanded.empty()) return std::nullopt;
  std::string text;
  for (const char c : expanded) {
    if (c == '\\') text += '\\';  // an octet like any other here, but an escape to Name
    text += c;
  }
  auto name = dns::Name::parse(text);
  if (!name || name->is_root()) return std::nullopt;
  return std::move(*name);
}

}  // namespace waybill::policy
