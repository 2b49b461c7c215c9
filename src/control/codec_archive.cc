#include "control/codec_archive.h"

#include "control/codec.h"

namespace waybill::control::detail {
namespace {
constexpr std::array<std::pair<uint8_t, std::string_view>, 4> kNotifyNames{{{mail::notify_never, "never"},
                                                                            {mail::notify_success, "success"},
                                                                            {mail::notify_failure, "failure"},
                                                                            {mail::notify_delay, "delay"}}};

/// Length of the well-formed UTF-8 sequence at the front, 0 if there is none.
size_t sequence_octets(std::string_view text) {
  for (size_t n = 1; n <= std::min<size_t>(4, text.size()); ++n) {
    if (is_utf8(text.substr(0, n))) return n;
  }
  return 0;
}
}  // namespace

std::string utf8_lossy(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const size_t n = sequence_octets(text);
    if (n == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(std::max<size_t>(n, 1));
  }
  return out;
}

void Encoder::notify(std::string_view key, uint8_t bits) {
  json::array names;
  for (const auto& [bit, name] : kNotifyNames) {
    if ((bits & bit) != 0) names.emplace_back(json::string_view(name.data(), name.size()));
  }
  out_[json::string_view(key.data(), key.size())] = std::move(names);
}

void Decoder::notify(std::string_view key, uint8_t& bits) {
  std::vector<std::string> names;
  (*this)(key, names);
  if (!status_) return;
  bits = mail::notify_unset;
  for (const std::string& given : names) {
    const auto known = std::ranges::find(kNotifyNames, std::string_view(given),
                                         &std::pair<uint8_t, std::string_view>::second);
    if (known == kNotifyNames.end()) {
      status_ = fail(Errc::invalid, "{}: '{}' is none of never, success, failure, delay", key,
                     printable(given, 40));
      return;
    }
    bits = static_cast<uint8_t>(bits | known->first);
  }
  // RFC 3461 4.1: NEVER stands alone.
  if ((bits & mail::notify_never) != 0 && bits != mail::notify_never) {
    status_ = fail(Errc::invalid, "{}: never stands alone (RFC 3461 4.1)", key);
  }
}

Status Decoder::finish() const {
  if (!status_ || strict_ == Strict::no) return status_;
  for (const auto& member : in_) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::ranges::find(known_, key) == known_.end()) {
      return fail(Errc::invalid, "'{}': unknown", printable(key, 40));
    }
  }
  return {};
}

json::object to_object(const Selector& selector) {
  json::object out;
  for (const auto& [name, value] : given_fields(selector)) out[name] = value;
  if (selector.all) out["all"] = true;
  return out;
}

Status read_string(const json::value& in, std::string& out) {
  const auto* text = in.if_string();
  if (text == nullptr) return fail(Errc::invalid, "not a string");
  out.assign(text->data(), text->size());
  return {};
}

namespace {
/// For the values that are one string with a grammar of their own.
template <class T, class Parse>
Status read_with(const json::value& in, T& out, Parse parse) {
  std::string text;
  if (Status status = read_string(in, text); !status) return status;
  auto parsed = parse(text);
  if (!parsed) return pass(parsed.error());
  out = std::move(*parsed);
  return {};
}
}  // namespace

Status read_value(const json::value& in, Time& out) { return read_with(in, out, parse_rfc3339); }
Status read_value(const json::value& in, MessageId& out) { return read_with(in, out, MessageId::parse); }
Status read_value(const json::value& in, IpAddress& out) { return read_with(in, out, IpAddress::parse); }

Status read_value(const json::value& in, mail::EnhancedStatus& out) {
  return read_with(in, out, [](const std::string& text) {
    return text.empty() ? Result<mail::EnhancedStatus>(mail::EnhancedStatus{})
                        : mail::EnhancedStatus::parse(text);
  });
}

Status read_value(const json::value& in, mail::Address& out) {
  return read_with(in, out, [](const std::string& text) -> Result<mail::Address> {
    // RFC 5321 4.5.1: the one mailbox without a domain.
    if (iequals(text, "postmaster")) return mail::Address{text, {}};
    return mail::Address::parse(text);
  });
}

Status read_value(const json::value& in, Selector& out) {
  const auto* object = in.if_object();
  if (object == nullptr) return fail(Errc::invalid, "not an object");
  SelectorText text;
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (key == "v") continue;
    if (key == "all" && member.value().is_bool()) {
      text.all = member.value().as_bool();
      continue;
    }
    std::string value;
    if (Status status = read_string(member.value(), value); !status)
      return pass(status.error(), printable(key, 40));
    if (Status status = text.set(key, std::move(value)); !status)
      return fail(Errc::invalid, "{}", status.error().what);
  }
  auto selector = parse_selector(text);
  if (!selector) return pass(selector.error());
  out = std::move(*selector);
  return {};
}

}  // namespace waybill::control::detail
