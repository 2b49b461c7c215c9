// body.h: a message's content (header and text, CRLF line ends, not dot-stuffed) as chunks that are kept
// once and shared. Readers take one chunk at a time, so memory is bounded whatever the size.
#pragma once

#include <memory>
#include <numeric>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace waybill::mail {

class Body {
 public:
  virtual ~Body() = default;
  [[nodiscard]] virtual uint64_t size_octets() const = 0;
  [[nodiscard]] virtual uint32_t chunk_count() const = 0;
  /// Chunk `n`, from memory or from disk (may block on a disk read). Thread-safe.
  [[nodiscard]] virtual Result<Chunk> chunk(uint32_t n) const = 0;
};
using BodyPtr = std::shared_ptr<const Body>;

/// A body that is in memory already: fresh small messages, reports that we wrote, tests.
class MemoryBody final : public Body {
 public:
  explicit MemoryBody(std::vector<Chunk> chunks) : chunks_(std::move(chunks)) {
    for (const Chunk& chunk : chunks_) size_ += chunk.size();
  }
  explicit MemoryBody(std::string text) {
    size_ = text.size();
    chunks_.emplace_back(std::move(text));
  }
  [[nodiscard]] uint64_t size_octets() const override { return size_; }
  [[nodiscard]] uint32_t chunk_count() const override { return static_cast<uint32_t>(chunks_.size()); }
  [[nodiscard]] Result<Chunk> chunk(uint32_t n) const override {
    if (n >= chunks_.size()) return fail(Errc::not_found, "no chunk {}", n);
    return chunks_[n];
  }
  [[nodiscard]] const std::vector<Chunk>& chunks() const { return chunks_; }

 private:
  std::vector<Chunk> chunks_;
  uint64_t size_ = 0;
};

}  // namespace waybill::mail
