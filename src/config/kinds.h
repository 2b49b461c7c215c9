// kinds.h: the kinds of values that keys take: how each is read from TOML, shown as TOML, and named for
// people. Internal to config/: nothing else includes it (toml++ ends here).
//
// Every kind has: read(Scope, node, value&), which reports its own errors and leaves the value alone then;
// show(value), a TOML literal that reads back to the same value; and type(), one or two words.
#pragma once

#include <toml++/toml.h>

#include <array>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "config/config.h"

namespace waybill::config {

/// Collects what is wrong with one file.
class Reader {
 public:
  Reader(std::string file, std::filesystem::path folder)
      : file_(std::move(file)), folder_(std::move(folder)) {}

  void error(const toml::source_region& at, std::string message);
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool full() const { return errors_.size() >= kErrorsMax; }
  [[nodiscard]] Errors& errors() { return errors_; }
  [[nodiscard]] Positions& positions() { return positions_; }

 private:
  std::string file_;
  std::filesystem::path folder_;
  Errors errors_;
  Positions positions_;
};

/// Where in the tree of keys we are: "limits.sessions". For messages and positions.
struct Scope {
  Reader& reader;
  std::string path;

  [[nodiscard]] Scope at(std::string_view name) const {
    return {reader, path.empty() ? std::string(name) : fmt::format("{}.{}", path, name)};
  }
  [[nodiscard]] Scope item(size_t n) const { return {reader, fmt::format("{}[{}]", path, n)}; }
  /// Reports that the value must be `what`, and what it is instead.
  void wrong_type(const toml::node& node, std::string_view what) const;
  /// Reports a value that its own grammar or a stated limit refuses.
  void bad_value(const toml::node& node, std::string_view why) const;
  void remember(const toml::node& node) const;
  /// True if remember() was called for this path before.
  [[nodiscard]] bool known() const { return reader.positions().find(path).line != 0; }
};

[[nodiscard]] std::string toml_text(std::string_view text);
/// A string of at most `max` octets without control characters; reports otherwise.
[[nodiscard]] const std::string* text_of(const Scope& scope, const toml::node& node, std::string_view what,
                                         size_t max = 4096);

struct Text {
  std::string_view name = "text";
  void read(const Scope& scope, const toml::node& node, std::string& out) const;
  [[nodiscard]] std::string show(const std::string& value) const { return toml_text(value); }
  [[nodiscard]] std::string type() const { return std::string(name); }
};

/// A path; a relative one stands relative to the configuration file's folder.
struct Path {
  void read(const Scope& scope, const toml::node& node, std::string& out) const;
  [[nodiscard]] std::string show(const std::string& value) const { return toml_text(value); }
  [[nodiscard]] std::string type() const { return "path"; }
};

struct Flag {
  void read(const Scope& scope, const toml::node& node, bool& out) const;
  [[nodiscard]] std::string show(bool value) const { return value ? "true" : "false"; }
  [[nodiscard]] std::string type() const { return "true or false"; }
};

struct Count {
  int64_t min = 0;
  int64_t max = std::numeric_limits<uint32_t>::max();
  template <class T>
  void read(const Scope& scope, const toml::node& node, T& out) const {
    int64_t value = 0;
    if (read_integer(scope, node, value)) out = static_cast<T>(value);
  }
  [[nodiscard]] bool read_integer(const Scope& scope, const toml::node& node, int64_t& out) const;
  [[nodiscard]] std::string show(uint64_t value) const { return fmt::format("{}", value); }
  [[nodiscard]] std::string type() const { return "number"; }
};

struct Ratio {
  double min = 0;
  double max = 0;
  void read(const Scope& scope, const toml::node& node, double& out) const;
  [[nodiscard]] std::string show(double value) const;
  [[nodiscard]] std::string type() const { return "number"; }
};

struct Duration {
  Millis min{0};
  Millis max = std::chrono::days{366};
  void read(const Scope& scope, const toml::node& node, Millis& out) const;
  [[nodiscard]] std::string show(Millis value) const;
  [[nodiscard]] std::string type() const { return "duration"; }
};

struct Size {
  uint64_t min = 0;
  uint64_t max = uint64_t{1} << 50;
  void read(const Scope& scope, const toml::node& node, uint64_t& out) const;
  [[nodiscard]] std::string show(uint64_t value) const { return toml_text(format_size(value)); }
  [[nodiscard]] std::string type() const { return "size"; }
};

/// One of an enumeration's values, by the names that to_string() gives them.
template <class E, size_t N>
struct Choice {
  std::array<E, N> values;
  void read(const Scope& scope, const toml::node& node, E& out) const {
    std::array<std::string_view, N> names;
    for (size_t i = 0; i < N; ++i) names[i] = name_of(values[i]);
    size_t which = 0;
    if (read_choice(scope, node, names, which)) out = values[which];
  }
  [[nodiscard]] std::string show(E value) const { return toml_text(name_of(value)); }
  [[nodiscard]] std::string type() const {
    std::string out;
    for (const E value : values) out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", name_of(value));
    return out;
  }

 private:
  static std::string_view name_of(E value);
  static bool read_choice(const Scope& scope, const toml::node& node, std::span<const std::string_view> names,
                          size_t& which);
};
[[nodiscard]] bool read_choice_of(const Scope& scope, const toml::node& node,
                                  std::span<const std::string_view> names, size_t& which);
[[nodiscard]] std::string_view to_string(log::Level level);
[[nodiscard]] std::string_view to_string(log::Format format);
template <class E, size_t N>
std::string_view Choice<E, N>::name_of(E value) {
  return config::to_string(value);
}
template <class E, size_t N>
bool Choice<E, N>::read_choice(const Scope& scope, const toml::node& node,
                               std::span<const std::string_view> names, size_t& which) {
  return read_choice_of(scope, node, names, which);
}

/// Anything with a static parse(text) -> Result<T>.
template <class T>
struct Parsed {
  std::string_view name;
  void read(const Scope& scope, const toml::node& node, T& out) const {
    const std::string* text = text_of(scope, node, name);
    if (text == nullptr) return;
    auto value = T::parse(*text);
    if (!value) return scope.bad_value(node, value.error().what);
    out = std::move(*value);
    scope.remember(node);
  }
  [[nodiscard]] std::string show(const T& value) const {
    if constexpr (requires { value.text(); }) {
      return toml_text(value.text());
    } else {
      return toml_text(value.to_string());
    }
  }
  [[nodiscard]] std::string type() const { return std::string(name); }
};

/// A domain name; address literals are refused.
struct DomainName {
  void read(const Scope& scope, const toml::node& node, mail::Domain& out) const;
  [[nodiscard]] std::string show(const mail::Domain& value) const { return toml_text(value.text()); }
  [[nodiscard]] std::string type() const { return "domain name"; }
};

/// A network that may be trusted to send anywhere: not as wide as the Internet.
struct TrustedNetwork {
  void read(const Scope& scope, const toml::node& node, IpNetwork& out) const;
  [[nodiscard]] std::string show(const IpNetwork& value) const { return toml_text(value.to_string()); }
  [[nodiscard]] std::string type() const { return "network"; }
};

/// The same, or "" for none.
struct OptionalDomain {
  void read(const Scope& scope, const toml::node& node, mail::Domain& out) const;
  [[nodiscard]] std::string show(const mail::Domain& value) const { return toml_text(value.text()); }
  [[nodiscard]] std::string type() const { return "domain name"; }
};

/// What ends a user's name within a local part: one character, or "" for none.
struct Delimiter {
  void read(const Scope& scope, const toml::node& node, std::string& out) const;
  [[nodiscard]] std::string show(const std::string& value) const { return toml_text(value); }
  [[nodiscard]] std::string type() const { return "character"; }
};

struct SourceAddress {
  bool v4;
  void read(const Scope& scope, const toml::node& node, IpAddress& out) const;
  [[nodiscard]] std::string show(const IpAddress& value) const { return toml_text(value.to_string()); }
  [[nodiscard]] std::string type() const { return v4 ? "IPv4 address" : "IPv6 address"; }
};

/// File permissions: "0660".
struct Permissions {
  void read(const Scope& scope, const toml::node& node, unsigned& out) const;
  [[nodiscard]] std::string show(unsigned value) const { return fmt::format("\"{:04o}\"", value); }
  [[nodiscard]] std::string type() const { return "octal permissions"; }
};

struct MailboxesKind {
  void read(const Scope& scope, const toml::node& node, Mailboxes& out) const;
  [[nodiscard]] std::string show(const Mailboxes& value) const { return toml_text(value.to_string()); }
  [[nodiscard]] std::string type() const { return "mailboxes"; }
};

/// Who receives mail instead: "john", or ["john", "ann@example.net"].
struct Receivers {
  void read(const Scope& scope, const toml::node& node, std::vector<std::string>& out) const;
  [[nodiscard]] std::string show(const std::vector<std::string>& value) const;
  [[nodiscard]] std::string type() const { return "address, or list: address"; }
};

struct Aliases {
  using Map = std::map<std::string, std::vector<std::string>, std::less<>>;
  void read(const Scope& scope, const toml::node& node, Map& out) const;
  [[nodiscard]] std::string show(const Map& value) const;
  [[nodiscard]] std::string type() const { return "table: name = address, or list: address"; }
};

struct ViaKind {
  void read(const Scope& scope, const toml::node& node, Via& out) const;
  [[nodiscard]] std::string show(const Via& value) const { return toml_text(value.to_string()); }
  [[nodiscard]] std::string type() const { return "route"; }
};

struct Users {
  using Set = std::set<std::string, std::less<>>;
  void read(const Scope& scope, const toml::node& node, std::optional<Set>& out) const;
  [[nodiscard]] std::string show(const std::optional<Set>& value) const;
  [[nodiscard]] std::string type() const { return "list: user name"; }
};

/// "" stands for none, so that a commented default can be written out.
template <class K>
struct Optional {
  K kind;
  template <class T>
  void read(const Scope& scope, const toml::node& node, std::optional<T>& out) const {
    if (const auto* text = node.as_string();
        text != nullptr && (text->get().empty() || text->get() == "off")) {
      out.reset();
      return scope.remember(node);
    }
    T value{};
    const size_t before = scope.reader.errors().size();
    kind.read(scope, node, value);
    if (scope.reader.errors().size() == before) out = std::move(value);
  }
  template <class T>
  [[nodiscard]] std::string show(const std::optional<T>& value) const {
    return value ? kind.show(*value) : "\"\"";
  }
  [[nodiscard]] std::string type() const { return kind.type(); }
};

template <class K>
struct List {
  K kind;
  size_t max = 10'000;
  template <class T>
  void read(const Scope& scope, const toml::node& node, std::vector<T>& out) const {
    const auto* array = node.as_array();
    if (array == nullptr)
      return scope.wrong_type(node, fmt::format("a list, [\"...\"], each a {}", kind.type()));
    if (array->size() > max) return scope.bad_value(node, fmt::format("more than {} items", max));
    out.clear();
    for (size_t i = 0; i < array->size(); ++i) kind.read(scope.item(i), *array->get(i), out.emplace_back());
    scope.remember(node);
  }
  template <class T>
  [[nodiscard]] std::string show(const std::vector<T>& values) const {
    std::string out = "[";
    for (const T& value : values) out += fmt::format("{}{}", out.size() == 1 ? "" : ", ", kind.show(value));
    return out + "]";
  }
  [[nodiscard]] std::string type() const { return fmt::format("list: {}", kind.type()); }
};

/// Whether what a domain says of its recipients fits its role and itself; reports otherwise.
void check_recipients(const Scope& scope, const toml::table& table, const Domain& domain);

}  // namespace waybill::config
