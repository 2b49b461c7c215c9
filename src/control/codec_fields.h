// codec_fields.h: inside codec.cc only: the members of every value, with their names in JSON. These names are
// what other programs rely on (docs/control-api.md): more may be added, none renamed.
#pragma once

#include "control/codec_archive.h"
#include "control/codec_fields_backup.h"

namespace waybill::control::detail {

template <>
struct Fields<mail::Reply> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("code", v.code);
    a("enhanced", v.enhanced);
    a("text", v.text);
  }
};

template <>
struct Fields<mail::Recipient> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a.required("address", v.address);
    a.notify("notify", v.notify);
    a("orcpt", v.orcpt);
  }
};

template <>
struct Fields<mail::Origin> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("via", v.via);
    a("client_ip", v.client_ip);
    a("client_port", v.client_port);
    a("helo", v.helo);
    a("listener", v.listener);
    a("protocol", v.protocol);
    a("user", v.user);
  }
};

/// The envelope's own members, without recipients: flat within messages and send requests.
template <class A, class V>
void visit_envelope(A& a, V& v) {
  a("body", v.body);
  a("smtputf8", v.smtputf8);
  a("requiretls", v.requiretls);
  a("ret", v.ret);
  a("envid", v.envid);
}

template <>
struct Fields<MessageInfo> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("id", v.id);
    a("arrived", v.arrived);
    a("from", v.envelope.from);
    a("size", v.size_octets);
    a("recipient_count", v.recipient_count);
    visit_envelope(a, v.envelope);
    a("origin", v.origin);
  }
};

template <>
struct Fields<RecipientInfo> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("index", v.index);
    a("recipient", v.recipient.address);
    a.notify("notify", v.recipient.notify);
    a("orcpt", v.recipient.orcpt);
    a("state", v.state);
    a("attempts", v.attempts);
    a("next_attempt", v.next_attempt);
    a("last_attempt", v.last_attempt);
    a("last_reply", v.last_reply);
    a("last_host", v.last_host);
    a("route_pin", v.route_pin);
    a("delay_notified", v.delay_notified);
    a("in_flight", v.in_flight);
  }
};

template <>
struct Fields<QueueRow> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    Fields<MessageInfo>::visit(a, v.message);
    Fields<RecipientInfo>::visit(a, v.recipient);
  }
};

template <>
struct Fields<QueueCountAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("recipients", v.recipients);
    a("messages", v.messages);
  }
};

template <>
struct Fields<ActRequest> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a.required("action", v.action);
    a.required("selector", v.selector);
    a("via", v.via);
    a("who", v.who);
    a("reason", v.reason);
    a("matched_max", v.matched_max);
  }
};

template <>
struct Fields<ActionReport> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("matched", v.matched);
    a("acted", v.acted);
    a("skipped", v.skipped);
    a("notes", v.notes);
  }
};

template <>
struct Fields<TraceEvent> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("time", v.time);
    a("recipient", v.recipient);
    a("event", v.kind);
    a("address", v.address);
    a("reply", v.reply);
    a("host", v.host);
    a("detail", v.detail);
  }
};

template <>
struct Fields<TraceAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("id", v.id);
    a("events", v.events);
    a("message", v.message);
    a("open_recipients", v.recipients);
  }
};

template <>
struct Fields<WhyLine> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("rule", v.rule);
    a("ref", v.ref);
    a("text", v.text);
  }
};

template <>
struct Fields<RecoveryStatus> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("phase", v.phase);
    a("down_since", v.down_since);
    a("next_probe", v.next_probe);
    a("paused_until", v.paused_until);
    a("rate_per_minute", v.rate_per_minute);
    a("rate_max_per_minute", v.rate_max_per_minute);
    a("queued", v.queued);
    a("queued_is_least", v.queued_is_least);
    a("empty_in_s", v.empty_in_s);
    a("fault", v.fault);
  }
};

template <>
struct Fields<WhyRecipient> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    Fields<RecipientInfo>::visit(a, v.recipient);
    a("summary", v.summary);
    a("recovery", v.recovery);
    a("steps", v.lines);
  }
};

template <>
struct Fields<WhyAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("id", v.id);
    a("recipients", v.recipients);
  }
};

template <>
struct Fields<CustodyAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("accepted", v.accepted);
    a("open", v.open);
    a("delivered", v.delivered);
    a("bounced", v.bounced);
    a("expired", v.expired);
    a("deleted", v.deleted);
    a("discarded", v.discarded);
    a("set_aside", v.set_aside);
    a("faults_total", v.faults_total);
    a("faults", v.faults);
  }
};

template <>
struct Fields<ListenerStatus> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("address", v.address);
    a("role", v.role);
    a("sessions", v.sessions);
  }
};

template <>
struct Fields<DestinationStatus> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("name", v.name);
    a("queued", v.queued);
    a("connections", v.connections);
    a("concurrency", v.concurrency);
    a("state", v.state);
    a("next_probe", v.next_probe);
    a("last_reply", v.last_reply);
    a("rate_per_minute", v.rate_per_minute);
    a("rate_max_per_minute", v.rate_max_per_minute);
  }
};

template <>
struct Fields<PressureStatus> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("name", v.name);
    a("unit", v.unit);
    a("value", v.value);
    a("limit", v.limit);
    a("percent", v.percent);
    a("shed", v.shed);
    a("since", v.since);
    a("told", v.told);
  }
};

template <>
struct Fields<OverloadStatus> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("shed", v.shed);
    a("since", v.since);
    a("recover_percent", v.recover_percent);
    a("strangers_percent", v.strangers_percent);
    a("everyone_percent", v.everyone_percent);
    a("connections_told", v.connections_told);
    a("commands_told", v.commands_told);
    a("sessions_ended", v.sessions_ended);
    a("pressures", v.pressures);
  }
};

template <>
struct Fields<ClientTestCount> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("test", v.test);
    a("failed", v.failed);
    a("turned_away", v.turned_away);
  }
};

template <>
struct Fields<StatusAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("version", v.version);
    a("hostname", v.hostname);
    a("pid", v.pid);
    a("now", v.now);
    a("started", v.started);
    a("config_file", v.config_file);
    a("config_loaded", v.config_loaded);
    a("phase", v.phase);
    a("listeners", v.listeners);
    a("sessions", v.sessions);
    a("deliveries", v.deliveries);
    a("messages", v.messages);
    a("recipients_queued", v.recipients_queued);
    a("recipients_held", v.recipients_held);
    a("oldest_arrival", v.oldest_arrival);
    a("next_due", v.next_due);
    a("spool_octets", v.spool_octets);
    a("commits", v.commits);
    a("transactions", v.transactions);
    a("accepted", v.accepted);
    a("delivered", v.delivered);
    a("deferred", v.deferred);
    a("bounced", v.bounced);
    a("expired", v.expired);
    a("discarded", v.discarded);
    a("refused_unreported", v.refused_unreported);
    a("dns_cache_entries", v.dns_cache_entries);
    a("backups", v.backups);
    a("overload", v.overload);
    a("clients", v.clients);
    a("destinations", v.destinations);
    a("warnings", v.warnings);
  }
};

template <>
struct Fields<ConfigProblem> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("file", v.file);
    a("line", v.line);
    a("column", v.column);
    a("what", v.what);
  }
};

template <>
struct Fields<ReloadAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("outcome", v.outcome);
    a("changes", v.changes);
    a("restart_needed", v.restart_needed);
    a("problems", v.problems);
  }
};

template <>
struct Fields<HealthAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("healthy", v.healthy);
    a("reasons", v.reasons);
  }
};

/// Without the message itself: it follows the document, octet by octet (service.h).
template <>
struct Fields<SendRequest> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a.required("from", v.envelope.from);
    a.required("recipients", v.envelope.recipients);
    visit_envelope(a, v.envelope);
    a("who", v.who);
  }
};

template <>
struct Fields<SendRefusal> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("address", v.address);
    a("reply", v.reply);
  }
};

template <>
struct Fields<SendAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("id", v.id);
    a("recipients_accepted", v.recipients_accepted);
    a("refused", v.refused);
  }
};

template <>
struct Fields<DnsCacheEntry> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("name", v.name);
    a("type", v.type);
    a("status", v.status);
    a("security", v.security);
    a("ttl", v.ttl_s);
    a("records", v.records);
  }
};

template <>
struct Fields<DnsFlushRequest> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a.required("name", v.name);
  }
};

template <>
struct Fields<DnsFlushAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("entries_removed", v.entries_removed);
  }
};

}  // namespace waybill::control::detail
