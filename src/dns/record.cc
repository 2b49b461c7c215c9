#include "dns/record.h"

#include <fmt/format.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "base/bytes.h"
#include "dns/wire.h"

namespace waybill::dns {
namespace {

struct TypeName {
  Type type;
  std::string_view text;
};
constexpr std::array kTypeNames{
    TypeName{Type::a, "A"},       TypeName{Type::ns, "NS"},       TypeName{Type::cname, "CNAME"},
    TypeName{Type::soa, "SOA"},   TypeName{Type::ptr, "PTR"},     TypeName{Type::mx, "MX"},
    TypeName{Type::txt, "TXT"},   TypeName{Type::aaaa, "AAAA"},   TypeName{Type::srv, "SRV"},
    TypeName{Type::ds, "DS"},     TypeName{Type::rrsig, "RRSIG"}, TypeName{Type::dnskey, "DNSKEY"},
    TypeName{Type::tlsa, "TLSA"}, TypeName{Type::caa, "CAA"},
};

template <class T>
std::unexpected<Error> pass_on(const Result<T>& result) {
  return std::unexpected(result.error());
}

Result<Data> read_address_v4(WireReader& reader) {
  const auto octets = reader.take(4);
  if (!octets) return pass_on(octets);
  std::array<uint8_t, 4> v4{};
  std::ranges::copy(*octets, v4.begin());
  return IpAddress::v4(v4);
}

Result<Data> read_address_v6(WireReader& reader) {
  const auto octets = reader.take(16);
  if (!octets) return pass_on(octets);
  std::array<uint8_t, 16> v6{};
  std::ranges::copy(*octets, v6.begin());
  return IpAddress::v6(v6);
}

Result<Data> read_one_name(WireReader& reader, Compression compression) {
  auto name = reader.name(compression);
  if (!name) return pass_on(name);
  return std::move(*name);
}

Result<Data> read_mx(WireReader& reader, Compression compression) {
  const auto preference = reader.u16();
  if (!preference) return pass_on(preference);
  auto exchange = reader.name(compression);
  if (!exchange) return pass_on(exchange);
  return Mx{*preference, std::move(*exchange)};
}

Result<Data> read_soa(WireReader& reader, Compression compression) {
  auto mname = reader.name(compression);
  if (!mname) return pass_on(mname);
  auto rname = reader.name(compression);
  if (!rname) return pass_on(rname);
  std::array<uint32_t, 5> numbers{};
  for (uint32_t& number : numbers) {
    const auto value = reader.u32();
    if (!value) return pass_on(value);
    number = *value;
  }
  return Soa{std::move(*mname), std::move(*rname), numbers[0], numbers[1],
             numbers[2],        numbers[3],        numbers[4]};
}

Result<Data> read_txt(WireReader& reader) {
  Txt txt;
  do {  // RFC 1035 3.3.14: one or more strings
    const auto length = reader.u8();
    if (!length) return pass_on(length);
    const auto text = reader.take(*length);
    if (!text) return pass_on(text);
    txt.strings.emplace_back(*text);
  } while (reader.left() > 0);
  return txt;
}

Result<Data> read_tlsa(WireReader& reader) {
  const auto head = reader.take(3);
  if (!head) return pass_on(head);
  const auto octet = [&](size_t i) { return static_cast<uint8_t>((*head)[i]); };
  return Tlsa{octet(0), octet(1), octet(2), std::string(reader.rest())};
}

/// SRV's name was compressible once (RFC 2052), so receivers expand it (RFC 3597 4).
Result<Data> read_srv(WireReader& reader, Compression compression) {
  const auto head = reader.take(6);
  if (!head) return pass_on(head);
  const auto target = reader.name(compression);
  if (!target) return pass_on(target);
  return Opaque(std::string(*head) + target->wire());
}

Result<Data> read_by_type(Type type, WireReader& reader, Compression compression) {
  switch (type) {
    case Type::a:
      return read_address_v4(reader);
    case Type::aaaa:
      return read_address_v6(reader);
    case Type::ns:
    case Type::cname:
    case Type::ptr:
      return read_one_name(reader, compression);
    case Type::mx:
      return read_mx(reader, compression);
    case Type::soa:
      return read_soa(reader, compression);
    case Type::txt:
      return read_txt(reader);
    case Type::tlsa:
      return read_tlsa(reader);
    case Type::srv:
      return read_srv(reader, compression);
    default:
      return Opaque(reader.rest());
  }
}

/// One character-string as a zone file has it (RFC 1035 5.1).
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < ' ' || octet >= 0x7f) {
      out += fmt::format("\\{:03}", octet);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string hex(std::string_view octets) {
  std::string out;
  for (const char c : octets) out += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return out;
}

/// With the final dot, so that no reader takes it for relative.
std::string absolute(const Name& name) { return name.is_root() ? "." : name.to_string() + "."; }

/// RFC 3597 5: any rdata can be written so.
std::string generic(std::string_view rdata) {
  return rdata.empty() ? "\\# 0" : fmt::format("\\# {} {}", rdata.size(), hex(rdata));
}

/// ldns does not quote what a zone file would take for something else: such names are better not written at
/// all.
bool is_plain_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '*';
  });
}

/// Types that we hold as octets are printed by ldns, which knows nearly all of them; if it can't, RFC 3597.
std::string print_opaque(Type type, const std::string& rdata) {
  if (rdata.size() > 0xFFFF) return generic(rdata);
  std::string wire(1, '\0');
  append_u16(wire, static_cast<uint16_t>(type));
  append_u16(wire, 1);
  append_u32(wire, 0);
  append_u16(wire, static_cast<uint16_t>(rdata.size()));
  wire += rdata;
  const ldns_rr_descriptor* known = ldns_rr_descript(static_cast<uint16_t>(type));
  if (known == nullptr || ldns_rr_descriptor_maximum(known) == 0) return generic(rdata);
  ldns_rr* raw = nullptr;
  size_t at = 0;
  if (ldns_wire2rr(&raw, reinterpret_cast<const uint8_t*>(wire.data()), wire.size(), &at,
                   LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) {
    return generic(rdata);
  }
  const std::unique_ptr<ldns_rr, decltype(&ldns_rr_free)> rr(raw, &ldns_rr_free);
  std::string out;
  for (size_t i = 0; i < ldns_rr_rd_count(rr.get()); ++i) {
    const std::unique_ptr<char, decltype(&free)> text(ldns_rdf2str(ldns_rr_rdf(rr.get(), i)), &free);
    if (!text) return generic(rdata);
    const bool is_name = ldns_rdf_get_type(ldns_rr_rdf(rr.get(), i)) == LDNS_RDF_TYPE_DNAME;
    if (is_name && !is_plain_name(text.get())) return generic(rdata);
    if (!out.empty()) out += ' ';
    out += text.get();
  }
  return out.empty() ? generic(rdata) : out;
}

std::string mapped_text(const IpAddress& address) { return fmt::format("::ffff:{}", address.to_string()); }

struct Printer {
  Type type;
  std::string operator()(const IpAddress& address) const {
    return type == Type::aaaa && address.is_v4() ? mapped_text(address) : address.to_string();
  }
  std::string operator()(const Name& name) const { return absolute(name); }
  std::string operator()(const Mx& mx) const {
    return fmt::format("{} {}", mx.preference, absolute(mx.exchange));
  }
  std::string operator()(const Soa& soa) const {
    return fmt::format("{} {} {} {} {} {} {}", absolute(soa.mname), absolute(soa.rname), soa.serial,
                       soa.refresh_s, soa.retry_s, soa.expire_s, soa.minimum_s);
  }
  std::string operator()(const Txt& txt) const {
    std::string out;
    for (const std::string& text : txt.strings) out += (out.empty() ? "" : " ") + quoted(text);
    return out.empty() ? "\"\"" : out;
  }
  std::string operator()(const Tlsa& tlsa) const {
    if (tlsa.data.empty()) return generic(encode_rdata(tlsa));  // the words would lack one
    return fmt::format("{} {} {} {}", tlsa.usage, tlsa.selector, tlsa.matching, hex(tlsa.data));
  }
  std::string operator()(const Opaque& rdata) const { return print_opaque(type, rdata); }
};

void append_address(std::string& out, const IpAddress& address) {
  for (size_t i = 0; i < (address.is_v4() ? 4U : 16U); ++i) out += static_cast<char>(address.octets()[i]);
}

struct Encoder {
  std::string out;
  void operator()(const IpAddress& address) { append_address(out, address); }
  void operator()(const Name& name) { out += name.wire(); }
  void operator()(const Mx& mx) {
    append_u16(out, mx.preference);
    out += mx.exchange.wire();
  }
  void operator()(const Soa& soa) {
    out += soa.mname.wire() + soa.rname.wire();
    for (const uint32_t n : {soa.serial, soa.refresh_s, soa.retry_s, soa.expire_s, soa.minimum_s})
      append_u32(out, n);
  }
  void operator()(const Txt& txt) {
    for (const std::string& text : txt.strings) {
      // A string over 255 octets can't be sent as one; readers join the pieces (RFC 7208 3.3).
      for (size_t at = 0; at == 0 || at < text.size(); at += 255) {
        const auto piece = std::string_view(text).substr(at, 255);
        out += static_cast<char>(piece.size());
        out += piece;
      }
    }
    if (txt.strings.empty()) out += '\0';
  }
  void operator()(const Tlsa& tlsa) {
    out += static_cast<char>(tlsa.usage);
    out += static_cast<char>(tlsa.selector);
    out += static_cast<char>(tlsa.matching);
    out += tlsa.data;
  }
  void operator()(const Opaque& rdata) { out += rdata; }
};

}  // namespace

std::string to_string(Type type) {
  for (const TypeName& known : kTypeNames) {
    if (known.type == type) return std::string(known.text);
  }
  const ldns_rr_descriptor* known = ldns_rr_descript(static_cast<uint16_t>(type));
  if (known != nullptr && known->_name != nullptr) return known->_name;
  return fmt::format("TYPE{}", static_cast<uint16_t>(type));  // RFC 3597 5
}

Result<Type> parse_type(std::string_view text) {
  for (const TypeName& known : kTypeNames) {
    if (iequals(known.text, text)) return known.type;
  }
  if (text.size() > 4 && text.size() <= 9 && iequals(text.substr(0, 4), "TYPE")) {
    uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + 4, text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return static_cast<Type>(number);
  }
  if (!text.empty() && text.size() <= 16 && !iequals(text.substr(0, 4), "TYPE")) {
    const auto number = static_cast<uint16_t>(ldns_get_rr_type_by_name(std::string(text).c_str()));
    // 0 is "unknown" to ldns; 128 and above up to 255 are questions only (RFC 6895 3.1).
    if (number != 0 && (number < 128 || number > 255)) return static_cast<Type>(number);
  }
  return fail(Errc::invalid, "'{}' is no record type", printable(text, 40));
}

std::string Txt::joined() const {
  std::string out;
  for (const std::string& text : strings) out += text;
  return out;
}

Result<Data> read_rdata(Type type, WireReader& reader, Compression compression) {
  auto data = read_by_type(type, reader, compression);
  if (!data) return fail(Errc::invalid, "{} data: {}", to_string(type), data.error().what);
  if (reader.left() > 0)
    return fail(Errc::invalid, "{} data has {} octets too many", to_string(type), reader.left());
  return data;
}

Result<Data> decode_rdata(Type type, std::string_view rdata) {
  if (rdata.size() > 0xFFFF) return fail(Errc::invalid, "{} data is over 65535 octets", to_string(type));
  WireReader reader(rdata);
  return read_rdata(type, reader, Compression::refused);
}

std::string encode_rdata(const Data& data) {
  Encoder encoder;
  std::visit(encoder, data);
  return std::move(encoder.out);
}

std::string encode_rdata(Type type, const Data& data) {
  const auto* address = std::get_if<IpAddress>(&data);
  if (type != Type::aaaa || address == nullptr || address->is_v6()) return encode_rdata(data);
  // IpAddress holds ::ffff:192.0.2.1 as IPv4; an AAAA record has sixteen octets all the same.
  std::string out = std::string(10, '\0') + "\xff\xff";
  append_address(out, *address);
  return out;
}

std::string data_to_string(const Record& record) { return std::visit(Printer{record.type}, record.data); }

std::string to_string(const Record& record) {
  return fmt::format("{} {} IN {} {}", absolute(record.owner), record.ttl_s, to_string(record.type),
                     data_to_string(record));
}

}  // namespace waybill::dns
