#include "resolve/caching_resolver.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <unordered_map>

namespace waybill::resolve {
namespace {

using dns::Answer;
using dns::Kind;
using dns::Question;

struct QuestionHash {
  size_t operator()(const Question& question) const {
    return std::hash<std::string>{}(question.name.wire()) * 31 + static_cast<size_t>(question.type);
  }
};

size_t data_octets(const dns::Data& data) {
  constexpr size_t kInline = sizeof(dns::Record);
  if (const auto* txt = std::get_if<dns::Txt>(&data)) {
    size_t octets = kInline;
    for (const std::string& text : txt->strings) octets += sizeof text + text.size();
    return octets;
  }
  if (const auto* opaque = std::get_if<dns::Opaque>(&data)) return kInline + opaque->size();
  if (const auto* tlsa = std::get_if<dns::Tlsa>(&data)) return kInline + tlsa->data.size();
  return kInline + 64;  // a name or two
}

size_t octets_of(const Answer& answer) {
  size_t octets = 512 + answer.why.size() + answer.chain.size() * 64;
  for (const dns::Record& record : answer.records)
    octets += record.owner.wire().size() + data_octets(record.data);
  return octets;
}

struct Entry {
  Question question;
  Answer answer;
  Steady expires;
  size_t octets = 0;

  /// What has expired stays in memory until somebody asks for it, and answers nothing any more.
  [[nodiscard]] bool live(Steady now) const { return expires > now; }
};

uint32_t seconds_left(const Entry& entry, Steady now) {
  // Rounded up: 300 at the first moment, and never 0 while it lives.
  return static_cast<uint32_t>((entry.expires - now + Millis(999)) / Seconds(1));
}

Answer remembered(const Entry& entry, Steady now) {
  Answer answer = entry.answer;
  answer.source = dns::Source::cache;
  const uint32_t left_s = seconds_left(entry, now);
  answer.ttl_s = std::min(answer.unknown() ? left_s : answer.ttl_s, left_s);
  for (dns::Record& record : answer.records) record.ttl_s = std::min(record.ttl_s, answer.ttl_s);
  return answer;
}

}  // namespace

struct CachingResolver::Shards {
  Shards(const Clock& c, CacheOptions o) : clock(c), options(o) {}

  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> entries;  ///< the most recently used first
    std::unordered_map<Question, std::list<Entry>::iterator, QuestionHash> index;
    size_t octets = 0;

    void erase(std::list<Entry>::iterator at) {
      octets -= at->octets;
      index.erase(at->question);
      entries.erase(at);
    }
  };

  Shard& shard_of(const Question& question) {
    return shards[(QuestionHash{}(question) >> 7) % shards.size()];
  }

  std::optional<Answer> find(const Question& question) {
    const Steady now = clock.steady();
    Shard& shard = shard_of(question);
    const std::scoped_lock lock(shard.mutex);
    const auto known = shard.index.find(question);
    if (known == shard.index.end()) return std::nullopt;
    const auto entry = known->second;
    if (!entry->live(now)) {
      shard.erase(entry);
      return std::nullopt;
    }
    shard.entries.splice(shard.entries.begin(), shard.entries, entry);
    return remembered(*entry, now);
  }

  [[nodiscard]] Seconds span_of(const Answer& answer) const {
    // RFC 9520 3.2: a failure at least 1 s, at most 5 min. Bogus is one too.
    if (answer.unknown()) return std::clamp(options.failure_ttl, Seconds(1), Seconds(300));
    return std::min(Seconds(answer.ttl_s), options.ttl_max);
  }

  void put(const Question& question, const Answer& answer) {
    if (answer.source == dns::Source::overlay) return;
    const Seconds span = span_of(answer);
    if (span == Seconds(0)) return;
    Shard& shard = shard_of(question);
    const Steady expires = clock.steady() + span;
    const size_t octets = octets_of(answer);
    const std::scoped_lock lock(shard.mutex);
    if (const auto known = shard.index.find(question); known != shard.index.end()) shard.erase(known->second);
    shard.entries.push_front({question, answer, expires, octets});
    shard.index.emplace(question, shard.entries.begin());
    shard.octets += octets;
    const size_t entries_max = std::max<size_t>(options.entries_max / shards.size(), 1);
    const size_t octets_max = options.octets_max / shards.size();
    while (!shard.entries.empty() && (shard.entries.size() > entries_max || shard.octets > octets_max)) {
      shard.erase(std::prev(shard.entries.end()));
    }
  }

  const Clock& clock;
  const CacheOptions options;
  std::array<Shard, 16> shards;
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> misses{0};
};

CachingResolver::CachingResolver(std::unique_ptr<dns::Resolver> inner, const Clock& clock,
                                 CacheOptions options)
    : shards_(std::make_shared<Shards>(clock, options)), inner_(std::move(inner)) {}
CachingResolver::~CachingResolver() = default;

void CachingResolver::resolve(const Question& question, Done done) {
  if (std::ranges::find(shards_->options.not_kept, question.type) != shards_->options.not_kept.end())
    return inner_->resolve(question, std::move(done));
  if (auto known = shards_->find(question)) {
    ++shards_->hits;
    return done(std::move(*known));
  }
  ++shards_->misses;
  inner_->resolve(question, [shards = shards_, question, done = std::move(done)](Answer answer) {
    shards->put(question, answer);
    done(std::move(answer));
  });
}

std::vector<CacheEntry> CachingResolver::list(size_t entries_max) const {
  std::vector<CacheEntry> out;
  const Steady now = shards_->clock.steady();
  for (const auto& shard : shards_->shards) {
    const std::scoped_lock lock(shard.mutex);
    for (const Entry& entry : shard.entries) {
      if (entry.live(now)) out.push_back({entry.question, remembered(entry, now)});
    }
  }
  std::ranges::sort(out, {}, &CacheEntry::question);
  if (out.size() > entries_max) out.resize(entries_max);
  return out;
}

size_t CachingResolver::flush(const std::optional<dns::Name>& name) {
  // First: what is asked meanwhile must not be answered from below and remembered here again.
  if (shards_->options.flush_below) shards_->options.flush_below();
  size_t gone = 0;
  const Steady now = shards_->clock.steady();
  for (auto& shard : shards_->shards) {
    const std::scoped_lock lock(shard.mutex);
    for (auto at = shard.entries.begin(); at != shard.entries.end();) {
      const auto here = at++;
      if (name && !here->question.name.is_within(*name)) continue;
      gone += here->live(now) ? 1 : 0;
      shard.erase(here);
    }
  }
  return gone;
}

CacheCounts CachingResolver::counts() const {
  CacheCounts counts{shards_->hits.load(), shards_->misses.load()};
  const Steady now = shards_->clock.steady();
  for (const auto& shard : shards_->shards) {
    const std::scoped_lock lock(shard.mutex);
    counts.entries += static_cast<size_t>(
        std::ranges::count_if(shard.entries, [now](const Entry& e) { return e.live(now); }));
    counts.octets += shard.octets;
  }
  return counts;
}

}  // namespace waybill::resolve
