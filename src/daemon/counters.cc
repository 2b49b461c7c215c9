#include "daemon/counters.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace waybill::daemon {
namespace {
void add(std::vector<prometheus::MetricFamily>& out, std::string name, std::string help,
         prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  out.push_back({std::move(name), std::move(help), type, {std::move(metric)}});
}
}  // namespace

std::string render_metrics(const Counters& counters, const std::vector<Gauge>& gauges) {
  std::vector<prometheus::MetricFamily> families;
  const auto count = [&](const char* name, const char* help, const std::atomic<uint64_t>& value) {
    add(families, name, help, prometheus::MetricType::Counter,
        static_cast<double>(value.load(std::memory_order_relaxed)));
  };
  count("waybill_messages_accepted_total", "Messages taken into custody", counters.messages_accepted);
  count("waybill_recipients_accepted_total", "Recipients taken into custody", counters.recipients_accepted);
  count("waybill_messages_refused_full_total", "Messages answered 452 for want of space",
        counters.messages_refused_full);
  count("waybill_accepted_octets_total", "Octets of messages taken into custody", counters.octets_accepted);
  count("waybill_recipients_delivered_total", "Recipients delivered", counters.delivered);
  count("waybill_attempts_deferred_total", "Attempts that ended in a deferral", counters.deferred);
  count("waybill_recipients_bounced_total", "Recipients bounced", counters.bounced);
  count("waybill_recipients_expired_total", "Recipients given up after the queue time", counters.expired);
  count("waybill_recipients_deleted_total", "Recipients deleted by a person", counters.deleted);
  count("waybill_reports_sent_total", "Delivery reports written", counters.reports_sent);
  count("waybill_refused_unreported_total",
        "Recipients of strangers' mail that a backup's primary refused, of which no report was sent",
        counters.refused_unreported);
  count("waybill_commit_failures_total", "Commits that the disk refused", counters.commit_failures);
  count("waybill_reloads_total", "Configurations applied", counters.reloads);
  count("waybill_reloads_refused_total", "Configurations refused", counters.reloads_refused);
  for (const Gauge& gauge : gauges)
    add(families, gauge.name, gauge.help, prometheus::MetricType::Gauge, gauge.value);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace waybill::daemon
