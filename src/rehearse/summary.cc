#include "rehearse/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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
Millis quantile(const std::map<uint32_t, uint64_t>& values, double part) {
  uint64_t all = 0;
  for (const auto& [value, count] : values) all += count;
  const auto wanted = static_cast<uint64_t>(part * static_cast<double>(all - 1));
  uint64_t passed = 0;
  for (const auto& [value, count] : values) {
    passed += count;
    if (passed > wanted) return Millis{value};
  }
  return Millis{values.rbegin()->first};
}

/// What `counts` would be if they were `wanted` in all: the largest remainders are rounded up.
std::vector<uint64_t> scaled(const std::vector<uint64_t>& counts, uint64_t wanted) {
  const uint64_t all = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  std::vector<uint64_t> out(counts.size(), 0);
  if (all == 0) return out;
  std::vector<std::pair<double, size_t>> remainders;
  uint64_t given = 0;
  for (size_t n = 0; n < counts.size(); ++n) {
    const double exact =
        static_cast<double>(counts[n]) * static_cast<double>(wanted) / static_cast<double>(all);
    out[n] = static_cast<uint64_t>(exact);
    given += out[n];
    remainders.emplace_back(exact - static_cast<double>(out[n]), n);
  }
  std::ranges::stable_sort(remainders, std::ranges::greater{}, &std::pair<double, size_t>::first);
  for (size_t n = 0; given < wanted && n < remainders.size(); ++n, ++given) ++out[remainders[n].second];
  return out;
}

// One message that was played is several.
void multiply(Summary& summary) {
  const uint64_t each = summary.each;
  for (uint64_t* one :
       {&summary.deepest, &summary.accepted, &summary.delivered, &summary.bounced, &summary.expired,
        &summary.discarded, &summary.left_out, &summary.put_off, &summary.waiting, &summary.duplicates,
        &summary.reports_failure, &summary.reports_delay, &summary.reports_success})
    *one *= each;
  for (uint64_t& one : summary.depth) one *= each;
  for (Summary::Host& host : summary.hosts) {
    host.messages *= each;
    host.most *= each;
    for (uint64_t& one : host.load) one *= each;
  }
  for (auto* reasons : {&summary.endings, &summary.put_offs}) {
    for (Summary::Reason& one : *reasons) one.count *= each;
  }
}
}  // namespace

Summarizer::Summarizer(const Scenario& scenario, uint64_t each) {
  out_.each = each;
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

// Of those who ended otherwise than delivered.
uint64_t& Summarizer::count_of(queue::State after) {
  if (after == queue::State::expired) return out_.expired;
  return after == queue::State::discarded ? out_.discarded : out_.bounced;
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
    ++delays_ms_[static_cast<uint32_t>(std::min<int64_t>((one.at - at->second).count(), UINT32_MAX))];
  } else {
    ++count_of(one.after);
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

// Evenly over the slots, and as many as there were: what one slot is short of, the next has.
void Summarizer::spread(Summary::Host& host, uint64_t messages, Millis from, Millis to) {
  const size_t last = slot(to);  // first: it may fold the slots
  if (host.load.size() <= last) host.load.resize(last + 1);
  const auto until = [&](Millis at) {
    return static_cast<uint64_t>(static_cast<double>(messages) * static_cast<double>((at - from).count()) /
                                 static_cast<double>((to - from).count()));
  };
  for (size_t at = slot(from); at <= last; ++at) {
    const Millis begin = std::max(from, out_.slot * static_cast<int64_t>(at));
    const Millis end = std::min(to, out_.slot * static_cast<int64_t>(at + 1));
    if (end > begin) host.load[at] += until(end) - until(begin);
  }
  host.messages += messages;
  if (!host.first) host.first = from;
  host.last = to;
}

void Summarizer::calm(const Journal::Calm& one) {
  out_.accepted += one.recipients;
  out_.delivered += one.recipients;
  out_.left_out += one.recipients;
  out_.left_out_for += one.to - one.from;
  copies_ += one.recipients;
  std::vector<uint64_t> taken, delays;
  uint64_t taken_in_sample = 0;
  for (const auto& host : one.hosts) taken.push_back(host.messages), taken_in_sample += host.messages;
  for (const auto& [delay, count] : one.delays_ms) delays.push_back(count);
  // A message may have gone to several hosts, one for each of its domains.
  const double more = static_cast<double>(one.messages) / static_cast<double>(one.sample_messages);
  taken = scaled(taken, static_cast<uint64_t>(std::llround(more * static_cast<double>(taken_in_sample))));
  delays = scaled(delays, one.recipients);
  for (size_t n = 0; n < one.hosts.size(); ++n) {
    Summary::Host* host = find(one.hosts[n].host);
    if (host == nullptr) continue;
    // A host that takes nothing is only looked at now and then, and a minute tells nothing of that.
    if (taken[n] == 0) continue;
    spread(*host, taken[n], one.from, one.to);
    host->connections +=
        static_cast<uint64_t>(std::llround(more * static_cast<double>(one.hosts[n].connections)));
  }
  size_t n = 0;
  for (const auto& [delay, count] : one.delays_ms) delays_ms_[delay] += delays[n++];
  const size_t last = slot(one.to);
  fill_depth(last);
  for (size_t at = slot(one.from) + 1; at <= last; ++at) out_.depth[at] = std::max(out_.depth[at], one.depth);
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
  multiply(out_);
  return std::move(out_);
}

}  // namespace waybill::rehearse
