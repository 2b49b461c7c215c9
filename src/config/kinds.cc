#include "config/kinds.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace waybill::config {
namespace {
std::string_view name_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Unique local addresses are private: a site may trust all of them.
const IpNetwork& unique_local() {
  static const IpNetwork network = IpNetwork::parse("fc00::/7").value_or(IpNetwork{});
  return network;
}
}  // namespace

void Reader::error(const toml::source_region& at, std::string message) {
  if (errors_.size() >= kErrorsMax) return;
  errors_.push_back({file_, at.begin.line, at.begin.column, std::move(message)});
}

void Scope::wrong_type(const toml::node& node, std::string_view what) const {
  reader.error(node.source(), fmt::format("{} must be {}, not {}", path, what, name_of(node)));
}

void Scope::bad_value(const toml::node& node, std::string_view why) const {
  reader.error(node.source(), fmt::format("{}: {}", path, why));
}

void Scope::remember(const toml::node& node) const {
  reader.positions().by_path.insert_or_assign(path,
                                              Where{node.source().begin.line, node.source().begin.column});
}

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

const std::string* text_of(const Scope& scope, const toml::node& node, std::string_view what, size_t max) {
  const auto* text = node.as_string();
  if (text == nullptr) {
    scope.wrong_type(node, fmt::format("text in quotes ({})", what));
    return nullptr;
  }
  if (text->get().size() > max) {
    scope.bad_value(node, fmt::format("longer than {} octets", max));
    return nullptr;
  }
  if (has_control(text->get())) {
    scope.bad_value(node, "a control character within the text");
    return nullptr;
  }
  return &text->get();
}

void Text::read(const Scope& scope, const toml::node& node, std::string& out) const {
  const std::string* text = text_of(scope, node, name);
  if (text == nullptr) return;
  out = *text;
  scope.remember(node);
}

void Path::read(const Scope& scope, const toml::node& node, std::string& out) const {
  const std::string* text = text_of(scope, node, "path", 4000);
  if (text == nullptr) return;
  out = text->empty() ? std::string() : (scope.reader.folder() / *text).lexically_normal().string();
  scope.remember(node);
}

void Flag::read(const Scope& scope, const toml::node& node, bool& out) const {
  const auto* flag = node.as_boolean();
  if (flag == nullptr) return scope.wrong_type(node, "true or false, without quotes");
  out = flag->get();
  scope.remember(node);
}

bool Count::read_integer(const Scope& scope, const toml::node& node, int64_t& out) const {
  const auto* number = node.as_integer();
  if (number == nullptr) {
    scope.wrong_type(node, "a whole number, without quotes");
    return false;
  }
  if (number->get() < min || number->get() > max) {
    scope.bad_value(node, fmt::format("{} is not between {} and {}", number->get(), min, max));
    return false;
  }
  out = number->get();
  scope.remember(node);
  return true;
}

void Ratio::read(const Scope& scope, const toml::node& node, double& out) const {
  double value = 0;
  if (const auto* real = node.as_floating_point(); real != nullptr) {
    value = real->get();
  } else if (const auto* whole = node.as_integer(); whole != nullptr) {
    value = static_cast<double>(whole->get());
  } else {
    return scope.wrong_type(node, "a number");
  }
  if (!std::isfinite(value) || value < min || value > max) {
    return scope.bad_value(node, fmt::format("{} is not between {} and {}", value, min, max));
  }
  out = value;
  scope.remember(node);
}

std::string Ratio::show(double value) const {
  std::string out = fmt::format("{}", value);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

void Duration::read(const Scope& scope, const toml::node& node, Millis& out) const {
  if (node.is_integer())
    return scope.bad_value(node, "a duration needs a unit, in quotes: \"30s\", \"5m\", \"4h\", \"5d\"");
  const std::string* text = text_of(scope, node, "a duration such as \"30m\" or \"5d\"", 64);
  if (text == nullptr) return;
  const auto value = parse_duration(*text);
  if (!value) return scope.bad_value(node, value.error().what);
  if (*value < min || *value > max) {
    return scope.bad_value(
        node, fmt::format("{} is not between {} and {}", *text, format_duration(min), format_duration(max)));
  }
  out = *value;
  scope.remember(node);
}

std::string Duration::show(Millis value) const {
  struct Unit {
    std::string_view name;
    int64_t ms;
  };
  static constexpr std::array<Unit, 5> kUnits{
      {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
  if (value.count() == 0) return "\"0s\"";
  // Two days read better as hours do not: the largest unit that divides it.
  for (const Unit& unit : kUnits) {
    if (value.count() % unit.ms == 0) return fmt::format("\"{}{}\"", value.count() / unit.ms, unit.name);
  }
  return fmt::format("\"{}ms\"", value.count());
}

void Size::read(const Scope& scope, const toml::node& node, uint64_t& out) const {
  uint64_t value = 0;
  if (const auto* number = node.as_integer(); number != nullptr) {
    if (number->get() < 0) return scope.bad_value(node, "a size cannot be negative");
    value = static_cast<uint64_t>(number->get());
  } else {
    const std::string* text = text_of(scope, node, "a size such as \"50 MiB\"", 64);
    if (text == nullptr) return;
    const auto parsed = parse_size(*text);
    if (!parsed) return scope.bad_value(node, parsed.error().what);
    value = *parsed;
  }
  if (value < min || value > max) {
    return scope.bad_value(node, fmt::format("{} is not between {} and {}", format_size(value),
                                             format_size(min), format_size(max)));
  }
  out = value;
  scope.remember(node);
}

bool read_choice_of(const Scope& scope, const toml::node& node, std::span<const std::string_view> names,
                    size_t& which) {
  std::string all;
  for (const std::string_view name : names) all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", name);
  const std::string* text = text_of(scope, node, all);
  if (text == nullptr) return false;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != *text) continue;
    which = i;
    scope.remember(node);
    return true;
  }
  const std::string_view meant = nearest(*text, names);
  scope.bad_value(node,
                  fmt::format("\"{}\" is none of {}{}", printable(*text, 40), all,
                              meant.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", meant)));
  return false;
}

std::string_view to_string(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return "debug";
    case log::Level::info:
      return "info";
    case log::Level::warning:
      return "warning";
    case log::Level::error:
      return "error";
  }
  return "info";
}

std::string_view to_string(log::Format format) { return format == log::Format::json ? "json" : "text"; }

void DomainName::read(const Scope& scope, const toml::node& node, mail::Domain& out) const {
  const std::string* text = text_of(scope, node, "a domain name");
  if (text == nullptr) return;
  auto value = mail::Domain::parse(*text);
  if (!value) return scope.bad_value(node, value.error().what);
  if (value->is_literal() || IpAddress::parse(*text)) {
    return scope.bad_value(node, fmt::format("'{}' is an address, but a domain name is needed", *text));
  }
  out = std::move(*value);
  scope.remember(node);
}

// "An open relay can't be configured by accident": no typing slip ("0/0", "10.0.0.0/1") trusts a large part
// of the Internet. /8 is the largest block that one organisation ever got, /16 the same for IPv6.
void TrustedNetwork::read(const Scope& scope, const toml::node& node, IpNetwork& out) const {
  const std::string* text = text_of(scope, node, "a network such as \"192.0.2.0/24\"");
  if (text == nullptr) return;
  const auto value = IpNetwork::parse(*text);
  if (!value) return scope.bad_value(node, value.error().what);
  const auto base = IpAddress::parse(text->substr(0, text->find('/')));
  const bool v4 = base && base->is_v4();
  const int bits_min = v4 ? 8 : 16;
  const bool is_private =
      base && value->prefix_bits() >= unique_local().prefix_bits() && unique_local().contains(*base);
  if (value->prefix_bits() < bits_min && !is_private) {
    return scope.bad_value(
        node,
        fmt::format("{} would make this an open relay: all of it could send mail to anyone through this "
                    "host; the widest network that may be trusted is a /{}",
                    *text, bits_min));
  }
  out = *value;
  scope.remember(node);
}

void SourceAddress::read(const Scope& scope, const toml::node& node, IpAddress& out) const {
  const std::string* text = text_of(scope, node, type());
  if (text == nullptr) return;
  const auto value = IpAddress::parse(*text);
  if (!value) return scope.bad_value(node, value.error().what);
  if (value->is_v4() != v4) return scope.bad_value(node, fmt::format("'{}' is not an {}", *text, type()));
  if (value->is_unspecified())
    return scope.bad_value(node, "leave the key out to let the system choose the address");
  out = *value;
  scope.remember(node);
}

void Permissions::read(const Scope& scope, const toml::node& node, unsigned& out) const {
  const std::string* text = text_of(scope, node, "octal permissions such as \"0660\"", 16);
  if (text == nullptr) return;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, 8);
  if (error != std::errc{} || end != text->data() + text->size() || value > 0777) {
    return scope.bad_value(
        node, fmt::format("'{}' is not octal permissions such as \"0660\"", printable(*text, 20)));
  }
  // Whoever can talk to the control socket can delete mail.
  if ((value & 07) != 0)
    return scope.bad_value(node, "the control socket may not be open to every user of the machine");
  if ((value & 0600) != 0600)
    return scope.bad_value(node, "the daemon's own user must be able to read and write: 06xx");
  out = value;
  scope.remember(node);
}

}  // namespace waybill::config
