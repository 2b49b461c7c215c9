#include "queue/codec.h"

#include <limits>

#include "queue/crc32c.h"

namespace waybill::queue {
namespace {

// -- writing ------------------------------------------------------------------------------------------

class Writer {
 public:
  explicit Writer(size_t guess) {
    out_.reserve(kValueHeaderOctets + guess);
    out_.resize(kValueHeaderOctets);
  }
  void octet(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void number(uint64_t value) {  // LEB128
    while (value >= 0x80) {
      octet(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    octet(static_cast<uint8_t>(value));
  }
  void time(Time value) {  // zigzag, so that a time before 1970 stays short
    const int64_t ms = value.time_since_epoch().count();
    number(static_cast<uint64_t>(ms) << 1 ^ static_cast<uint64_t>(ms >> 63));
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }
  void raw(std::string_view value) { out_.append(value); }
  void address(const mail::Address& value) {
    text(value.local);
    text(value.domain.text());
  }
  void reply(const mail::Reply& value) {
    number(value.code);
    if (value.code == 0) return;
    number(value.enhanced.klass);
    number(value.enhanced.subject);
    number(value.enhanced.detail);
    text(value.text);
  }
  void ip(const IpAddress& value) {
    const size_t size = value.is_v4() ? 4 : 16;
    octet(static_cast<uint8_t>(size));
    out_.append(reinterpret_cast<const char*>(value.octets().data()), size);
  }
  std::string finish(ValueType type, std::string_view key);

 private:
  std::string out_;
};

void put_header(char* at, ValueType type, uint32_t crc) {
  at[0] = static_cast<char>(kFormatVersion);
  at[1] = static_cast<char>(type);
  for (int i = 0; i < 4; ++i) at[2 + i] = static_cast<char>(crc >> (8 * i));  // little-endian
}

uint32_t checksum(ValueType type, std::string_view key, std::string_view payload) {
  const char type_octet = static_cast<char>(type);
  return crc32c(payload, crc32c(key, crc32c({&type_octet, 1})));
}

std::string Writer::finish(ValueType type, std::string_view key) {
  put_header(out_.data(), type, checksum(type, key, std::string_view(out_).substr(kValueHeaderOctets)));
  return std::move(out_);
}

// -- reading ------------------------------------------------------------------------------------------

/// Reads until the first octet that does not fit; then everything is zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  uint8_t octet() {
    if (left_.empty()) return bad<uint8_t>();
    const auto value = static_cast<uint8_t>(left_.front());
    left_.remove_prefix(1);
    return value;
  }
  uint64_t number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t part = octet();
      if (!ok_ || (shift == 63 && part > 1)) return bad<uint64_t>();
      value |= static_cast<uint64_t>(part & 0x7f) << shift;
      if ((part & 0x80) == 0) return value;
    }
    return bad<uint64_t>();
  }
  template <class T>
  T narrow(uint64_t most = std::numeric_limits<T>::max()) {
    const uint64_t value = number();
    return value > most ? bad<T>() : static_cast<T>(value);
  }
  Time time() {
    const uint64_t value = number();
    return Time{Millis{static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1))}};
  }
  std::string_view view() {
    const uint64_t size = number();
    if (size > left_.size()) return bad<std::string_view>();
    const std::string_view value = left_.substr(0, size);
    left_.remove_prefix(size);
    return value;
  }
  std::string text() { return std::string(view()); }
  mail::Address address() {
    mail::Address out;
    out.local = text();
    const std::string_view domain = view();
    if (domain.empty()) return out;  // bare postmaster (RFC 5321 4.5.1)
    auto parsed = mail::Domain::parse(domain);
    if (!parsed || parsed->text() != domain) return bad<mail::Address>();
    out.domain = std::move(*parsed);
    return out;
  }
  mail::Reply reply() {
    mail::Reply out;
    out.code = narrow<uint16_t>();
    if (out.code == 0) return out;
    out.enhanced.klass = narrow<uint16_t>();
    out.enhanced.subject = narrow<uint16_t>();
    out.enhanced.detail = narrow<uint16_t>();
    out.text = text();
    return out;
  }
  IpAddress ip() {
    const uint8_t size = octet();
    if ((size != 4 && size != 16) || left_.size() < size) return bad<IpAddress>();
    std::array<uint8_t, 16> octets{};
    for (size_t i = 0; i < size; ++i) octets[i] = static_cast<uint8_t>(left_[i]);
    left_.remove_prefix(size);
    if (size == 16) return IpAddress::v6(octets);
    return IpAddress::v4(std::array<uint8_t, 4>{octets[0], octets[1], octets[2], octets[3]});
  }
  /// Everything was read, and nothing is left over.
  [[nodiscard]] bool done() const { return ok_ && left_.empty(); }
  void reject() { ok_ = false; }

 private:
  template <class T>
  T bad() {
    ok_ = false;
    left_ = {};
    return T{};
  }
  std::string_view left_;
  bool ok_ = true;
};

Result<std::string_view> open_value(ValueType type, std::string_view key, std::string_view value) {
  if (value.size() < kValueHeaderOctets)
    return fail(Errc::corrupt, "a value of {} octets is too short", value.size());
  const auto octet = [value](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(value[i]));
  };
  const std::string_view payload = value.substr(kValueHeaderOctets);
  const uint32_t stored = octet(2) | octet(3) << 8 | octet(4) << 16 | octet(5) << 24;
  // The type first: a newer version may have another checksum, but type and version stay where they are.
  if (octet(0) != kFormatVersion) {
    return fail(Errc::corrupt, "the value has format version {}, known is {}", octet(0), kFormatVersion);
  }
  if (octet(1) != static_cast<uint32_t>(type))
    return fail(Errc::corrupt, "the value has the unexpected type {}", octet(1));
  if (stored != checksum(type, key, payload)) return fail(Errc::corrupt, "the checksum does not match");
  return payload;
}

constexpr uint8_t kFlagUtf8 = 1, kFlagRequireTls = 2, kFlagHasFrom = 4;             // of a message
constexpr uint8_t kFlagDelayNotified = 1, kFlagRemote = 2, kFlagRewriteSender = 4;  // of a recipient

}  // namespace

std::string encode(std::string_view key, const MessageRecord& record) {
  Writer out(192);
  const mail::Envelope& envelope = record.envelope;
  out.number(record.id.value);
  out.time(record.arrived);
  out.octet(static_cast<uint8_t>((envelope.smtputf8 ? kFlagUtf8 : 0) |
                                 (envelope.requiretls ? kFlagRequireTls : 0) |
                                 (envelope.from ? kFlagHasFrom : 0)));
  if (envelope.from) out.address(*envelope.from);
  out.octet(static_cast<uint8_t>(envelope.body));
  out.octet(static_cast<uint8_t>(envelope.ret));
  out.text(envelope.envid);
  out.octet(static_cast<uint8_t>(record.origin.via));
  out.ip(record.origin.client_ip);
  out.number(record.origin.client_port);
  out.text(record.origin.helo);
  out.text(record.origin.listener);
  out.text(record.origin.protocol);
  out.text(record.origin.user);
  out.number(record.size_octets);
  out.number(record.chunk_count);
  out.number(record.recipient_count);
  return out.finish(ValueType::message, key);
}

Result<MessageRecord> decode_message(std::string_view key, std::string_view value) {
  const auto payload = open_value(ValueType::message, key, value);
  if (!payload) return pass(payload.error());
  Reader in(*payload);
  MessageRecord out;
  out.id.value = in.number();
  out.arrived = in.time();
  const uint8_t flags = in.octet();
  if (flags > 7) in.reject();
  out.envelope.smtputf8 = (flags & kFlagUtf8) != 0;
  out.envelope.requiretls = (flags & kFlagRequireTls) != 0;
  if ((flags & kFlagHasFrom) != 0) out.envelope.from = in.address();
  const uint8_t body = in.octet();
  const uint8_t ret = in.octet();
  if (body > static_cast<uint8_t>(mail::BodyType::binary) || ret > static_cast<uint8_t>(mail::Ret::headers))
    in.reject();
  out.envelope.body = static_cast<mail::BodyType>(body);
  out.envelope.ret = static_cast<mail::Ret>(ret);
  out.envelope.envid = in.text();
  const uint8_t via = in.octet();
  if (via > static_cast<uint8_t>(mail::Origin::Via::bounce)) in.reject();
  out.origin.via = static_cast<mail::Origin::Via>(via);
  out.origin.client_ip = in.ip();
  out.origin.client_port = in.narrow<uint16_t>();
  out.origin.helo = in.text();
  out.origin.listener = in.text();
  out.origin.protocol = in.text();
  out.origin.user = in.text();
  out.size_octets = in.number();
  out.chunk_count = in.narrow<uint32_t>();
  out.recipient_count = in.narrow<uint32_t>();
  if (!in.done()) return fail(Errc::corrupt, "the message record is malformed");
  return out;
}

std::string encode(std::string_view key, const RecipientRecord& record) {
  Writer out(96);
  out.address(record.recipient.address);
  out.octet(record.recipient.notify);
  out.text(record.recipient.orcpt);
  out.octet(static_cast<uint8_t>(record.state));
  out.number(record.attempts);
  out.time(record.next_attempt);
  out.time(record.last_attempt);
  out.reply(record.last_reply);
  out.text(record.last_host);
  out.text(record.route_pin);
  out.octet(static_cast<uint8_t>((record.delay_notified ? kFlagDelayNotified : 0) |
                                 (record.reply_is_remote ? kFlagRemote : 0) |
                                 (record.recipient.rewrite_sender ? kFlagRewriteSender : 0)));
  return out.finish(ValueType::recipient, key);
}

Result<RecipientRecord> decode_recipient(std::string_view key, std::string_view value) {
  const auto payload = open_value(ValueType::recipient, key, value);
  if (!payload) return pass(payload.error());
  Reader in(*payload);
  RecipientRecord out;
  out.recipient.address = in.address();
  out.recipient.notify = in.octet();
  out.recipient.orcpt = in.text();
  const uint8_t state = in.octet();
  // Only open recipients have a record: a final state in one is damage.
  if (state != static_cast<uint8_t>(State::queued) && state != static_cast<uint8_t>(State::held)) in.reject();
  out.state = static_cast<State>(state);
  out.attempts = in.narrow<uint16_t>();
  out.next_attempt = in.time();
  out.last_attempt = in.time();
  out.last_reply = in.reply();
  out.last_host = in.text();
  out.route_pin = in.text();
  const uint8_t flags = in.octet();
  if (flags > 7) in.reject();
  out.recipient.rewrite_sender = (flags & kFlagRewriteSender) != 0;
  out.delay_notified = (flags & kFlagDelayNotified) != 0;
  out.reply_is_remote = (flags & kFlagRemote) != 0;
  if (!in.done()) return fail(Errc::corrupt, "the recipient record is malformed");
  return out;
}

std::string encode(std::string_view key, const LedgerEntry& entry) {
  const Event& event = entry.event;
  Writer out(128);
  out.time(event.time);
  out.number(event.recipient ? uint64_t{*event.recipient} + 1 : 0);
  out.octet(static_cast<uint8_t>(event.kind));
  if (event.kind == EventKind::accepted) out.number(entry.accepted_recipients);
  out.text(event.address);
  out.reply(event.reply);
  out.text(event.host);
  out.text(event.detail);
  return out.finish(ValueType::event, key);
}

Result<LedgerEntry> decode_event(std::string_view key, std::string_view value) {
  const auto payload = open_value(ValueType::event, key, value);
  if (!payload) return pass(payload.error());
  Reader in(*payload);
  LedgerEntry out;
  out.event.time = in.time();
  const auto recipient = in.narrow<uint64_t>(uint64_t{1} << 32);
  if (recipient > 0) out.event.recipient = static_cast<uint32_t>(recipient - 1);
  const uint8_t kind = in.octet();
  if (kind < static_cast<uint8_t>(EventKind::accepted) || kind > static_cast<uint8_t>(EventKind::expanded))
    in.reject();
  out.event.kind = static_cast<EventKind>(kind);
  if (out.event.kind == EventKind::accepted) out.accepted_recipients = in.narrow<uint32_t>();
  out.event.address = in.text();
  out.event.reply = in.reply();
  out.event.host = in.text();
  out.event.detail = in.text();
  if (!in.done()) return fail(Errc::corrupt, "the ledger event is malformed");
  return out;
}

std::string encode(std::string_view key, const Counters& counters) {
  Writer out(40);
  out.number(counters.messages);
  out.number(counters.recipients_queued);
  out.number(counters.recipients_held);
  out.number(counters.ledger_sequence);
  out.number(counters.highest_id);
  return out.finish(ValueType::counters, key);
}

Result<Counters> decode_counters(std::string_view key, std::string_view value) {
  const auto payload = open_value(ValueType::counters, key, value);
  if (!payload) return pass(payload.error());
  Reader in(*payload);
  Counters out;
  out.messages = in.number();
  out.recipients_queued = in.number();
  out.recipients_held = in.number();
  out.ledger_sequence = in.number();
  out.highest_id = in.number();
  if (!in.done()) return fail(Errc::corrupt, "the counters are malformed");
  return out;
}

std::string encode_due(std::string_view key, std::string_view domain) {
  Writer out(domain.size());
  out.raw(domain);
  return out.finish(ValueType::due, key);
}

Result<std::string> decode_due(std::string_view key, std::string_view value) {
  const auto payload = open_value(ValueType::due, key, value);
  if (!payload) return pass(payload.error());
  return std::string(*payload);
}

std::string encode_due_domain(std::string_view key) { return Writer(0).finish(ValueType::due_domain, key); }

std::string encode_body_header(std::string_view key, std::string_view payload) {
  std::string out(kValueHeaderOctets, '\0');
  put_header(out.data(), ValueType::body, checksum(ValueType::body, key, payload));
  return out;
}

Result<std::string_view> decode_body(std::string_view key, std::string_view value) {
  const auto payload = open_value(ValueType::body, key, value);
  if (!payload) return pass(payload.error());
  if (payload->size() > kChunkOctetsMax)
    return fail(Errc::corrupt, "a chunk of {} octets is too long", payload->size());
  return *payload;
}

}  // namespace waybill::queue
