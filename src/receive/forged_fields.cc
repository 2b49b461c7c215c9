#include "receive/forged_fields.h"

#include <array>

#include "base/bytes.h"

namespace waybill::receive {
namespace {
constexpr std::string_view kResults = "authentication-results";
/// Where a name is longer, it is ours and white space, or none of ours.
constexpr size_t kNameMax = kResults.size() * 2;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view without_padding(std::string_view name) {
  const size_t last = name.find_last_not_of(" \t");
  return last == std::string_view::npos ? std::string_view() : name.substr(0, last + 1);
}

/// Behind white space and comments, which nest and quote (RFC 5322 3.2.2). Never ends in the middle of one.
size_t skip_cfws(std::string_view text, size_t pos) {
  size_t depth = 0;
  for (; pos < text.size(); ++pos) {
    const char c = text[pos];
    if (depth > 0 && c == '\\') {
      ++pos;
    } else if (c == '(') {
      ++depth;
    } else if (depth > 0 && c == ')') {
      --depth;
    } else if (depth == 0 && !is_blank(c)) {
      return pos;
    }
  }
  return text.size();
}
}  // namespace

std::string authserv_id_of(std::string_view value, bool* open) {
  size_t pos = skip_cfws(value, 0);
  std::string id;
  if (pos < value.size() && value[pos] == '"') {
    for (++pos; pos < value.size() && value[pos] != '"'; ++pos) {
      if (value[pos] == '\\' && pos + 1 < value.size()) ++pos;
      id += value[pos];
    }
    if (open != nullptr) *open = pos >= value.size();
    return to_lower(id);
  }
  while (pos < value.size() && !is_blank(value[pos]) && value[pos] != ';' && value[pos] != '(') {
    id += value[pos++];
  }
  if (open != nullptr) *open = pos >= value.size();
  return to_lower(id);
}

void ForgedFieldFilter::filter(std::string& buffer, size_t from) {
  if (at_ == At::body) return;
  const std::string fresh = buffer.substr(from);
  buffer.resize(from);
  size_t pos = 0;
  while (pos < fresh.size() && at_ != At::body) {
    // The rest of a line of no interest goes in one piece.
    if (!line_start_ && !blank_ && colon_ && (at_ == At::keep || at_ == At::drop)) {
      const size_t newline = fresh.find('\n', pos);
      const size_t end = newline == std::string::npos ? fresh.size() : newline;
      if (at_ == At::keep) buffer.append(fresh, pos, end - pos);
      pos = end;
      if (pos == fresh.size()) break;
    }
    take(fresh[pos++], buffer);
  }
  buffer.append(fresh, pos);
}

void ForgedFieldFilter::take(char c, std::string& out) {
  if (line_start_) begin_line(c, out);
  if (at_ == At::drop) {
    // nothing of it stays
  } else if (at_ == At::keep) {
    out += c;
  } else {
    held_ += c;
  }
  if (c == ':' && !colon_) {
    colon_ = true;
    if (at_ == At::name) judge_name(out);
  }
  if (c == '\n') {
    // RFC 5322 2.1: the empty line ends the header; so does a line that is no field, for every reader.
    const bool text = blank_ || !colon_;
    line_start_ = true;
    if (!text) return;
    release(out);
    at_ = At::body;
    return;
  }
  if (at_ == At::suspect && held_.size() >= kHeldOctetsMax) bound_suspect(out);
  if (at_ == At::name && held_.size() > kNameMax) bound_name(c, out);
}

void ForgedFieldFilter::bound_suspect(std::string& out) {
  bool open = false;
  const std::string id = authserv_id_of(std::string_view(held_).substr(held_.find(':') + 1), &open);
  const bool forged = open || id == to_lower(authserv_id_);
  if (forged) held_.clear();
  at_ = forged ? At::drop : At::keep;
  release(out);
}

// RFC 5322 4.5: white space before the colon may be long.
void ForgedFieldFilter::bound_name(char c, std::string& out) {
  if (held_.size() == kNameMax + 1) padded_ = names_us();
  const bool padding = padded_ && (c == ' ' || c == '\t');
  if (padding && held_.size() < kHeldOctetsMax) return;
  if (padding) held_.clear();
  at_ = padding ? At::drop : At::keep;
  release(out);
}

void ForgedFieldFilter::begin_line(char c, std::string& out) {
  line_start_ = false;
  blank_ = c == '\r';
  const bool continues = c == ' ' || c == '\t';
  if (continues && (at_ == At::keep || at_ == At::drop || at_ == At::suspect)) {
    colon_ = true;
    return;
  }
  // The field before is over.
  if (at_ == At::suspect && is_forged()) held_.clear();
  release(out);
  colon_ = padded_ = false;
  at_ = At::name;
}

bool ForgedFieldFilter::names_us() const {
  const std::string_view name = without_padding(held_);
  return iequals(name, kClientField) || iequals(name, kResults);
}

void ForgedFieldFilter::judge_name(std::string& out) {
  const std::string_view name = without_padding(std::string_view(held_).substr(0, held_.size() - 1));
  if (iequals(name, kClientField)) {
    held_.clear();
    at_ = At::drop;
  } else if (iequals(name, kResults)) {
    at_ = At::suspect;
  } else {
    at_ = At::keep;
    release(out);
  }
}

bool ForgedFieldFilter::is_forged() const {
  return authserv_id_of(std::string_view(held_).substr(held_.find(':') + 1)) == to_lower(authserv_id_);
}

void ForgedFieldFilter::release(std::string& out) {
  out += held_;
  held_.clear();
}

void ForgedFieldFilter::finish(std::string& buffer) {
  if (at_ == At::suspect && is_forged()) held_.clear();
  release(buffer);
  at_ = At::body;
}

}  // namespace waybill::receive
