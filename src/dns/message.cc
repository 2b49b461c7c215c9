#include "dns/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "dns/wire.h"

namespace waybill::dns {
namespace {

constexpr uint16_t kTypeOpt = 41;
constexpr size_t kHeaderOctets = 12;
constexpr uint32_t kTtlMax = 0x7FFFFFFF;

struct Counts {
  uint16_t questions = 0, answers = 0, authority = 0, additional = 0;
};

Result<Counts> read_header(WireReader& reader, Message& message) {
  const auto octets = reader.take(kHeaderOctets);
  if (!octets) return fail(Errc::invalid, "a DNS message of under 12 octets");
  WireReader header(*octets);
  message.id = *header.u16();
  const uint16_t flags = *header.u16();
  message.response = (flags & 0x8000) != 0;
  message.opcode = static_cast<uint8_t>(flags >> 11 & 0xF);
  message.authoritative = (flags & 0x0400) != 0;
  message.truncated = (flags & 0x0200) != 0;
  message.recursion_desired = (flags & 0x0100) != 0;
  message.recursion_available = (flags & 0x0080) != 0;
  message.authentic_data = (flags & 0x0020) != 0;
  message.checking_disabled = (flags & 0x0010) != 0;
  message.rcode = static_cast<Rcode>(flags & 0xF);
  return Counts{*header.u16(), *header.u16(), *header.u16(), *header.u16()};
}

uint16_t flags_of(const Message& message) {
  return static_cast<uint16_t>(
      (message.response ? 0x8000 : 0) | (message.opcode & 0xF) << 11 | (message.authoritative ? 0x0400 : 0) |
      (message.truncated ? 0x0200 : 0) | (message.recursion_desired ? 0x0100 : 0) |
      (message.recursion_available ? 0x0080 : 0) | (message.authentic_data ? 0x0020 : 0) |
      (message.checking_disabled ? 0x0010 : 0) | (static_cast<uint16_t>(message.rcode) & 0xF));
}

Status read_question(WireReader& reader, Message& message) {
  auto spelled = reader.spelled_name();
  if (!spelled) return std::unexpected(spelled.error());
  auto name = Name::from_wire(*spelled);
  if (!name) return std::unexpected(name.error());
  const auto type = reader.u16();
  const auto class_ = reader.u16();
  if (!type || !class_) return fail(Errc::invalid, "a question is cut short");
  QuestionEntry entry{std::move(*name), static_cast<Type>(*type), *class_, {}};
  if (*spelled != entry.name.wire()) entry.spelled = std::move(*spelled);
  message.questions.push_back(std::move(entry));
  return {};
}

Status take_opt(Message& message, const Name& owner, uint16_t class_, uint32_t ttl) {
  if (message.edns) return fail(Errc::invalid, "two OPT records");  // RFC 6891 6.1.1
  if (!owner.is_root()) return fail(Errc::invalid, "an OPT record that is not the root's");
  message.edns = Edns{class_, static_cast<uint8_t>(ttl >> 16), (ttl & 0x8000) != 0};
  message.rcode = static_cast<Rcode>((ttl >> 24) << 4 | static_cast<uint16_t>(message.rcode));
  return {};
}

enum class Section : uint8_t { answer, authority, additional };

Status read_record(std::string_view wire, WireReader& reader, Section section, Message& message) {
  auto owner = reader.name(Compression::allowed);
  if (!owner) return std::unexpected(owner.error());
  const auto type = reader.u16();
  const auto class_ = reader.u16();
  const auto ttl = reader.u32();
  const auto length = reader.u16();
  if (!type || !class_ || !ttl || !length) return fail(Errc::invalid, "a record is cut short");
  const size_t start = reader.at();
  if (!reader.take(*length)) return fail(Errc::invalid, "a record's data is cut short");
  if (*type == kTypeOpt) {
    if (section != Section::additional)
      return fail(Errc::invalid, "an OPT record outside the additional section");
    return take_opt(message, *owner, *class_, *ttl);
  }
  if (*class_ != kClassIn) return {};
  WireReader rdata(wire, start, start + *length);
  auto data = read_rdata(static_cast<Type>(*type), rdata, Compression::allowed);
  if (!data) return std::unexpected(data.error());
  // RFC 2181 8: a TTL with the highest bit set counts as zero.
  Record record{std::move(*owner), static_cast<Type>(*type), *ttl > kTtlMax ? 0 : *ttl, std::move(*data)};
  auto& into = section == Section::answer      ? message.answers
               : section == Section::authority ? message.authority
                                               : message.additional;
  into.push_back(std::move(record));
  return {};
}

/// Builds the wire form; remembers where each name's suffix stands.
class Writer {
 public:
  std::string out;

  void name(const std::string& wire) {
    size_t at = 0;
    while (wire[at] != 0) {
      const std::string suffix = wire.substr(at);
      if (const auto known = offsets_.find(suffix); known != offsets_.end()) {
        append_u16(out, static_cast<uint16_t>(0xC000 | known->second));
        return;
      }
      if (out.size() < 0x4000) offsets_.emplace(suffix, static_cast<uint16_t>(out.size()));
      const size_t octets = 1 + size_t{static_cast<uint8_t>(wire[at])};
      out.append(wire, at, octets);
      at += octets;
    }
    out += '\0';
  }

  void question(const QuestionEntry& entry) {
    if (entry.spelled.size() == entry.name.wire().size() && out.size() == kHeaderOctets) {
      const size_t start = out.size();
      name(entry.name.wire());
      out.replace(start, entry.spelled.size(), entry.spelled);
    } else {
      name(entry.name.wire());
    }
    append_u16(out, static_cast<uint16_t>(entry.type));
    append_u16(out, entry.class_);
  }

  void record(const Record& record) {
    name(record.owner.wire());
    append_u16(out, static_cast<uint16_t>(record.type));
    append_u16(out, kClassIn);
    append_u32(out, record.ttl_s);
    const size_t length_at = out.size();
    append_u16(out, 0);
    data(record);
    const size_t length = out.size() - length_at - 2;
    out[length_at] = static_cast<char>(length >> 8);
    out[length_at + 1] = static_cast<char>(length & 0xFF);
  }

  void opt(const Edns& edns, Rcode rcode) {
    out += '\0';
    append_u16(out, kTypeOpt);
    append_u16(out, edns.udp_octets_max);
    append_u32(out, static_cast<uint32_t>(static_cast<uint16_t>(rcode) >> 4) << 24 |
                        uint32_t{edns.version} << 16 | (edns.dnssec_ok ? 0x8000U : 0U));
    append_u16(out, 0);
  }

  /// Forgets what was written from `octets` on.
  void cut(size_t octets) {
    out.resize(octets);
    std::erase_if(offsets_, [octets](const auto& entry) { return entry.second >= octets; });
  }

 private:
  void data(const Record& record) {
    // Only names in the types of RFC 1035 may be compressed (RFC 3597 4).
    if (const auto* target = std::get_if<Name>(&record.data)) return name(target->wire());
    if (const auto* mx = std::get_if<Mx>(&record.data)) {
      append_u16(out, mx->preference);
      return name(mx->exchange.wire());
    }
    if (const auto* soa = std::get_if<Soa>(&record.data)) {
      name(soa->mname.wire());
      name(soa->rname.wire());
      for (const uint32_t n : {soa->serial, soa->refresh_s, soa->retry_s, soa->expire_s, soa->minimum_s}) {
        append_u32(out, n);
      }
      return;
    }
    out += encode_rdata(record.type, record.data);
  }

  std::unordered_map<std::string, uint16_t> offsets_;
};

void set_u16(std::string& out, size_t at, size_t value) {
  out[at] = static_cast<char>(value >> 8 & 0xFF);
  out[at + 1] = static_cast<char>(value & 0xFF);
}

/// Writes whole RRsets of `records` while they fit below `limit`; returns how many records were written.
size_t write_records(Writer& writer, const std::vector<Record>& records, size_t limit) {
  size_t written = 0;
  while (written < records.size()) {
    const size_t start = writer.out.size();
    size_t next = written;
    do {
      writer.record(records[next++]);
    } while (next < records.size() && records[next].owner == records[written].owner &&
             records[next].type == records[written].type && writer.out.size() <= limit);
    if (writer.out.size() > limit) {
      writer.cut(start);
      break;
    }
    written = next;
  }
  return written;
}

}  // namespace

std::string to_string(Rcode rcode) {
  switch (rcode) {
    case Rcode::noerror:
      return "NOERROR";
    case Rcode::formerr:
      return "FORMERR";
    case Rcode::servfail:
      return "SERVFAIL";
    case Rcode::nxdomain:
      return "NXDOMAIN";
    case Rcode::notimp:
      return "NOTIMP";
    case Rcode::refused:
      return "REFUSED";
    case Rcode::badvers:
      return "BADVERS";
  }
  return fmt::format("RCODE{}", static_cast<uint16_t>(rcode));
}

Result<Message> parse_message(std::string_view wire) {
  if (wire.size() > 65535) return fail(Errc::invalid, "a DNS message of over 65535 octets");
  Message message;
  WireReader reader(wire);
  const auto counts = read_header(reader, message);
  if (!counts) return std::unexpected(counts.error());
  for (int i = 0; i < counts->questions; ++i) {
    if (auto status = read_question(reader, message); !status) return pass(status.error(), "question");
  }
  const auto read_section = [&](Section section, uint16_t count, std::string_view what) -> Status {
    for (int i = 0; i < count; ++i) {
      if (auto status = read_record(wire, reader, section, message); !status)
        return pass(status.error(), what);
    }
    return {};
  };
  if (auto status = read_section(Section::answer, counts->answers, "answer section"); !status) {
    return std::unexpected(status.error());
  }
  if (auto status = read_section(Section::authority, counts->authority, "authority section"); !status) {
    return std::unexpected(status.error());
  }
  if (auto status = read_section(Section::additional, counts->additional, "additional section"); !status) {
    return std::unexpected(status.error());
  }
  return message;
}

std::string encode_message(const Message& message, size_t octets_max) {
  octets_max = std::min<size_t>(octets_max, 65535);
  Writer writer;
  append_u16(writer.out, message.id);
  append_u16(writer.out, flags_of(message));
  writer.out.append(8, '\0');
  for (const QuestionEntry& entry : message.questions) writer.question(entry);
  const size_t body = writer.out.size();
  const size_t reserved = message.edns ? 11 : 0;
  const size_t limit = octets_max > reserved ? octets_max - reserved : 0;

  size_t answers = write_records(writer, message.answers, limit);
  size_t authority = 0;
  size_t additional = 0;
  if (answers == message.answers.size()) authority = write_records(writer, message.authority, limit);
  if (answers < message.answers.size() || authority < message.authority.size()) {
    // Half an answer misleads: only the question stays, and TC says "ask over TCP" (RFC 2181 9).
    writer.cut(body);
    answers = authority = 0;
    set_u16(writer.out, 2, flags_of(message) | 0x0200);
  } else {
    additional = write_records(writer, message.additional, limit);
  }
  if (message.edns) {
    writer.opt(*message.edns, message.rcode);
    ++additional;
  }
  set_u16(writer.out, 4, message.questions.size());
  set_u16(writer.out, 6, answers);
  set_u16(writer.out, 8, authority);
  set_u16(writer.out, 10, additional);
  return std::move(writer.out);
}

std::optional<uint32_t> negative_ttl_s(const Message& message) {
  for (const Record& record : message.authority) {
    if (const auto* soa = std::get_if<Soa>(&record.data)) return std::min(record.ttl_s, soa->minimum_s);
  }
  return std::nullopt;
}

}  // namespace waybill::dns
