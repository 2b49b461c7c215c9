#include "policy/dkim_record.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>

#include "base/bytes.h"

namespace waybill::policy {
namespace {
constexpr size_t kKeyTextMax = 16 * 1024;
constexpr size_t kEd25519Octets = 32;  // RFC 8463 4.2

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// Bits of an RSA key in either form: SubjectPublicKeyInfo, as all the world publishes, or RSAPublicKey, as
/// RFC 6376 3.6.1 says. 0: neither, or octets behind it.
int rsa_bits(std::string_view der) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(der.data());
  const auto size = static_cast<long>(der.size());
  const unsigned char* at = begin;
  Key key(d2i_PUBKEY(nullptr, &at, size), EVP_PKEY_free);
  if (!key || at != begin + size) {
    at = begin;
    key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size));
  }
  if (!key || at != begin + size || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return 0;
  return EVP_PKEY_bits(key.get());
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

/// RFC 4648 4, with blanks anywhere (RFC 6376 2.10). nullopt: it is none.
std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  size_t digits = 0, pads = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '=') {
      ++pads;
      continue;
    }
    const int value = base64_value(c);
    if (value < 0 || pads > 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if (++digits % 4 != 0) continue;
    for (const int shift : {16, 8, 0}) out += static_cast<char>(bits >> shift & 0xff);
    bits = 0;
  }
  const size_t left = digits % 4;
  if (left == 1 || pads > 2 || (pads > 0 && (left + pads) % 4 != 0)) return std::nullopt;
  if (left >= 2) out += static_cast<char>(bits >> (left == 2 ? 4 : 10) & 0xff);
  if (left == 3) out += static_cast<char>(bits >> 2 & 0xff);
  return out;
}

class DkimReader {
 public:
  explicit DkimReader(const TagList& list) : list_(list) {}

  DkimRecord read() {
    out_.faults = list_.faults;
    if (const Tag* v = list_.find("v"); v != nullptr) {
      if (v != list_.tags.data()) fault(v->place, "v= must be the first tag");
      if (v->value != "DKIM1") fault(v->place, fmt::format("v is '{}', not DKIM1", printable(v->value, 40)));
    }
    type();
    hashes();
    for (const Tag& tag : list_.tags) other(tag);
    key();
    return std::move(out_);
  }

 private:
  void fault(Span place, std::string what) { out_.faults.push_back({place, std::move(what)}); }

  void type() {
    const Tag* k = list_.find("k");
    if (k == nullptr || k->value == "rsa") return;
    out_.type = k->value == "ed25519" ? DkimKeyType::ed25519 : DkimKeyType::other;
    if (out_.type == DkimKeyType::other)
      fault(k->place, fmt::format("k is '{}'; verifiers know rsa and ed25519", printable(k->value, 40)));
  }

  void hashes() {
    const Tag* h = list_.find("h");
    if (h == nullptr) return;
    const auto parts = split(h->value, ':');
    if (std::ranges::any_of(parts, [](std::string_view part) { return trim(part) == "sha256"; })) return;
    // RFC 8301 3.1: sha1 is used no more.
    fault(h->place, fmt::format("h is '{}', so no signature with sha256 is taken", printable(h->value, 40)));
  }

  void other(const Tag& tag) {
    if (tag.name == "t") {
      for (const std::string_view flag : split(tag.value, ':'))
        out_.testing = out_.testing || trim(flag) == "y";
    } else if (tag.name == "s") {
      for (const std::string_view service : split(tag.value, ':')) out_.services.emplace_back(trim(service));
      const auto mail = [](const std::string& service) { return service == "*" || service == "email"; };
      if (!std::ranges::any_of(out_.services, mail))
        fault(tag.place, fmt::format("s is '{}', so it is not for mail", printable(tag.value, 40)));
    } else if (tag.name != "v" && tag.name != "k" && tag.name != "h" && tag.name != "p" && tag.name != "n") {
      out_.unknown.push_back(tag);
    }
  }

  void key() {
    const Tag* p = list_.find("p");
    if (p == nullptr) return fault({}, "the key is missing: there is no p=");
    if (p->value.empty()) {
      out_.revoked = true;  // 3.6.1
      return;
    }
    if (p->value.size() > kKeyTextMax) return fault(p->place, "the key is over 16 KiB");
    const auto octets = decode_base64(p->value);
    if (!octets) return fault(p->place, "the key in p= is no base64");
    if (out_.type == DkimKeyType::ed25519) {
      if (octets->size() != kEd25519Octets)
        return fault(p->place, fmt::format("an ed25519 key has 32 octets, this one {}", octets->size()));
      out_.bits = 256;
    } else if (out_.type == DkimKeyType::rsa) {
      out_.bits = rsa_bits(*octets);
      if (out_.bits == 0)
        fault(p->place, "the key in p= is no RSA key: it is cut short or something is missing");
    }
  }

  const TagList& list_;
  DkimRecord out_;
};
}  // namespace

DkimRecord parse_dkim(std::string_view text) {
  const TagList list = parse_tags(text);
  return DkimReader(list).read();
}

std::optional<std::string> without_pasted_quotes(std::string_view text) {
  if (text.find('"') == std::string_view::npos) return std::nullopt;
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '"') {
      out += text[at++];
      continue;
    }
    // `" "`: the blanks between two parts go too.
    const size_t next = text.find_first_not_of(" \t", at + 1);
    at = next != std::string_view::npos && text[next] == '"' ? next + 1 : at + 1;
  }
  return out;
}

}  // namespace waybill::policy
