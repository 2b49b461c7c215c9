#include "resolve/faults.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/bytes.h"

namespace waybill::resolve {
namespace {

constexpr std::array<std::pair<std::string_view, FaultKind>, 8> kKinds{
    {{"servfail", FaultKind::servfail},
     {"refused", FaultKind::refused},
     {"nxdomain", FaultKind::nxdomain},
     {"silent", FaultKind::silent},
     {"truncate", FaultKind::truncate},
     {"wrong-id", FaultKind::wrong_id},
     {"wrong-question", FaultKind::wrong_question},
     {"wrong-port", FaultKind::wrong_port}}};

Status read_pattern(std::string_view text, Fault& fault) {
  if (const size_t slash = text.rfind('/'); slash != std::string_view::npos) {
    const auto type = dns::parse_type(text.substr(slash + 1));
    if (!type) return std::unexpected(type.error());
    fault.type = *type;
    text = text.substr(0, slash);
  }
  if (text == "*") {
    fault.reach = Fault::Reach::all;
    return {};
  }
  if (text.starts_with("*.") && text.size() > 2) {
    fault.reach = Fault::Reach::below;
    text.remove_prefix(2);
  }
  auto name = dns::Name::parse(text);
  if (!name) return std::unexpected(name.error());
  fault.name = std::move(*name);
  return {};
}

Status read_kind(std::string_view text, Fault& fault) {
  constexpr std::string_view kDelay = "delay:";
  if (text.starts_with(kDelay)) {
    const auto span = parse_duration(text.substr(kDelay.size()));
    if (!span) return std::unexpected(span.error());
    if (*span > Seconds(60)) return fail(Errc::invalid, "a delay of over 60s");
    fault.kind = FaultKind::delay;
    fault.delay = *span;
    return {};
  }
  for (const auto& [name, kind] : kKinds) {
    if (name != text) continue;
    fault.kind = kind;
    return {};
  }
  return fail(Errc::invalid,
              "'{}' is no fault (servfail, refused, nxdomain, silent, truncate, delay:SPAN, wrong-id, "
              "wrong-question, wrong-port)",
              printable(text, 40));
}

Status read_limit(std::string_view text, Fault& fault) {
  constexpr std::string_view kTimes = "times=";
  uint32_t times = 0;
  const auto digits = text.starts_with(kTimes) ? text.substr(kTimes.size()) : std::string_view();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), times);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return fail(Errc::invalid, "'{}' is not times=NUMBER", printable(text, 40));
  }
  fault.times_left = times;
  return {};
}

}  // namespace

bool Fault::matches(const dns::Name& asked, dns::Type asked_type) const {
  if (type && *type != asked_type) return false;
  switch (reach) {
    case Reach::exact:
      return asked == name;
    case Reach::below:
      return asked != name && asked.is_within(name);
    case Reach::all:
      return true;
  }
  return false;
}

Result<Fault> parse_fault(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return fail(Errc::invalid, "'{}' is not NAME=FAULT or *=FAULT", printable(text, 80));
  }
  Fault fault;
  if (auto status = read_pattern(trim(text.substr(0, equals)), fault); !status)
    return std::unexpected(status.error());
  auto rest = trim(text.substr(equals + 1));
  if (const size_t comma = rest.find(','); comma != std::string_view::npos) {
    if (auto status = read_limit(trim(rest.substr(comma + 1)), fault); !status)
      return std::unexpected(status.error());
    rest = trim(rest.substr(0, comma));
  }
  if (auto status = read_kind(rest, fault); !status) return std::unexpected(status.error());
  return fault;
}

Result<std::vector<Fault>> parse_fault_file(std::string_view text, std::string_view file_name) {
  std::vector<Fault> faults;
  int line = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++line;
    const auto content = trim(raw.substr(0, raw.find('#')));
    if (content.empty()) continue;
    auto fault = parse_fault(content);
    if (!fault) return fail(Errc::invalid, "{}:{}: {}", file_name, line, fault.error().what);
    faults.push_back(std::move(*fault));
  }
  return faults;
}

std::optional<Fault> FaultTable::take(const dns::Name& name, dns::Type type) {
  for (Fault& fault : faults_) {
    if (!fault.matches(name, type) || fault.times_left == 0U) continue;
    if (fault.times_left) --*fault.times_left;
    return fault;
  }
  return std::nullopt;
}

}  // namespace waybill::resolve
