// zone_lexer.h: cuts a zone file (RFC 1035 5.1) into entries, each a run of tokens that know their line and
// column. Knows quotes, comments, parentheses and that a blank first column means "the same owner"; knows
// nothing of records. Views the text, which must outlive it. Escapes stay in the tokens as written: only
// their reader knows what they mean. Columns count octets from 1.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::dns {

struct Token {
  std::string_view text;  ///< without the quotes
  bool quoted = false;
  int line = 0;
  int column = 0;
};

struct ZoneEntry {
  std::vector<Token> tokens;   ///< at least one
  bool owner_omitted = false;  ///< it began with white space
};

struct LexError {
  int line = 0;
  int column = 0;
  std::string what;
};

class ZoneLexer {
 public:
  explicit ZoneLexer(std::string_view text);
  /// The next entry that is not empty; nothing at the end. After an error (see errors()) it goes on with the
  /// next line.
  [[nodiscard]] std::optional<ZoneEntry> next();
  [[nodiscard]] const std::vector<LexError>& errors() const { return errors_; }

 private:
  enum class Stop : uint8_t { end_of_line, end_of_text, error };
  Stop read_entry(ZoneEntry& entry);
  bool read_quoted(ZoneEntry& entry);
  bool read_word(ZoneEntry& entry);
  void skip_comment();
  void skip_line();
  void newline();
  [[nodiscard]] int column() const { return static_cast<int>(at_ - line_start_) + 1; }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_start_ = 0;
  int line_ = 1;
  std::vector<LexError> errors_;
};

}  // namespace waybill::dns
