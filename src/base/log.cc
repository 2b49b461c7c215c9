#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>

#include "base/bytes.h"
#include "base/clock.h"

namespace waybill::log {
namespace {
std::atomic<Level> g_level{Level::info};
std::atomic<Format> g_format{Format::text};

spdlog::logger& sink() {
  static const auto logger = [] {
    auto made =
        std::make_shared<spdlog::logger>("waybill", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

// Of this thread: the lines that wait for the end of a Together, and how many of these live.
constexpr size_t kTogetherOctetsMax = 32 * 1024;
thread_local std::string t_lines;
thread_local int t_scopes = 0;

void flush_lines() {
  if (t_lines.empty()) return;
  sink().log(spdlog::level::info, std::string_view(t_lines));
  t_lines.clear();
}

std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "info";
}

/// How many octets at the front of well-formed UTF-8 act on a terminal or end a line without being below
/// 0x20: U+0080 to U+009F (C1 controls: U+009B begins a terminal's command), U+2028 and U+2029 (line ends to
/// many readers). 0: none.
size_t hidden_control(std::string_view text) {
  if (text.size() >= 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0) return 2;
  return text.starts_with("\u2028") || text.starts_with("\u2029") ? 3 : 0;
}

void append_json_string(fmt::memory_buffer& out, std::string_view text) {
  out.push_back('"');
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (octet < 0x20 || octet == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", octet);
    } else if (const size_t octets = hidden_control(text.substr(i)); octets > 0) {
      const auto last = static_cast<unsigned char>(text[i + octets - 1]);
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", octets == 2 ? last : 0x2028 + (last - 0xa8));
      i += octets - 1;
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_string(fmt::memory_buffer& out, std::string_view text) {
  append_json_string(out, is_utf8(text) ? std::string(text) : printable(text, text.size()));
}

bool is_plain(char c) { return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\'; }

void append_text_value(fmt::memory_buffer& out, std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_plain)) {
    out.append(text);
  } else {
    append_string(out, text);
  }
}

void format_text(fmt::memory_buffer& out, Level level, Time time, std::string_view event,
                 std::initializer_list<Field> fields) {
  fmt::format_to(std::back_inserter(out), "{} {:<7} {}", format_rfc3339(time), name(level), event);
  for (const Field& field : fields) {
    if (field.value.empty()) continue;  // "host=" says nothing
    fmt::format_to(std::back_inserter(out), " {}=", field.key);
    append_text_value(out, field.value);
  }
}

void format_json(fmt::memory_buffer& out, Level level, Time time, std::string_view event,
                 std::initializer_list<Field> fields) {
  fmt::format_to(std::back_inserter(out), R"({{"time":"{}","level":"{}","event":)", format_rfc3339(time),
                 name(level));
  append_string(out, event);
  for (const Field& field : fields) {
    if (field.value.empty()) continue;
    fmt::format_to(std::back_inserter(out), R"(,"{}":)", field.key);
    if (field.kind == Kind::literal) {
      out.append(field.value);
    } else {
      append_string(out, field.value);
    }
  }
  out.push_back('}');
}

fmt::memory_buffer line(Format format, Level level, Time time, std::string_view event,
                        std::initializer_list<Field> fields) {
  fmt::memory_buffer out;
  if (format == Format::json) {
    format_json(out, level, time, event, fields);
  } else {
    format_text(out, level, time, event, fields);
  }
  return out;
}
}  // namespace

std::string format_line(Format format, Level level, Time time, std::string_view event,
                        std::initializer_list<Field> fields) {
  return fmt::to_string(line(format, level, time, event, fields));
}

void configure(Level level, Format format) {
  g_level = level;
  g_format = format;
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const fmt::memory_buffer out =
      line(g_format.load(std::memory_order_relaxed), level, SystemClock{}.now(), event, fields);
  if (t_scopes == 0) return sink().log(spdlog::level::info, std::string_view(out.data(), out.size()));
  if (!t_lines.empty()) t_lines += '\n';
  t_lines.append(out.data(), out.size());
  if (t_lines.size() >= kTogetherOctetsMax) flush_lines();
}

Together::Together() { ++t_scopes; }
Together::~Together() {
  if (--t_scopes == 0) flush_lines();
}

}  // namespace waybill::log
