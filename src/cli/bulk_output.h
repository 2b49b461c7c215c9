// bulk_output.h: one line of output for each name, in the order of the input, whatever the order of the
// answers; and where a run that was cut off goes on. That order is what makes `--resume` simple: line N of
// the output is that of the N-th name of the input. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace waybill::cli {

/// Holds back what is early. Pure.
class InOrder {
 public:
  /// `first`: the number whose text comes first.
  explicit InOrder(uint64_t first = 0) : next_(first) {}
  void put(uint64_t number, std::string text);
  /// Moves what has its turn to the end of `into`.
  void take(std::string& into);
  [[nodiscard]] uint64_t next() const { return next_; }
  [[nodiscard]] size_t held() const { return held_.size(); }
  [[nodiscard]] size_t held_octets() const { return octets_; }

 private:
  uint64_t next_;
  size_t octets_ = 0;
  std::unordered_map<uint64_t, std::string> held_;
};

/// What an output of an earlier run holds.
struct Earlier {
  uint64_t lines = 0;     ///< complete ones
  uint64_t octets = 0;    ///< of those; what follows is a line cut short
  std::string last_line;  ///< the last complete one; empty: none
  std::string cut_line;   ///< the one cut short, or its first octets; empty: none
};
/// Reads the open file once. Errors: io.
[[nodiscard]] Result<Earlier> read_earlier(int fd);
/// The name that a line of output is about: its "input", else its "domain". Errors: it is no such line.
[[nodiscard]] Result<std::string> name_of_line(std::string_view line);

class BulkOutput {
 public:
  /// stdout.
  BulkOutput() = default;
  /// A new file. Errors: exists (it has something in it already), io.
  [[nodiscard]] static Result<BulkOutput> create(const std::string& path);
  /// One that an earlier run left, or a new one. Call cut() before the first write(). Errors: busy (another
  /// run writes to it), invalid (it holds something else), io.
  [[nodiscard]] static Result<BulkOutput> resume(const std::string& path, Earlier& earlier);
  BulkOutput(BulkOutput&& other) noexcept;
  BulkOutput& operator=(BulkOutput&& other) noexcept;
  ~BulkOutput();

  /// Takes a line off that was cut short.
  [[nodiscard]] Status cut(const Earlier& earlier) const;
  /// All of `text` to the file. Errors: closed (nobody reads the pipe any more), no_space, io.
  [[nodiscard]] Status write(std::string_view text) const;

 private:
  int fd_ = 1;
};

}  // namespace waybill::cli
