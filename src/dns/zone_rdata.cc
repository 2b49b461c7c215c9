#include "dns/zone_rdata.h"

#include <fmt/format.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <memory>

#include "base/bytes.h"
#include "dns/rdata_faults.h"
#include "dns/wire.h"

namespace waybill::dns {
namespace {

using Parsed = std::expected<Data, TokenError>;

std::unexpected<TokenError> bad(size_t token, std::string what) {
  return std::unexpected(TokenError{token, std::move(what)});
}

/// Hands out the tokens one by one; the first error stays.
class TokenReader {
 public:
  TokenReader(std::span<const Token> tokens, const Name& origin) : tokens_(tokens), origin_(origin) {}

  [[nodiscard]] bool failed() const { return !error_.what.empty(); }
  [[nodiscard]] bool more() const { return at_ < tokens_.size(); }

  const Token* take(std::string_view what) {
    if (failed()) return nullptr;
    if (!more()) {
      set(at_, fmt::format("the {} is missing", what));
      return nullptr;
    }
    return &tokens_[at_++];
  }
  /// A word: numbers, names and addresses are never quoted.
  const Token* take_word(std::string_view what) {
    const Token* token = take(what);
    if (token == nullptr || !token->quoted) return token;
    set_here(fmt::format("the {} can't be a quoted text", what));
    return nullptr;
  }

  Name name(std::string_view what) {
    const Token* token = take_word(what);
    if (token == nullptr) return {};
    auto name = parse_zone_name(token->text, origin_);
    if (!name) set(at_ - 1, fmt::format("{}: {}", what, name.error().what));
    return name.value_or(Name{});
  }

  template <std::unsigned_integral Number>
  Number number(std::string_view what) {
    const Token* token = take_word(what);
    if (token == nullptr) return 0;
    Number value = 0;
    const auto [end, error] =
        std::from_chars(token->text.data(), token->text.data() + token->text.size(), value);
    if (error != std::errc{} || end != token->text.data() + token->text.size()) {
      set(at_ - 1, fmt::format("the {} '{}' is not a number from 0 to {}", what, printable(token->text, 40),
                               std::numeric_limits<Number>::max()));
      return 0;
    }
    return value;
  }

  /// SOA's timers may carry units, as in BIND.
  uint32_t seconds(std::string_view what) {
    const Token* token = take_word(what);
    if (token == nullptr) return 0;
    auto value = parse_ttl(token->text);
    if (!value) set(at_ - 1, fmt::format("{}: {}", what, value.error().what));
    return value.value_or(0);
  }

  void set(size_t token, std::string what) {
    if (!failed()) error_ = {token, std::move(what)};
  }
  void set_here(std::string what) { set(at_ - 1, std::move(what)); }

  /// The end of every parser: the data, or what went wrong, or that there was too much.
  Parsed finish(Data data) {
    if (!failed() && more()) set(at_, fmt::format("'{}' is too much here", printable(tokens_[at_].text, 40)));
    if (failed()) return std::unexpected(error_);
    return data;
  }

 private:
  std::span<const Token> tokens_;
  const Name& origin_;
  size_t at_ = 0;
  TokenError error_;
};

/// Undoes the escapes of one character-string (RFC 1035 5.1).
Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out += text[at];
      continue;
    }
    if (++at == text.size()) return fail(Errc::invalid, "a backslash at the end escapes nothing");
    if (text[at] < '0' || text[at] > '9') {
      out += text[at];
      continue;
    }
    int value = 0;
    const auto digits = text.substr(at, 3);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end - digits.data() != 3) {
      return fail(Errc::invalid, "the escape \\{} needs three digits", printable(digits));
    }
    if (value > 255) return fail(Errc::invalid, "the escape \\{} is over 255", digits);
    out += static_cast<char>(value);
    at += 2;
  }
  return out;
}

Parsed parse_address(Type type, TokenReader& reader) {
  const Token* token = reader.take_word(type == Type::a ? "IPv4 address" : "IPv6 address");
  if (token == nullptr) return reader.finish(IpAddress{});
  const auto address = IpAddress::parse(token->text);
  // An AAAA may hold an IPv4-mapped address, which IpAddress keeps as IPv4: judge by the spelling.
  const bool spelled_v6 = token->text.find(':') != std::string_view::npos;
  if (!address || spelled_v6 != (type == Type::aaaa)) {
    reader.set_here(
        fmt::format("'{}' is no IPv{} address", printable(token->text, 60), type == Type::a ? 4 : 6));
  }
  return reader.finish(address.value_or(IpAddress{}));
}

Parsed parse_mx(TokenReader& reader) {
  Mx mx;
  mx.preference = reader.number<uint16_t>("preference");
  mx.exchange = reader.name("exchange");
  return reader.finish(std::move(mx));
}

Parsed parse_soa(TokenReader& reader) {
  Soa soa;
  soa.mname = reader.name("primary server");
  soa.rname = reader.name("mailbox of the person responsible");
  soa.serial = reader.number<uint32_t>("serial");
  soa.refresh_s = reader.seconds("refresh");
  soa.retry_s = reader.seconds("retry");
  soa.expire_s = reader.seconds("expire");
  soa.minimum_s = reader.seconds("minimum");
  return reader.finish(std::move(soa));
}

Parsed parse_txt(TokenReader& reader) {
  Txt txt;
  do {
    const Token* token = reader.take("text");
    if (token == nullptr) break;
    auto text = unescape(token->text);
    if (!text) {
      reader.set_here(text.error().what);
    } else if (text->size() > 255) {  // RFC 1035 3.3.14: one length octet
      reader.set_here(
          fmt::format("a string of {} octets (at most 255; split it into several)", text->size()));
    } else {
      txt.strings.push_back(std::move(*text));
    }
  } while (!reader.failed() && reader.more());
  return reader.finish(std::move(txt));
}

Parsed parse_srv(TokenReader& reader) {
  std::string rdata;
  for (const auto what : {"priority", "weight", "port"}) append_u16(rdata, reader.number<uint16_t>(what));
  rdata += reader.name("target").wire();
  return reader.finish(Opaque(std::move(rdata)));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Hex {
  std::string octets;
  bool odd = false;  ///< half an octet is left
};

/// All tokens that are left, blanks between them or not.
Hex take_hex(TokenReader& reader) {
  Hex out;
  int high = -1;
  while (!reader.failed() && reader.more()) {
    const Token* token = reader.take_word("hexadecimal data");
    if (token == nullptr) break;
    for (const char c : token->text) {
      const int digit = hex_digit(c);
      if (digit < 0) reader.set_here(fmt::format("'{}' is no hexadecimal digit", printable({&c, 1})));
      if (high < 0) {
        high = digit;
      } else {
        out.octets += static_cast<char>(high << 4 | digit);
        high = -1;
      }
    }
  }
  out.odd = high >= 0;
  return out;
}

/// RFC 6698 2.2.
Parsed parse_tlsa(TokenReader& reader) {
  Tlsa tlsa;
  tlsa.usage = reader.number<uint8_t>("usage");
  tlsa.selector = reader.number<uint8_t>("selector");
  tlsa.matching = reader.number<uint8_t>("matching type");
  if (!reader.failed() && !reader.more()) (void)reader.take("certificate data");
  Hex hex = take_hex(reader);
  if (hex.odd) reader.set_here("the certificate data ends with half an octet");
  tlsa.data = std::move(hex.octets);
  return reader.finish(std::move(tlsa));
}

/// RFC 8659 4.1.1: a tag is letters and digits; the value is one string, of any length.
Parsed parse_caa(TokenReader& reader) {
  std::string rdata(1, static_cast<char>(reader.number<uint8_t>("flags")));
  if (const Token* tag = reader.take_word("tag")) {
    const bool good =
        !tag->text.empty() && tag->text.size() <= 255 && std::ranges::all_of(tag->text, [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        });
    if (!good)
      reader.set_here(fmt::format("the tag '{}' is not letters and digits", printable(tag->text, 40)));
    rdata += static_cast<char>(tag->text.size());
    rdata += tag->text;
  }
  if (const Token* token = reader.take("value")) {
    auto value = unescape(token->text);
    if (!value) reader.set_here(value.error().what);
    rdata += value.value_or("");
  }
  return reader.finish(Opaque(std::move(rdata)));
}

/// RFC 3597 5: `\# LENGTH HEX...`, for any type.
Parsed parse_generic(Type type, TokenReader& reader) {
  (void)reader.take("\\#");
  const auto length = reader.number<uint16_t>("length");
  const Hex hex = take_hex(reader);
  const std::string& rdata = hex.octets;
  if (hex.odd || rdata.size() != length) {
    reader.set(1, fmt::format("the length {} does not match {} hexadecimal octets", length, rdata.size()));
  }
  if (reader.failed()) return reader.finish(Opaque{});
  if (const auto good = check_rdata(type, rdata, {}); !good) return bad(0, good.error().what);
  auto data = decode_rdata(type, rdata);
  if (!data) return bad(0, data.error().what);
  return std::move(*data);
}

/// ldns reads from a C string: the tokens are put back together as they were.
Result<std::string> ldns_text(Type type, std::span<const Token> tokens) {
  std::string text = fmt::format(". 0 IN {}", to_string(type));
  const Token* last = nullptr;
  for (const Token& token : tokens) {
    if (token.text.find('\0') != std::string_view::npos)
      return fail(Errc::invalid, "a NUL octet in a record");
    // `alpn="h2,h3"` is one parameter (RFC 9460 2.1), though the lexer has two tokens of it.
    const bool goes_on = last != nullptr && !last->quoted && last->text.ends_with('=') && token.quoted &&
                         token.line == last->line &&
                         token.column == last->column + static_cast<int>(last->text.size());
    if (!goes_on) text += ' ';
    text += token.quoted ? fmt::format("\"{}\"", token.text) : std::string(token.text);
    last = &token;
    if (text.size() > 60'000) return fail(Errc::invalid, "the record's data is over 60000 octets");
  }
  return text;
}

Parsed parse_with_ldns(Type type, std::span<const Token> tokens, const Name& origin) {
  if (tokens.empty()) return bad(0, "the data is missing");
  const auto text = ldns_text(type, tokens);
  if (!text) return bad(0, text.error().what);
  const std::string dotted = origin.is_root() ? "." : origin.to_string() + ".";
  const std::unique_ptr<ldns_rdf, decltype(&ldns_rdf_deep_free)> origin_rdf(
      ldns_dname_new_frm_str(dotted.c_str()), &ldns_rdf_deep_free);
  ldns_rr* raw = nullptr;
  const ldns_status status = ldns_rr_new_frm_str(&raw, text->c_str(), 0, origin_rdf.get(), nullptr);
  const std::unique_ptr<ldns_rr, decltype(&ldns_rr_free)> rr(raw, &ldns_rr_free);
  if (status != LDNS_STATUS_OK || !rr) {
    return bad(0, fmt::format("{} data: {}", to_string(type), ldns_get_errorstr_by_id(status)));
  }
  std::string rdata;
  for (size_t i = 0; i < ldns_rr_rd_count(rr.get()); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(rr.get(), i);
    rdata.append(reinterpret_cast<const char*>(ldns_rdf_data(field)), ldns_rdf_size(field));
  }
  if (const auto good = check_rdata(type, rdata, tokens); !good) return bad(0, good.error().what);
  auto data = decode_rdata(type, rdata);
  if (!data) return bad(0, data.error().what);
  return std::move(*data);
}

}  // namespace

Parsed parse_rdata(Type type, std::span<const Token> tokens, const Name& origin) {
  TokenReader reader(tokens, origin);
  if (!tokens.empty() && !tokens[0].quoted && tokens[0].text == "\\#") return parse_generic(type, reader);
  switch (type) {
    case Type::a:
    case Type::aaaa:
      return parse_address(type, reader);
    case Type::ns:
    case Type::cname:
    case Type::ptr: {
      Name target = reader.name("target");
      return reader.finish(std::move(target));
    }
    case Type::mx:
      return parse_mx(reader);
    case Type::soa:
      return parse_soa(reader);
    case Type::txt:
      return parse_txt(reader);
    case Type::srv:
      return parse_srv(reader);
    case Type::tlsa:
      return parse_tlsa(reader);
    case Type::caa:
      return parse_caa(reader);
    default:
      return parse_with_ldns(type, tokens, origin);
  }
}

}  // namespace waybill::dns
