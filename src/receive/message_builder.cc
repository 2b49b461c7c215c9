#include "receive/message_builder.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace waybill::receive {
namespace {
// The decoder may pass its limit by two octets.
constexpr size_t kBufferOctetsMax = kChunkOctetsMax - 2;

bool has_high_bit(std::string_view octets) {
  uint64_t bits = 0;
  size_t i = 0;
  for (; i + 8 <= octets.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, octets.data() + i, 8);
    bits |= word;
  }
  for (; i < octets.size(); ++i) bits |= static_cast<unsigned char>(octets[i]);
  return (bits & 0x8080808080808080ULL) != 0;
}
}  // namespace

std::optional<mail::Reply> refusal_of(Fault fault, const Settings& settings) {
  switch (fault) {
    case Fault::none:
      return std::nullopt;
    case Fault::too_big:
      return mail::Reply{
          552, {5, 3, 4}, fmt::format("messages are limited to {} octets", settings.message_octets_max)};
    case Fault::header_too_big:
      return mail::Reply{
          552, {5, 3, 4}, fmt::format("headers are limited to {} octets", settings.header_octets_max)};
    case Fault::bare_newline:
      return mail::Reply{
          550, {5, 6, 0}, "the message has a bare CR or LF: lines end in CRLF (RFC 5321 2.3.8)"};
    case Fault::nul:
      return mail::Reply{550, {5, 6, 0}, "the message has a NUL octet (RFC 5322 2.2)"};
    case Fault::line_too_long:
      return mail::Reply{
          550, {5, 6, 0}, fmt::format("a line is longer than {} octets", settings.line_octets_max)};
    case Fault::loop:
      return mail::Reply{
          550, {5, 4, 6}, "too many Received fields: the message goes in circles"};  // RFC 5321 6.3
  }
  return std::nullopt;
}

MessageBuilder::MessageBuilder(const Settings& settings, smtp::Framing framing, std::string head,
                               uint64_t size_hint, ForgedFields forged)
    : settings_(settings), decoder_(framing), buffer_(std::move(head)), head_octets_(buffer_.size()) {
  if (forged == ForgedFields::taken_out) forged_.emplace(settings.authserv_id);
  // A declared size is a hint and no more: it buys one allocation, never more than a chunk.
  if (size_hint > 0) buffer_.reserve(std::min<uint64_t>(size_hint + head_octets_ + 64, kChunkOctetsMax));
}

MessageBuilder::Progress MessageBuilder::take(std::string_view in) {
  Progress progress;
  while (progress.consumed < in.size() && !progress.ended) {
    const size_t before = buffer_.size();
    const size_t held = forged_ ? forged_->held_octets() : 0;  // it may come into this chunk yet
    const auto step = decoder_.decode(in.substr(progress.consumed), buffer_, kBufferOctetsMax - held);
    progress.consumed += step.consumed;
    progress.ended = step.ended;
    inspect(std::string_view(buffer_).substr(before));
    take_out_forged(before);
    if (discarding_) {
      buffer_.clear();
    } else if (buffer_.size() + (forged_ ? forged_->held_octets() : 0) >= kBufferOctetsMax) {
      full_.emplace_back(std::exchange(buffer_, {}));
      // A second chunk means a big message: its next chunk is likely to be full as well.
      buffer_.reserve(kChunkOctetsMax);
    }
  }
  return progress;
}

void MessageBuilder::inspect(std::string_view fresh) {
  content_octets_ += fresh.size();
  if (!header_.ended()) {
    header_.scan(fresh);
    if (header_.octets() > settings_.header_octets_max) found(Fault::header_too_big);
    if (header_.received_fields() > settings_.received_fields_max) found(Fault::loop);
  }
  if (!has_eight_bit_) has_eight_bit_ = has_high_bit(fresh);
  if (content_octets_ > settings_.message_octets_max) found(Fault::too_big);
  if (settings_.bare_newline == BareNewline::reject && decoder_.saw_bare_newline())
    found(Fault::bare_newline);
  if (decoder_.saw_nul()) found(Fault::nul);
  if (decoder_.line_octets_longest() > settings_.line_octets_max) found(Fault::line_too_long);
}

void MessageBuilder::take_out_forged(size_t before) {
  if (!forged_ || forged_->ended()) return;
  const size_t whole = buffer_.size() + forged_->held_octets();
  forged_->filter(buffer_, before);
  forged_octets_ += whole - buffer_.size() - forged_->held_octets();
}

void MessageBuilder::found(Fault fault) {
  faults_ |= static_cast<uint8_t>(1U << static_cast<unsigned>(fault));
  discard();
}

Fault MessageBuilder::fault() const {
  return faults_ == 0 ? Fault::none : static_cast<Fault>(std::countr_zero(faults_));
}

void MessageBuilder::discard() {
  discarding_ = true;
  full_.clear();
}

Chunk MessageBuilder::finish() {
  const size_t before = buffer_.size();
  decoder_.finish(buffer_);
  inspect(std::string_view(buffer_).substr(before));
  if (forged_ && !forged_->ended()) {
    take_out_forged(before);
    const size_t whole = buffer_.size() + forged_->held_octets();
    forged_->finish(buffer_);
    forged_octets_ += whole - buffer_.size();
  }
  if (discarding_) buffer_.clear();
  return buffer_.empty() ? Chunk() : Chunk(std::exchange(buffer_, {}));
}

}  // namespace waybill::receive
