#include "dns/zone_lexer.h"

namespace waybill::dns {
namespace {
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool ends_word(char c) { return is_blank(c) || c == '\n' || c == ';' || c == '(' || c == ')' || c == '"'; }
}  // namespace

ZoneLexer::ZoneLexer(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = line_start_ = 3;  // a byte order mark that an editor left
}

void ZoneLexer::newline() {
  ++at_;
  ++line_;
  line_start_ = at_;
}

void ZoneLexer::skip_comment() {
  while (at_ < text_.size() && text_[at_] != '\n') ++at_;
}

void ZoneLexer::skip_line() {
  skip_comment();
  if (at_ < text_.size()) newline();
}

std::optional<ZoneEntry> ZoneLexer::next() {
  while (at_ < text_.size()) {
    ZoneEntry entry;
    entry.owner_omitted = is_blank(text_[at_]);
    const Stop stop = read_entry(entry);
    if (stop == Stop::error) {
      skip_line();
      continue;
    }
    if (!entry.tokens.empty()) return entry;
  }
  return std::nullopt;
}

ZoneLexer::Stop ZoneLexer::read_entry(ZoneEntry& entry) {
  int depth = 0;
  LexError opened;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      newline();
      if (depth == 0) return Stop::end_of_line;
    } else if (is_blank(c)) {
      ++at_;
    } else if (c == ';') {
      skip_comment();
    } else if (c == '(') {
      if (depth++ == 0) opened = {line_, column(), "this parenthesis is never closed"};
      ++at_;
    } else if (c == ')') {
      if (depth == 0) {
        errors_.push_back({line_, column(), "this parenthesis was never opened"});
        return Stop::error;
      }
      --depth;
      ++at_;
    } else if (c == '"') {
      if (!read_quoted(entry)) return Stop::error;
    } else {
      if (!read_word(entry)) return Stop::error;
    }
  }
  if (depth > 0) {
    errors_.push_back(std::move(opened));
    return Stop::error;
  }
  return Stop::end_of_text;
}

bool ZoneLexer::read_quoted(ZoneEntry& entry) {
  Token token{{}, true, line_, column()};
  const size_t start = ++at_;
  for (; at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n'; ++at_) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
  }
  if (at_ >= text_.size() || text_[at_] == '\n') {
    errors_.push_back({token.line, token.column, "this quote is never closed on its line"});
    return false;
  }
  token.text = text_.substr(start, at_ - start);
  ++at_;
  entry.tokens.push_back(token);
  return true;
}

bool ZoneLexer::read_word(ZoneEntry& entry) {
  Token token{{}, false, line_, column()};
  const size_t start = at_;
  for (; at_ < text_.size() && !ends_word(text_[at_]); ++at_) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
  }
  token.text = text_.substr(start, at_ - start);
  const size_t nul = token.text.find('\0');
  if (nul != std::string_view::npos) {
    errors_.push_back(
        {token.line, token.column + static_cast<int>(nul), "a NUL octet: is this a text file?"});
    return false;
  }
  entry.tokens.push_back(token);
  return true;
}

}  // namespace waybill::dns
