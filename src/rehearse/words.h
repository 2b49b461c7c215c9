// words.h: one line of a scenario as words, taken one by one. Errors name the file and the line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rehearse/scenario.h"

namespace waybill::rehearse {

class Words {
 public:
  /// Splits at white space; a '#' at the start of a word begins a comment.
  Words(std::string file, int line, std::string_view text);

  [[nodiscard]] bool empty() const { return at_ == words_.size(); }
  [[nodiscard]] const std::string& peek() const;   ///< "" at the end
  [[nodiscard]] bool take(std::string_view word);  ///< the next one, if it is this one
  [[nodiscard]] int line() const { return line_; }

  /// All of these fail with "FILE:LINE: ..." when there is no such word.
  [[nodiscard]] Result<std::string> word(std::string_view what);
  [[nodiscard]] Result<uint64_t> number(std::string_view what);
  [[nodiscard]] Result<Millis> time(std::string_view what);
  [[nodiscard]] Result<Millis> signed_time(std::string_view what);
  [[nodiscard]] Result<dns::Name> name(std::string_view what);
  [[nodiscard]] Result<Count> count();
  [[nodiscard]] Status end();
  [[nodiscard]] std::unexpected<Error> error(std::string_view text) const;
  [[nodiscard]] std::unexpected<Error> error(const Error& why) const { return error(why.what); }

  /// "10m..2h", "..2h", "10m..", "always"; none if the next word is not one.
  [[nodiscard]] Result<std::optional<Window>> window();
  /// The same at the end of the line, when free text stands before it.
  [[nodiscard]] Result<std::optional<Window>> last_window();
  [[nodiscard]] std::string rest();

 private:
  [[nodiscard]] Result<std::optional<Window>> parse_window(const std::string& word) const;

  std::string file_;
  int line_;
  std::vector<std::string> words_;
  size_t at_ = 0;
};

}  // namespace waybill::rehearse
