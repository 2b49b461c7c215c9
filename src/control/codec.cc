#include "control/codec.h"

#include <charconv>

#include "control/codec_fields.h"

namespace waybill::control {
namespace {
using namespace detail;

constexpr size_t kDepthMax = 16;

constexpr std::array<std::pair<Errc, std::string_view>, 12> kErrorNames{{{Errc::invalid, "invalid"},
                                                                         {Errc::not_found, "not_found"},
                                                                         {Errc::exists, "exists"},
                                                                         {Errc::refused, "refused"},
                                                                         {Errc::timeout, "timeout"},
                                                                         {Errc::closed, "closed"},
                                                                         {Errc::no_space, "no_space"},
                                                                         {Errc::io, "io"},
                                                                         {Errc::corrupt, "corrupt"},
                                                                         {Errc::busy, "busy"},
                                                                         {Errc::unsupported, "unsupported"},
                                                                         {Errc::internal, "internal"}}};

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::error_code error;
  try {
    json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
    if (error) return fail(Errc::invalid, "not JSON: {}", error.message());
    return value;
  } catch (const std::exception& e) {
    return fail(Errc::busy, "JSON: {}", e.what());
  }
}

/// A version that we don't know may mean anything.
Status check_version(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return fail(Errc::invalid, "not a JSON object");
  const json::value* version = object->if_contains("v");
  if (version == nullptr) return {};
  const auto* number = version->if_int64();
  if (number == nullptr || *number != 1) return fail(Errc::invalid, "v: only version 1 is known here");
  return {};
}

template <class T>
Result<T> decode_one(std::string_view text, Strict strict) {
  const auto value = parse_json(text);
  if (!value) return pass(value.error());
  if (Status status = check_version(*value); !status) return pass(status.error());
  T out{};
  if (Status status = Decoder::from_value(*value, out, strict); !status) return pass(status.error());
  return out;
}

std::string with_version(json::object members) {
  json::object out;
  out.reserve(members.size() + 1);
  out["v"] = 1;
  for (auto& member : members) out[member.key()] = std::move(member.value());
  return json::serialize(out);
}

/// Lines of a newline-delimited answer, the last of which is its end.
Result<std::pair<std::vector<std::string_view>, std::string_view>> split_list(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  auto lines = split(text, '\n');
  const std::string_view last = lines.back();
  lines.pop_back();
  if (last.empty()) return fail(Errc::invalid, "the list has no last line");
  return std::pair{std::move(lines), last};
}
}  // namespace

std::string_view to_string(RecipientState state) { return name_of(state); }
std::string_view to_string(Action action) { return name_of(action); }
std::string_view to_string(EventKind kind) { return name_of(kind); }
std::string_view to_string(ReloadOutcome outcome) { return name_of(outcome); }

Result<Action> parse_action(std::string_view text) {
  Action action{};
  if (Status status = value_of(text, action); !status) return pass(status.error(), "action");
  return action;
}

std::string to_string(const Cursor& cursor) {
  return fmt::format("{}/{}", cursor.message.to_string(), cursor.index);
}

Result<Cursor> parse_cursor(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return fail(Errc::invalid, "'{}' is not ID/NUMBER", printable(text, 40));
  const auto id = MessageId::parse(text.substr(0, slash));
  if (!id) return pass(id.error());
  Cursor cursor{*id, 0};
  const std::string_view number = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), cursor.index);
  if (error != std::errc{} || end != number.data() + number.size()) {
    return fail(Errc::invalid, "'{}' is not ID/NUMBER", printable(text, 40));
  }
  return cursor;
}

Result<Time> parse_rfc3339(std::string_view text) {
  const auto bad = [text] {
    return fail(Errc::invalid, "'{}' is not a time such as 2026-11-21T02:49:10.123Z", printable(text, 40));
  };
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kShape.size() + 1 || text.size() > 24 || text.back() != 'Z') return bad();
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return bad();
  }
  const auto number = [text](size_t at, size_t count) {
    int value = 0;
    for (size_t i = at; i < at + count; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  std::string_view fraction = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  int ms = 0;
  if (!fraction.empty()) {
    if (fraction.front() != '.' || fraction.size() < 2) return bad();
    int scale = 100;
    for (const char c : fraction.substr(1)) {
      if (c < '0' || c > '9') return bad();
      ms += (c - '0') * scale;
      scale /= 10;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 60) return bad();
  return Time{std::chrono::sys_days(date).time_since_epoch()} + std::chrono::hours(number(11, 2)) +
         std::chrono::minutes(number(14, 2)) + Seconds(number(17, 2)) + Millis(ms);
}

std::string encode_error(const Error& error) {
  const auto known = std::ranges::find(kErrorNames, error.code, &std::pair<Errc, std::string_view>::first);
  json::object inner;
  inner["code"] = known == kErrorNames.end() ? "internal" : std::string(known->second);
  inner["message"] = is_utf8(error.what) ? error.what : utf8_lossy(error.what);
  json::object out;
  out["error"] = std::move(inner);
  return with_version(std::move(out));
}

Result<Error> decode_error(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return pass(value.error());
  const auto* object = value->if_object();
  const json::value* inner = object == nullptr ? nullptr : object->if_contains("error");
  if (inner == nullptr || !inner->is_object()) return fail(Errc::invalid, "no error in this document");
  std::string code;
  Error error;
  Decoder decoder(inner->get_object(), Strict::no);
  decoder("code", code);
  decoder("message", error.what);
  if (Status status = decoder.finish(); !status) return pass(status.error());
  const auto known =
      std::ranges::find(kErrorNames, std::string_view(code), &std::pair<Errc, std::string_view>::second);
  error.code = known == kErrorNames.end() ? Errc::internal : known->first;
  return error;
}

template <class T>
std::string encode(const T& value) {
  return with_version(to_object(value));
}

template <class T>
Result<T> decode(std::string_view text) {
  constexpr bool kRequest = std::is_same_v<T, Selector> || std::is_same_v<T, ActRequest> ||
                            std::is_same_v<T, SendRequest> || std::is_same_v<T, DnsFlushRequest> ||
                            std::is_same_v<T, ForgetRecipientsRequest>;
  return decode_one<T>(text, kRequest ? Strict::yes : Strict::no);
}

template <>
std::string encode(const QueueListAnswer& value) {
  std::string out;
  for (const QueueRow& row : value.rows) out += encode(row) + "\n";
  json::object end;
  end["next"] = value.next ? json::value(to_string(*value.next)) : json::value(nullptr);
  return out + with_version(std::move(end)) + "\n";
}

template <>
Result<QueueListAnswer> decode(std::string_view text) {
  const auto parts = split_list(text);
  if (!parts) return pass(parts.error());
  QueueListAnswer out;
  for (const std::string_view line : parts->first) {
    auto row = decode_one<QueueRow>(line, Strict::no);
    if (!row) return pass(row.error());
    out.rows.push_back(std::move(*row));
  }
  const auto last = parse_json(parts->second);
  if (!last) return pass(last.error());
  const auto* end = last->if_object();
  const json::value* next = end == nullptr ? nullptr : end->if_contains("next");
  if (next == nullptr) return fail(Errc::invalid, "next: missing");
  if (next->is_null()) return out;
  std::string cursor_text;
  if (Status status = read_string(*next, cursor_text); !status) return pass(status.error(), "next");
  auto cursor = parse_cursor(cursor_text);
  if (!cursor) return pass(cursor.error(), "next");
  out.next = *cursor;
  return out;
}

template <>
std::string encode(const DnsCacheAnswer& value) {
  std::string out;
  for (const DnsCacheEntry& entry : value.entries) out += with_version(to_object(entry)) + "\n";
  json::object end;
  end["entries_total"] = value.entries_total;
  return out + with_version(std::move(end)) + "\n";
}

template <>
Result<DnsCacheAnswer> decode(std::string_view text) {
  const auto parts = split_list(text);
  if (!parts) return pass(parts.error());
  DnsCacheAnswer out;
  for (const std::string_view line : parts->first) {
    auto entry = decode_one<DnsCacheEntry>(line, Strict::no);
    if (!entry) return pass(entry.error());
    out.entries.push_back(std::move(*entry));
  }
  const auto last = parse_json(parts->second);
  if (!last) return pass(last.error());
  if (!last->is_object()) return fail(Errc::invalid, "not a JSON object");
  Decoder decoder(last->get_object(), Strict::no);
  decoder.required("entries_total", out.entries_total);
  if (Status status = decoder.finish(); !status) return pass(status.error());
  return out;
}

#define WAYBILL_CODEC(T)                 \
  template std::string encode(const T&); \
  template Result<T> decode(std::string_view)
WAYBILL_CODEC(Selector);
WAYBILL_CODEC(ActRequest);
WAYBILL_CODEC(SendRequest);
WAYBILL_CODEC(DnsFlushRequest);
WAYBILL_CODEC(QueueRow);
WAYBILL_CODEC(QueueCountAnswer);
WAYBILL_CODEC(ActionReport);
WAYBILL_CODEC(TraceEvent);
WAYBILL_CODEC(TraceAnswer);
WAYBILL_CODEC(WhyAnswer);
WAYBILL_CODEC(CustodyAnswer);
WAYBILL_CODEC(StatusAnswer);
WAYBILL_CODEC(ReloadAnswer);
WAYBILL_CODEC(HealthAnswer);
WAYBILL_CODEC(SendAnswer);
WAYBILL_CODEC(DnsFlushAnswer);
WAYBILL_CODEC(RecipientsAnswer);
WAYBILL_CODEC(ForgetRecipientsRequest);
WAYBILL_CODEC(ForgetRecipientsAnswer);
#undef WAYBILL_CODEC

}  // namespace waybill::control
