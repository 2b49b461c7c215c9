// log.h: structured log lines, text or JSON, one event a line, to stderr. Thread-safe. Values from outside
// are escaped, so that no peer can forge a line or reach the reader's terminal. Secrets are never passed in
// here.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/id.h"

namespace waybill::log {

enum class Level { debug, info, warning, error };
enum class Format { text, json };

/// What a value is in JSON; in text all look alike.
enum class Kind { string, literal };

struct Field {
  std::string_view key;  ///< a fixed word: letters, digits and _
  std::string value;
  Kind kind = Kind::string;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, MessageId id) : key(k), value(id.to_string()) {}
  /// Numbers and bools are JSON's own. RFC 8259 6 has neither NaN nor infinity: those stay strings.
  template <class T>
    requires std::is_arithmetic_v<T>
  Field(std::string_view k, T v) : key(k), value(fmt::format("{}", v)), kind(Kind::literal) {
    if constexpr (std::floating_point<T>) {
      if (!std::isfinite(v)) kind = Kind::string;
    } else if constexpr (std::same_as<T, char>) {
      kind = Kind::string;  // a letter
    }
  }
};

/// One line as write() would print it, without its line feed: printable UTF-8 in any case, whatever the
/// values are. What is no UTF-8 comes as \\xNN. A field without a value is left out.
[[nodiscard]] std::string format_line(Format format, Level level, Time time, std::string_view event,
                                      std::initializer_list<Field> fields);

/// Once at start and at every reload.
void configure(Level level, Format format);
[[nodiscard]] bool enabled(Level level);
/// `event` is a short fixed phrase ("delivered", "resolver failed"); what varies goes into the fields.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

/// What the thread writes while one of these lives goes out in one piece at its end: one system call for a
/// turn of a loop that tells of many messages. Lines stay whole and in order; a crash meanwhile takes them
/// along.
class Together {
 public:
  Together();
  ~Together();
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;
};

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
