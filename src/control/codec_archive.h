// codec_archive.h: inside codec.cc only: walks a value's members (codec_fields.h) to write them as JSON, or
// to fill them from JSON. One description serves both ways, so that they can't drift apart.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <type_traits>

#include "base/bytes.h"
#include "control/codec_names.h"
#include "control/selector.h"

namespace waybill::control::detail {
namespace json = boost::json;

/// Specialised in codec_fields.h: `template <class A, class V> static void visit(A& a, V& v)`.
template <class T>
struct Fields;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

/// What is not UTF-8 becomes U+FFFD: replies and names come from anywhere.
[[nodiscard]] std::string utf8_lossy(std::string_view text);

class Encoder {
 public:
  explicit Encoder(json::object& out) : out_(out) {}
  template <class T>
  void operator()(std::string_view key, const T& value) {
    out_[json::string_view(key.data(), key.size())] = to_value(value);
  }
  template <class T>
  void required(std::string_view key, const T& value) {
    (*this)(key, value);
  }
  void notify(std::string_view key, uint8_t bits);

  template <class T>
  static json::value to_value(const T& value);

 private:
  json::object& out_;
};

template <class T>
json::object to_object(const T& value) {
  json::object out;
  Encoder encoder(out);
  Fields<T>::visit(encoder, value);
  return out;
}
json::object to_object(const Selector& selector);

template <class T>
json::value Encoder::to_value(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return json::value(is_utf8(value) ? value : utf8_lossy(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    return json::value(value);
  } else if constexpr (std::is_integral_v<T>) {
    return json::value(value);
  } else if constexpr (std::is_enum_v<T>) {
    const std::string_view name = name_of(value);
    return json::value(json::string_view(name.data(), name.size()));
  } else if constexpr (std::is_same_v<T, Time>) {
    return json::value(format_rfc3339(value));
  } else if constexpr (std::is_same_v<T, MessageId> || std::is_same_v<T, IpAddress> ||
                       std::is_same_v<T, mail::EnhancedStatus>) {
    return json::value(value.to_string());
  } else if constexpr (std::is_same_v<T, mail::Address>) {
    return to_value(value.to_string());
  } else if constexpr (is_optional<T>) {
    return value ? to_value(*value) : json::value(nullptr);
  } else if constexpr (is_vector<T>) {
    json::array out;
    out.reserve(value.size());
    for (const auto& item : value) out.push_back(to_value(item));
    return out;
  } else {
    return to_object(value);
  }
}

enum class Strict { no, yes };  ///< whether an unknown member is an error

class Decoder {
 public:
  Decoder(const json::object& in, Strict strict) : in_(in), strict_(strict) {}
  template <class T>
  void operator()(std::string_view key, T& value) {
    known_.push_back(key);
    if (!status_) return;
    const json::value* found = find(key);
    if (found == nullptr) return;
    if (Status status = from_value(*found, value, strict_); !status) status_ = pass(status.error(), key);
  }
  template <class T>
  void required(std::string_view key, T& value) {
    if (status_ && find(key) == nullptr) status_ = fail(Errc::invalid, "{}: missing", key);
    (*this)(key, value);
  }
  void notify(std::string_view key, uint8_t& bits);
  void also_known(std::string_view key) { known_.push_back(key); }
  /// After the visit.
  [[nodiscard]] Status finish() const;

  template <class T>
  static Status from_value(const json::value& in, T& out, Strict strict);

 private:
  [[nodiscard]] const json::value* find(std::string_view key) const {
    return in_.if_contains(json::string_view(key.data(), key.size()));
  }

  const json::object& in_;
  Strict strict_;
  std::vector<std::string_view> known_;
  Status status_;
};

[[nodiscard]] Status read_string(const json::value& in, std::string& out);
[[nodiscard]] Status read_value(const json::value& in, Time& out);
[[nodiscard]] Status read_value(const json::value& in, MessageId& out);
[[nodiscard]] Status read_value(const json::value& in, IpAddress& out);
[[nodiscard]] Status read_value(const json::value& in, mail::EnhancedStatus& out);
[[nodiscard]] Status read_value(const json::value& in, mail::Address& out);
[[nodiscard]] Status read_value(const json::value& in, Selector& out);

template <class T>
Status read_integer(const json::value& in, T& out) {
  if (const auto* number = in.if_int64()) {
    if (std::in_range<T>(*number)) {
      out = static_cast<T>(*number);
      return {};
    }
  } else if (const auto* large = in.if_uint64()) {
    if (std::in_range<T>(*large)) {
      out = static_cast<T>(*large);
      return {};
    }
  }
  return fail(Errc::invalid, "not a whole number from {} to {}", std::numeric_limits<T>::min(),
              std::numeric_limits<T>::max());
}

template <class T>
Status read_object(const json::value& in, T& out, Strict strict) {
  const auto* object = in.if_object();
  if (object == nullptr) return fail(Errc::invalid, "not an object");
  Decoder decoder(*object, strict);
  decoder.also_known("v");
  Fields<T>::visit(decoder, out);
  return decoder.finish();
}

template <class T>
Status read_array(const json::value& in, std::vector<T>& out, Strict strict) {
  const auto* array = in.if_array();
  if (array == nullptr) return fail(Errc::invalid, "not an array");
  out.clear();
  for (size_t i = 0; i < array->size(); ++i) {
    T item{};
    if (Status status = Decoder::from_value((*array)[i], item, strict); !status) {
      return pass(status.error(), fmt::format("[{}]", i));
    }
    out.push_back(std::move(item));
  }
  return {};
}

template <class T>
Status Decoder::from_value(const json::value& in, T& out, Strict strict) {
  if constexpr (std::is_same_v<T, std::string>) {
    return read_string(in, out);
  } else if constexpr (std::is_same_v<T, bool>) {
    const bool* given = in.if_bool();
    if (given == nullptr) return fail(Errc::invalid, "neither true nor false");
    out = *given;
    return {};
  } else if constexpr (std::is_integral_v<T>) {
    return read_integer(in, out);
  } else if constexpr (std::is_enum_v<T>) {
    std::string name;
    if (Status status = read_string(in, name); !status) return status;
    return value_of(name, out);
  } else if constexpr (is_optional<T>) {
    out.reset();
    if (in.is_null()) return {};
    typename T::value_type value{};
    if (Status status = from_value(in, value, strict); !status) return status;
    out = std::move(value);
    return {};
  } else if constexpr (is_vector<T>) {
    return read_array(in, out, strict);
  } else if constexpr (requires { read_value(in, out); }) {
    return read_value(in, out);
  } else {
    return read_object(in, out, strict);
  }
}

}  // namespace waybill::control::detail
