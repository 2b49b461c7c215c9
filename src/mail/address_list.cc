// parse_address_list() of header_view.h: one pass over the value, a part at a time.
#include "base/bytes.h"
#include "mail/header_view.h"

namespace waybill::mail {
namespace {
constexpr int kCommentDepthMax = 32;

class Scanner {
 public:
  Scanner(std::string_view text, size_t max) : text_(text), max_(max) {}

  AddressList run() {
    while (at_ < text_.size() && !list_.truncated) step();
    end_part();
    return std::move(list_);
  }

 private:
  void step() {
    const char c = text_[at_++];
    switch (c) {
      case '"':
        return quoted();
      case '(':
        return comment();
      case '<':
        return angle();
      case ',':
      case ';':
        return end_part();  // ';' ends a group (RFC 5322 3.4)
      case ':':
        // The name of a group stood before it (RFC 5322 3.4): no address.
        part_.clear();
        return;
      case '\r':
      case '\n':
        return;
      default:
        part_ += c;
    }
  }

  void quoted() {
    part_ += '"';
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\r' || c == '\n') continue;
      part_ += c;
      if (c == '"') return;
      if (c == '\\' && at_ < text_.size()) part_ += text_[at_++];
    }
    broken_ = true;
  }

  void comment() {
    int depth = 1;
    while (at_ < text_.size() && depth > 0) {
      const char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) ++at_;
      if (c == '(' && ++depth > kCommentDepthMax) broken_ = true;
      if (c == ')') --depth;
    }
    if (depth > 0) broken_ = true;
  }

  /// Within angle brackets stands the address itself; a display name before it is dropped.
  void angle() {
    std::string inner;
    bool in_quotes = false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\r' || c == '\n') continue;
      if (c == '>' && !in_quotes) {
        angle_ = std::string(trim(inner));
        // An obsolete route: <@a,@b:user@c> (RFC 5322 4.4); only the address counts.
        if (angle_->starts_with('@')) {
          const size_t colon = angle_->find(':');
          angle_ = colon == std::string::npos ? std::string() : angle_->substr(colon + 1);
        }
        return;
      }
      inner += c;
      if (c == '"') in_quotes = !in_quotes;
      if (c == '\\' && in_quotes && at_ < text_.size()) inner += text_[at_++];
    }
    broken_ = true;
  }

  void end_part() {
    const std::string_view bare = trim(part_);
    std::string found = angle_ ? *angle_ : without_blanks(bare);
    const bool nothing = !angle_ && bare.empty() && !broken_;
    if (!nothing) {
      if (list_.addresses.size() + list_.rejected.size() >= max_) {
        list_.truncated = true;
      } else if (broken_ || found.empty()) {
        list_.rejected.emplace_back(angle_ ? "<" + *angle_ + ">" : std::string(bare));
      } else {
        list_.addresses.push_back(std::move(found));
      }
    }
    part_.clear();
    angle_.reset();
    broken_ = false;
  }

  /// RFC 5322 4.4 lets white space stand around dots and the '@' ("user @ example.org"); words without any of
  /// those are a display name without an address.
  static std::string without_blanks(std::string_view text) {
    std::string out;
    bool in_quotes = false;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '"') in_quotes = !in_quotes;
      if (c == '\\' && in_quotes && i + 1 < text.size()) {
        out += c;
        out += text[++i];
        continue;
      }
      if ((c == ' ' || c == '\t') && !in_quotes) {
        if (!joins(text, i)) return {};
        continue;
      }
      out += c;
    }
    return out;
  }

  /// White space at `i` is fine when a dot or '@' stands on either side of it.
  static bool joins(std::string_view text, size_t i) {
    const size_t before = text.find_last_not_of(" \t", i);
    const size_t after = text.find_first_not_of(" \t", i);
    const auto dot = [&](size_t at) {
      return at != std::string_view::npos && (text[at] == '.' || text[at] == '@');
    };
    return dot(before) || dot(after);
  }

  std::string_view text_;
  size_t max_;
  size_t at_ = 0;
  std::string part_;
  std::optional<std::string> angle_;
  bool broken_ = false;
  AddressList list_;
};
}  // namespace

AddressList parse_address_list(std::string_view value, size_t max) { return Scanner(value, max).run(); }

}  // namespace waybill::mail
