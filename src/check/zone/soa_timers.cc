// The SOA's timers: how long secondaries go on with an old zone, and how long absence is remembered.
#include "check/zone/zone.h"

namespace waybill::check::zone {
namespace {
constexpr uint32_t kMinute_s = 60;
constexpr uint32_t kHour_s = 3600;
constexpr uint32_t kDay_s = 86'400;

struct Bounds {
  std::string_view timer;
  uint32_t least_s = 0;
  uint32_t most_s = 0;
  std::string_view ref;
};
// RFC 1912 2.2 names a range for each; where RIPE-203 recommends more, its value is the upper end. An expire
// of a week is common and harmless, though RFC 1912 says two.
constexpr Bounds kRefresh{"refresh", 20 * kMinute_s, kDay_s, "RFC 1912 2.2"};
constexpr Bounds kRetry{"retry", 3 * kMinute_s, kDay_s, "RFC 1912 2.2"};
constexpr Bounds kExpire{"expire", 7 * kDay_s, 1000 * kHour_s, "RFC 1912 2.2"};
constexpr Bounds kMinimum{"minimum", kMinute_s, kDay_s, "RFC 2308 5"};

void judge(const dns::ZoneRecord& at, uint32_t value_s, const Bounds& bounds, ZoneReport& report) {
  if (value_s >= bounds.least_s && value_s <= bounds.most_s) return;
  const bool low = value_s < bounds.least_s;
  report.warning(at, {.subject = at.record.owner.to_string(),
                      .got = fmt::format("the SOA's {} is {} s", bounds.timer, value_s),
                      .want = fmt::format("{} to {} s", bounds.least_s, bounds.most_s),
                      .fix = fmt::format("set {} to {}, and raise the serial", bounds.timer,
                                         low ? bounds.least_s : bounds.most_s),
                      .ref = bounds.ref});
}

void run(const ZoneView& zone, ZoneReport& report) {
  const dns::ZoneRecord* at = zone.soa();
  if (at == nullptr) return;
  const auto& soa = std::get<dns::Soa>(at->record.data);
  judge(*at, soa.refresh_s, kRefresh, report);
  judge(*at, soa.retry_s, kRetry, report);
  judge(*at, soa.expire_s, kExpire, report);
  judge(*at, soa.minimum_s, kMinimum, report);
  if (soa.retry_s >= soa.refresh_s) {
    report.warning(*at, {.subject = at->record.owner.to_string(),
                         .got = fmt::format("the SOA's retry, {} s, is no shorter than its refresh, {} s",
                                            soa.retry_s, soa.refresh_s),
                         .want = "a retry that is a fraction of refresh",
                         .fix = fmt::format("set retry to {}, and raise the serial", soa.refresh_s / 8)});
  }
  if (uint64_t{soa.expire_s} <= uint64_t{soa.refresh_s} + soa.retry_s) {
    report.warning(*at,
                   {.subject = at->record.owner.to_string(),
                    .got = fmt::format("the SOA's expire, {} s, ends before the first retry after a refresh "
                                       "that failed",
                                       soa.expire_s),
                    .want = fmt::format("much more than refresh and retry together, {} s",
                                        uint64_t{soa.refresh_s} + soa.retry_s),
                    .fix = "set expire to 1209600, and raise the serial"});
  }
}
}  // namespace

const ZoneCheck soa_timers{.id = "zone.soa-timers",
                           .number = 102,
                           .title = "The SOA's timers are such that secondaries and resolvers behave well",
                           .ref = "RFC 1912 2.2",
                           .run = run};

}  // namespace waybill::check::zone
