#include "rehearse/calm.h"

#include <algorithm>

namespace waybill::rehearse {

void CalmWatch::Half::add(const Second& second) {
  depth_sum += second.depth;
  delay_ms = std::max(delay_ms, second.delay_ms);
}

CalmWatch::Second& CalmWatch::bucket(Millis at) {
  const int64_t number = at / Seconds{1};
  if (seconds_.empty() || seconds_.back().number < number) {
    seconds_.push_back({.number = number, .depth = queued_});
    while (seconds_.front().number + kSampleSecondsMax < number) seconds_.pop_front();
    since_ = std::max(since_, number - kSampleSecondsMax);
  }
  return seconds_.back();
}

Journal::Calm::Host& CalmWatch::host(Millis at, const std::string& label) {
  auto& hosts = bucket(at).hosts;
  const auto [found, fresh] = hosts.try_emplace(label);
  if (fresh) found->second.host = label;
  return found->second;
}

void CalmWatch::connect(Journal::Connect one) {
  ++host(one.at, one.host).connections;
  next_.connect(std::move(one));
}

void CalmWatch::taken(Journal::Taken one) {
  ++host(one.at, one.host).messages;
  next_.taken(std::move(one));
}

void CalmWatch::arrival(Journal::Arrival one) {
  open_.emplace(Key{one.message, one.index}, one.at);
  next_.arrival(std::move(one));
}

void CalmWatch::attempt(Journal::Attempt one) {
  const Millis at = one.at;
  const auto came = open_.find({one.message, one.index});
  // Whoever waited longer than a part of the sample did so because of what was before it.
  if (one.after == queue::State::delivered && came != open_.end() && at - came->second <= wait_max_) {
    Second& second = bucket(at);
    const auto delay = static_cast<uint32_t>((at - came->second).count());
    ++second.delays_ms[delay];
    second.delay_ms = std::max(second.delay_ms, delay);
  } else {
    restart(at);
  }
  if (queue::is_final(one.after) && came != open_.end()) open_.erase(came);
  next_.attempt(std::move(one));
}

void CalmWatch::report(Journal::Sent one) {
  restart(one.at);
  next_.report(std::move(one));
}

void CalmWatch::depth(Journal::Depth one) {
  queued_ = one.recipients;
  Second& second = bucket(one.at);
  second.depth = std::max(second.depth, queued_);
  next_.depth(one);
}

void CalmWatch::restart(Millis at) {
  since_ = at / Seconds{1} + 1;
  seconds_.clear();
}

// A queue that grows, or waits that do, would show in the second half of the sample. The slack is for a
// sample's chance: of a few messages at once, one more or less is nothing.
bool CalmWatch::level(int64_t first, int64_t last) const {
  const int64_t middle = (first + last) / 2;
  Half before{.seconds = middle - first}, after{.seconds = last - middle};
  for (const Second& second : seconds_) {
    if (second.number < first || second.number >= last) continue;
    (second.number < middle ? before : after).add(second);
  }
  const auto mean = [](const Half& half) {
    return static_cast<double>(half.depth_sum) / static_cast<double>(std::max<int64_t>(1, half.seconds));
  };
  return mean(after) <= 1.1 * mean(before) + 2 &&
         after.delay_ms <= before.delay_ms + before.delay_ms / 10 + 100;
}

std::optional<Journal::Calm> CalmWatch::sample(Millis since, Millis now) const {
  if (seconds_.empty()) return std::nullopt;
  const int64_t last = now / Seconds{1};  // not yet whole: no part of it
  const int64_t first = std::max({since_, seconds_.front().number, since / Seconds{1} + 1});
  if (last - first < rule_.sample.count()) return std::nullopt;
  Journal::Calm out;
  std::map<std::string, Journal::Calm::Host, std::less<>> hosts;
  uint64_t recipients = 0;
  for (const Second& second : seconds_) {
    if (second.number < first || second.number >= last) continue;
    out.sample_messages += second.messages;
    out.depth = std::max(out.depth, second.depth);
    for (const auto& [label, host] : second.hosts) {
      Journal::Calm::Host& sum = hosts.try_emplace(label, Journal::Calm::Host{.host = label}).first->second;
      sum.messages += host.messages;
      sum.connections += host.connections;
    }
    for (const auto& [delay, count] : second.delays_ms) {
      out.delays_ms[delay] += count;
      recipients += count;
    }
  }
  if (out.sample_messages < rule_.sample_messages || recipients == 0 || !level(first, last))
    return std::nullopt;
  // What is queued now came in just now, or it waits for something.
  for (const auto& [key, came] : open_) {
    if (now - came > wait_max_) return std::nullopt;
  }
  for (auto& [label, host] : hosts) out.hosts.push_back(std::move(host));
  return out;
}

}  // namespace waybill::rehearse
