#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

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

void append_json_string(fmt::memory_buffer& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (octet < 0x20 || octet == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u00{}{}", kHex[octet >> 4], kHex[octet & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_text_value(fmt::memory_buffer& out, std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos &&
                     printable(text, text.size()).size() == text.size();
  if (plain) {
    out.append(text);
  } else {
    append_json_string(out, is_utf8(text) ? std::string(text) : printable(text, text.size()));
  }
}

void format_text(fmt::memory_buffer& out, Level level, std::string_view event,
                 std::initializer_list<Field> fields) {
  fmt::format_to(std::back_inserter(out), "{} {:<7} {}", format_rfc3339(SystemClock{}.now()), name(level),
                 event);
  for (const Field& field : fields) {
    if (field.value.empty()) continue;  // "host=" says nothing
    fmt::format_to(std::back_inserter(out), " {}=", field.key);
    append_text_value(out, field.value);
  }
}

void format_json(fmt::memory_buffer& out, Level level, std::string_view event,
                 std::initializer_list<Field> fields) {
  fmt::format_to(std::back_inserter(out), R"({{"time":"{}","level":"{}","event":)",
                 format_rfc3339(SystemClock{}.now()), name(level));
  append_json_string(out, event);
  for (const Field& field : fields) {
    if (field.value.empty()) continue;
    fmt::format_to(std::back_inserter(out), R"(,"{}":)", field.key);
    append_json_string(out, is_utf8(field.value) ? field.value : printable(field.value, field.value.size()));
  }
  out.push_back('}');
}
}  // namespace

void configure(Level level, Format format) {
  g_level = level;
  g_format = format;
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  fmt::memory_buffer out;
  if (g_format.load(std::memory_order_relaxed) == Format::json) {
    format_json(out, level, event, fields);
  } else {
    format_text(out, level, event, fields);
  }
  sink().log(spdlog::level::info, std::string_view(out.data(), out.size()));
}

}  // namespace waybill::log
