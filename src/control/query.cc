#include "control/query.h"

#include "base/bytes.h"

namespace waybill::control {
namespace {
int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { is_space, is_plus };

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(Errc::invalid, "a '%' without two hexadecimal digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos) return fail(Errc::invalid, "a NUL in the request's target");
  if (!is_utf8(out)) return fail(Errc::invalid, "the request's target is not UTF-8");
  return out;
}
}  // namespace

Result<Target> parse_target(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  auto path = percent_decode(target.substr(0, mark), Plus::is_plus);
  if (!path) return pass(path.error());
  Target out{std::move(*path), {}};
  if (mark == std::string_view::npos || mark + 1 == target.size()) return out;
  for (const std::string_view part : split(target.substr(mark + 1), '&')) {
    if (part.empty()) continue;
    if (out.query.size() == kQueryFieldsMax)
      return fail(Errc::invalid, "more than {} query fields", kQueryFieldsMax);
    const size_t equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), Plus::is_space);
    if (!name) return pass(name.error());
    auto value = equals == std::string_view::npos ? Result<std::string>("")
                                                  : percent_decode(part.substr(equals + 1), Plus::is_space);
    if (!value) return pass(value.error());
    out.query.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string make_target(std::string_view path, const QueryFields& fields) {
  std::string out(path);
  char separator = '?';
  for (const auto& [name, value] : fields) {
    out += separator;
    out += percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  return out;
}

}  // namespace waybill::control
