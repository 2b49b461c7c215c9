#include "policy/version_fields.h"

#include <algorithm>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr size_t kNameOctetsMax = 32;

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameOctetsMax && is_alnum(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}
}  // namespace

bool has_version(std::string_view text, std::string_view version) {
  if (!text.starts_with(version)) return false;
  if (text.size() == version.size()) return true;
  const char next = text[version.size()];
  return next == ';' || next == ' ' || next == '\t';
}

bool resembles_version(std::string_view text, std::string_view version) {
  text = trim(text);
  return text.size() >= version.size() && iequals(text.substr(0, version.size()), version);
}

Result<std::vector<VersionField>> version_fields(std::string_view text, std::string_view version) {
  std::vector<VersionField> out;
  std::string_view rest = trim(text.substr(version.size()));
  if (rest.empty()) return out;
  if (!rest.starts_with(';')) {
    return fail(Errc::invalid, "behind {} stands '{}', not a semicolon", version, printable(rest, 40));
  }
  rest.remove_prefix(1);
  const std::vector<std::string_view> parts = split(rest, ';');
  for (size_t at = 0; at < parts.size(); ++at) {
    const std::string_view part = trim(parts[at]);
    if (part.empty()) {
      if (at + 1 == parts.size()) break;  // the final semicolon
      return fail(Errc::invalid, "there are two semicolons with nothing between them");
    }
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      return fail(Errc::invalid, "'{}' is no field: it lacks '='", printable(part, 60));
    }
    const VersionField field{part.substr(0, equals), part.substr(equals + 1)};
    if (!is_field_name(field.name)) {
      return fail(Errc::invalid, "'{}' is no name of a field", printable(field.name, 60));
    }
    if (field.value.empty()) return fail(Errc::invalid, "the field {} is empty", field.name);
    out.push_back(field);
  }
  return out;
}

OneOf one_record(const std::vector<std::string>& texts, std::string_view version) {
  OneOf out;
  const std::string* resembles = nullptr;
  for (const std::string& text : texts) {
    if (has_version(text, version)) {
      ++out.count;
      out.only = &text;
    } else if (resembles_version(text, version)) {
      resembles = &text;
    }
  }
  if (out.count > 1) {
    out.only = nullptr;
    out.why = fmt::format("{} records begin with {}", out.count, version);
  } else if (out.count == 0 && resembles != nullptr) {
    out.why =
        fmt::format("it begins with '{}', and must begin with {} to the letter",
                    printable(std::string_view(*resembles).substr(0, version.size() + 1), 20), version);
  }
  return out;
}

}  // namespace waybill::policy
