// log.h: structured log lines, text or JSON, one event a line, to stderr. Thread-safe. Values from outside
// are escaped, so that no peer can forge a line. Secrets are never passed in here.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/id.h"

namespace waybill::log {

enum class Level { debug, info, warning, error };
enum class Format { text, json };

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, MessageId id) : key(k), value(id.to_string()) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  Field(std::string_view k, T v) : key(k), value(fmt::format("{}", v)) {}
};

/// Once at start and at every reload.
void configure(Level level, Format format);
[[nodiscard]] bool enabled(Level level);
/// `event` is a short fixed phrase ("delivered", "resolver failed"); what varies goes into the fields.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace waybill::log
