// bulk_input.h: millions of names, one a line, from a file or a pipe: read as they are needed, never waited
// for. A line that holds no name is reported by its number and does not stop the run. Memory: one buffer,
// whatever the file's size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "mail/address.h"

namespace waybill::cli {

/// What was typed, or why it is no domain. A final dot is how DNS people write names; here it does no harm.
[[nodiscard]] Result<mail::Domain> parse_domain(std::string text);

struct BulkName {
  uint64_t line = 0;  ///< in the input, from 1
  std::string text;   ///< as it stood there, without blanks around it; cut where it is too long
  Result<mail::Domain> domain;
};

/// One line: blank and "# comment" lines are nothing; blanks, a CR and a trailing " # comment" are taken off.
/// Pure.
[[nodiscard]] std::optional<BulkName> parse_bulk_line(std::string_view line, uint64_t number);

class BulkInput {
 public:
  /// Longest line; DNS names have 253 octets, in UTF-8 some more.
  static constexpr size_t kLineOctetsMax = 4096;

  /// "-" is stdin. Errors: io.
  [[nodiscard]] static Result<BulkInput> open(const std::string& path);
  BulkInput(BulkInput&& other) noexcept;
  BulkInput& operator=(BulkInput&&) = delete;
  ~BulkInput();

  enum class Not : uint8_t {
    yet,   ///< the pipe is empty at the moment
    more,  ///< the input is at its end
  };
  using Next = std::variant<BulkName, Not>;
  /// The next name. Errors: io.
  [[nodiscard]] Result<Next> next();
  /// How many names a regular file holds, by reading it once; nothing of a pipe. The position stays.
  [[nodiscard]] std::optional<uint64_t> count() const;

 private:
  explicit BulkInput(int fd) : fd_(fd) {}
  enum class Filled : uint8_t { some, nothing_yet, end };
  Result<Filled> fill();

  int fd_;
  bool regular_ = false;
  bool at_end_ = false;
  std::string buffer_;
  size_t at_ = 0;
  uint64_t line_ = 0;
  bool skipping_ = false;  ///< the rest of a line that was too long
};

}  // namespace waybill::cli
