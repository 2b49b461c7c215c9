// BDAT (RFC 3030 2). A chunk's octets are always taken, whether the command was refused or not: they are
// never run as commands. Whatever refuses a chunk ends the whole transaction, so that nothing of it can be
// committed by a later LAST.
#include <algorithm>

#include "receive/session.h"

namespace waybill::receive {
namespace {
constexpr uint64_t kSmallChunkOctets = 1024;
// How much of a refused chunk we read before it is cheaper for everyone to hang up.
constexpr uint64_t kSkipOctetsMax = 64ULL * 1024 * 1024;
}  // namespace

std::optional<mail::Reply> Session::bdat_refusal(const smtp::Bdat& bdat) const {
  if (transaction_ == Transaction::none) return mail::Reply{503, {5, 5, 1}, "MAIL first"};
  if (envelope_.recipients.empty()) return mail::Reply{554, {5, 5, 1}, "no valid recipients"};
  const uint64_t before = message_ ? message_->builder.content_octets() : 0;
  const uint64_t room = settings_->message_octets_max - std::min(before, settings_->message_octets_max);
  if (bdat.size_octets > room) {
    return mail::Reply{
        552, {5, 3, 4}, fmt::format("messages are limited to {} octets", settings_->message_octets_max)};
  }
  return std::nullopt;
}

void Session::bdat(const smtp::Command& command) {
  const auto parsed = smtp::parse_bdat(command.argument);
  if (!parsed) {
    // How many octets follow is unknown, so where the next command begins is too.
    say(parsed.error());
    return close_with(421, {4, 5, 4}, "lost count of the chunk's octets");
  }
  // Big chunks pay for themselves; a message in crumbs is what commands_max is there for.
  if (parsed->size_octets >= kSmallChunkOctets) --commands_;
  if (auto refusal = bdat_refusal(*parsed)) {
    const uint64_t skip_max = settings_->message_octets_max + kSkipOctetsMax;
    if (parsed->size_octets > skip_max) {
      say(*refusal);
      return close_with(421, {4, 3, 4}, "that chunk is too big even to ignore");
    }
    if (transaction_ == Transaction::bdat) reset_transaction();
    bdat_skip_reply_ = std::move(*refusal);
    bdat_octets_left_ = parsed->size_octets;
    phase_ = Phase::bdat_skip;
    if (bdat_octets_left_ == 0) (void)feed_bdat_skip({});
    return;
  }
  bdat_octets_left_ = parsed->size_octets;
  bdat_last_ = parsed->last;
  if (transaction_ == Transaction::open) {
    transaction_ = Transaction::bdat;
    phase_ = Phase::begin;
    actions_.emplace_back(Begin{});
    return;
  }
  phase_ = Phase::bdat;
  if (bdat_octets_left_ == 0) bdat_chunk_ended();
}

size_t Session::feed_bdat(std::string_view octets) {
  const std::string_view part =
      octets.substr(0, static_cast<size_t>(std::min<uint64_t>(bdat_octets_left_, octets.size())));
  const auto progress = message_->builder.take(part);
  bdat_octets_left_ -= progress.consumed;
  spill_full_chunks();
  if (bdat_octets_left_ == 0) bdat_chunk_ended();
  return progress.consumed;
}

void Session::bdat_chunk_ended() {
  if (bdat_last_ == smtp::Last::yes) return content_ended();
  phase_ = Phase::command;
  if (const auto refusal = content_refusal()) {
    // RFC 3030 2: a refused chunk ends the transaction; the client is told at once and saves the rest.
    reset_transaction();
    refuse(*refusal);
  } else {
    say(250, {2, 0, 0}, fmt::format("{} octets so far", message_->builder.content_octets()));
  }
}

size_t Session::feed_bdat_skip(std::string_view octets) {
  const auto part = static_cast<size_t>(std::min<uint64_t>(bdat_octets_left_, octets.size()));
  bdat_octets_left_ -= part;
  if (bdat_octets_left_ == 0) {
    phase_ = Phase::command;
    refuse(std::exchange(bdat_skip_reply_, {}));
    if (stopping_) on_shutdown();
  }
  return part;
}

}  // namespace waybill::receive
