// order.h: the builder of steps.h: its state, and the parts that steps_before.cc and steps_after.cc fill in.
// Inner part; one use each.
#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "check/change/change.h"
#include "check/change/steps.h"

namespace waybill::check::change {

[[nodiscard]] std::string name_list(const std::vector<const HostPair*>& hosts);
[[nodiscard]] dns::Record with_ttl(dns::Record record, uint32_t ttl_s);
/// Split into strings of 255 octets (RFC 1035 3.3).
[[nodiscard]] dns::Record text_record(const dns::Name& name, uint32_t ttl_s, std::string_view text);

/// Builds the steps in three parts: what prepares, the cut-over, what clears up. Each preparation says when
/// it has worked (`ready`); the latest of these is the earliest safe cut-over.
class Order {
 public:
  Order(const Move& move, const View& view) : move_(move), view_(view), safe_from_(move.now) {}

  Steps run() {
    for (const HostPair& host : view_.hosts) {
      if (host.comes()) coming_.push_back(&host);
      if (host.goes()) going_.push_back(&host);
    }
    lower_ttls();
    add_hosts();
    add_spf();
    add_selectors();
    widen_sts();
    begin_sts_end();
    add_tlsa();
    cut_ = std::max(safe_from_, move_.at.value_or(safe_from_));
    cut_over();
    publish_policies();
    clear_up_hosts();
    clear_up_rest();
    raise_ttls();
    std::ranges::stable_sort(steps_, {}, &PlanStep::earliest);
    return {.steps = std::move(steps_), .safe_from = safe_from_, .cut_over = cut_};
  }

 private:
  PlanStep& step(std::string id, Time earliest, std::string what, std::string why) {
    steps_.push_back({.id = std::move(id),
                      .earliest = earliest,
                      .what = std::move(what),
                      .publish = {},
                      .why = std::move(why)});
    return steps_.back();
  }
  void ready(Time time) { safe_from_ = std::max(safe_from_, time); }
  static void add(PlanStep& step, const dns::Record& record) {
    step.publish.push_back({Publish::Do::add, dns::to_string(record)});
  }
  static void remove(PlanStep& step, const dns::Record& record) {
    step.publish.push_back({Publish::Do::remove, dns::to_string(record)});
  }
  /// The proposed set in place of the live one; what stays gets the new TTL, for a set has one (RFC
  /// 2181 5.2).
  static void replace(PlanStep& step, const SetPair& set) {
    for (const dns::Record& record : set.removed()) remove(step, record);
    for (const dns::Record& record : set.records(*set.proposed)) {
      if (set.ttl_differs() || has_data(set.added(), record)) add(step, record);
    }
  }
  /// What is new beside what is there, under the one TTL that the set has now.
  static void add_beside(PlanStep& step, const SetPair& set) {
    for (const dns::Record& record : set.added())
      add(step, set.live->present() ? with_ttl(record, set.live->ttl_s) : record);
  }
  /// After add_beside(): what is old goes, and the TTL becomes the proposed one.
  static void finish_beside(PlanStep& step, const SetPair& set) {
    for (const dns::Record& record : set.removed()) remove(step, record);
    if (!set.live->present()) return;
    for (const dns::Record& record : set.records(*set.proposed)) {
      if (record.ttl_s != set.live->ttl_s) add(step, record);
    }
  }
  [[nodiscard]] static bool has_data(const std::vector<dns::Record>& records, const dns::Record& wanted) {
    return std::ranges::any_of(records, [&](const dns::Record& each) { return each.data == wanted.data; });
  }
  /// The TTL that a set has at the cut-over, seconds: what its old records live on for.
  [[nodiscard]] uint32_t ttl_at_cut(const SetPair& set) const {
    return lowered_.contains(&set) ? kLowTtl_s : set.live->ttl_s;
  }
  /// A set that was lowered has the low TTL after the cut-over too, so that one may go back; ttl-final raises
  /// it.
  void replace_at_cut(PlanStep& step, const SetPair& set) const {
    if (!lowered_.contains(&set)) return replace(step, set);
    for (const dns::Record& record : set.removed()) remove(step, with_ttl(record, ttl_at_cut(set)));
    for (const dns::Record& record : set.added()) add(step, with_ttl(record, ttl_at_cut(set)));
  }

  void lower_ttls();
  void add_hosts();
  void add_spf();
  void add_selectors();
  void widen_sts();
  void begin_sts_end();
  void add_tlsa();
  void cut_over();
  void publish_policies();
  void clear_up_hosts();
  void clear_up_rest();
  void narrow_spf();
  void end_sts();
  void raise_ttls();

  [[nodiscard]] bool sts_goes() const {
    return view_.live_sts.record.state == policy::StsRecord::State::valid && !view_.sts.unknown() &&
           view_.new_sts.record.state != policy::StsRecord::State::valid;
  }

  /// Somebody may send now who may not by the proposed SPF.
  [[nodiscard]] bool spf_loses_senders() const {
    const SetPair& spf = view_.spf;
    return spf_allows_more(spf_text(spf, *spf.proposed), spf_text(spf, *spf.live));
  }
  [[nodiscard]] std::string spf_meanwhile() const {
    return merged_spf(spf_text(view_.spf, *view_.spf.live), spf_text(view_.spf, *view_.spf.proposed));
  }
  /// The record between that of today and the proposed one.
  [[nodiscard]] dns::Record sts_meanwhile() const {
    return text_record(view_.sts.live->canonical, view_.sts.live->ttl_s,
                       fmt::format("v=STSv1; id={};", sts_id(move_.now)));
  }

  const Move& move_;
  const View& view_;
  std::vector<PlanStep> steps_;
  std::vector<const HostPair*> coming_, going_;
  std::map<const SetPair*, uint32_t> lowered_;  ///< and the TTL that each had
  Time safe_from_;
  Time cut_{};
  bool spf_widened_ = false;
  bool sts_widened_ = false;
};

}  // namespace waybill::check::change
