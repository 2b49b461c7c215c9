#include "rehearse/summary.h"

#include <algorithm>

namespace waybill::rehearse {
namespace {
// Two neighbours become one.
template <class Combine>
void fold(std::vector<uint64_t>& values, Combine combine) {
  const size_t half = (values.size() + 1) / 2;
  for (size_t n = 0; n < half; ++n)
    values[n] = 2 * n + 1 < values.size() ? combine(values[2 * n], values[2 * n + 1]) : values[2 * n];
  values.resize(half);
}

std::vector<Summary::Reason> sorted(const std::map<std::pair<std::string, std::string>, uint64_t>& reasons) {
  std::vector<Summary::Reason> out;
  for (const auto& [reason, count] : reasons) out.push_back({reason.first, reason.second, count});
  std::ranges::stable_sort(out, std::ranges::greater{}, &Summary::Reason::count);
  return out;
}

/// The value below or at which `part` of them lie.
Millis quantile(std::vector<uint32_t>& values, double part) {
  const auto at = static_cast<ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + at);
  return Millis{values[static_cast<size_t>(at)]};
}
}  // namespace

Summarizer::Summarizer(const Scenario& scenario) {
  for (const Host& host : scenario.hosts) {
    if (host.of_senders) continue;
    by_label_.emplace(host.label, out_.hosts.size());
    out_.hosts.push_back({.label = host.label});
  }
  seconds_.resize(out_.hosts.size());
}

Summary::Host* Summarizer::find(std::string_view label) {
  const auto at = by_label_.find(std::string(label));
  return at == by_label_.end() ? nullptr : &out_.hosts[at->second];
}

size_t Summarizer::slot(Millis at) {
  while (at / out_.slot >= static_cast<int64_t>(kSlotsMax)) {
    for (Summary::Host& host : out_.hosts) fold(host.load, std::plus<>{});
    fold(out_.depth, [](uint64_t a, uint64_t b) { return std::max(a, b); });
    out_.slot *= 2;
  }
  return static_cast<size_t>(at / out_.slot);
}

void Summarizer::connect(Journal::Connect one) {
  if (Summary::Host* host = find(one.host)) ++host->connections;
}

void Summarizer::taken(Journal::Taken one) {
  copies_ += one.recipients.size();
  Summary::Host* host = find(one.host);
  if (host == nullptr) return;
  ++host->messages;
  if (!host->first) host->first = one.at;
  host->last = one.at;
  const size_t at = slot(one.at);
  if (host->load.size() <= at) host->load.resize(at + 1);
  ++host->load[at];
  SecondOf& second = seconds_[static_cast<size_t>(host - out_.hosts.data())];
  if (second.second != one.at / Seconds{1}) second = {one.at / Seconds{1}, 0};
  host->most = std::max(host->most, ++second.messages);
}

void Summarizer::arrival(Journal::Arrival one) {
  if (one.report) return;
  ++out_.accepted;
  open_.emplace(Key{one.message, one.index}, one.at);
}

void Summarizer::count(Reasons& reasons, const Journal::Attempt& one) {
  std::pair<std::string, std::string> reason{one.reply.to_string(), one.host};
  if (reasons.size() >= kReasonsMax && !reasons.contains(reason)) reason = {"other replies", ""};
  ++reasons[std::move(reason)];
}

void Summarizer::attempt(Journal::Attempt one) {
  const auto at = open_.find({one.message, one.index});
  if (at == open_.end()) {
    if (one.after == queue::State::delivered) ++reports_delivered_;
    return;
  }
  if (!queue::is_final(one.after)) {
    ++out_.put_off;
    count(put_offs_, one);
    return;
  }
  if (one.after == queue::State::delivered) {
    ++out_.delivered;
    delays_ms_.push_back(static_cast<uint32_t>(std::min<int64_t>((one.at - at->second).count(), UINT32_MAX)));
  } else {
    ++(one.after == queue::State::expired ? out_.expired : out_.bounced);
    count(endings_, one);
  }
  open_.erase(at);
}

void Summarizer::report(Journal::Sent one) {
  switch (one.kind) {
    case queue::ReportKind::failure:
      ++out_.reports_failure;
      return;
    case queue::ReportKind::delay:
      ++out_.reports_delay;
      return;
    default:
      ++out_.reports_success;
  }
}

// What was queued when a slot began was queued in it, though nothing happened.
void Summarizer::fill_depth(size_t up_to) {
  if (out_.depth.size() <= up_to) out_.depth.resize(up_to + 1, now_queued_);
}

void Summarizer::depth(Journal::Depth one) {
  const size_t at = slot(one.at);
  fill_depth(at);
  now_queued_ = one.recipients;
  out_.depth[at] = std::max(out_.depth[at], now_queued_);
  if (now_queued_ > out_.deepest) {
    out_.deepest = now_queued_;
    out_.deepest_at = one.at;
  }
  if (now_queued_ == 0) {
    out_.last_empty = one.at;
  } else {
    out_.last_empty.reset();
  }
}

Summary Summarizer::finish(Millis end) {
  out_.end = end;
  const size_t last = slot(end);
  fill_depth(last);
  for (Summary::Host& host : out_.hosts) host.load.resize(last + 1);
  out_.waiting = open_.size();
  const uint64_t answered = out_.delivered + reports_delivered_;
  out_.duplicates = copies_ > answered ? copies_ - answered : 0;
  if (!delays_ms_.empty()) {
    out_.delay_median = quantile(delays_ms_, 0.5);
    out_.delay_p99 = quantile(delays_ms_, 0.99);
    out_.delay_longest = quantile(delays_ms_, 1);
  }
  out_.endings = sorted(endings_);
  out_.put_offs = sorted(put_offs_);
  return std::move(out_);
}

}  // namespace waybill::rehearse
