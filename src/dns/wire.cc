#include "dns/wire.h"

#include <array>

namespace waybill::dns {

Result<uint8_t> WireReader::u8() {
  if (left() < 1) return fail(Errc::invalid, "cut short");
  return static_cast<uint8_t>(whole_[at_++]);
}

Result<uint16_t> WireReader::u16() {
  if (left() < 2) return fail(Errc::invalid, "cut short");
  const auto high = static_cast<uint8_t>(whole_[at_]);
  const auto low = static_cast<uint8_t>(whole_[at_ + 1]);
  at_ += 2;
  return static_cast<uint16_t>(high << 8 | low);
}

Result<uint32_t> WireReader::u32() {
  if (left() < 4) return fail(Errc::invalid, "cut short");
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(whole_[at_++]);
  return value;
}

Result<std::string_view> WireReader::take(size_t octets) {
  if (left() < octets) return fail(Errc::invalid, "cut short");
  const auto taken = whole_.substr(at_, octets);
  at_ += octets;
  return taken;
}

std::string_view WireReader::rest() {
  const auto taken = whole_.substr(at_, left());
  at_ = end_;
  return taken;
}

Result<std::string> WireReader::raw_name(Compression compression) {
  std::string out;
  size_t at = at_;
  size_t end = end_;
  size_t lowest = at_;  // each pointer must point before all that was read: no loops, and an end
  bool jumped = false;
  while (true) {
    if (at >= end) return fail(Errc::invalid, "a name is cut short");
    const auto length = static_cast<uint8_t>(whole_[at]);
    if (length >= 0xC0) {
      if (compression == Compression::refused)
        return fail(Errc::invalid, "a compressed name where none may be");
      if (end - at < 2) return fail(Errc::invalid, "a compression pointer is cut short");
      const size_t target = size_t{length & 0x3Fu} << 8 | static_cast<uint8_t>(whole_[at + 1]);
      if (target >= lowest) return fail(Errc::invalid, "a compression pointer does not point backwards");
      if (!jumped) at_ = at + 2;
      jumped = true;
      lowest = target;
      at = target;
      end = whole_.size();
      continue;
    }
    if (length > 63) return fail(Errc::invalid, "an unknown kind of label");
    if (end - at - 1 < length) return fail(Errc::invalid, "a label is cut short");
    if (out.size() + 1 + length > (length == 0 ? 255U : 254U))
      return fail(Errc::invalid, "a name is over 255 octets");
    out += whole_.substr(at, 1 + size_t{length});
    at += 1 + size_t{length};
    if (length == 0) break;
  }
  if (!jumped) at_ = at;
  return out;
}

Result<Name> WireReader::name(Compression compression) {
  auto raw = raw_name(compression);
  if (!raw) return std::unexpected(raw.error());
  return Name::from_wire(*raw);
}

Result<std::string> WireReader::spelled_name() { return raw_name(Compression::allowed); }

void append_u16(std::string& out, uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xFF);
}

void append_u32(std::string& out, uint32_t value) {
  append_u16(out, static_cast<uint16_t>(value >> 16));
  append_u16(out, static_cast<uint16_t>(value & 0xFFFF));
}

}  // namespace waybill::dns
