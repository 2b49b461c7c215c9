// codec_test.cc: whatever can be said comes back as it was said.
#include "control/codec.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"
#include "control/query.h"
#include "control/selector.h"

namespace waybill::control {
namespace {

rc::Gen<std::string> text() {
  return rc::gen::map(rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(1, 0x2000)),
                      [](const std::vector<uint32_t>& codes) {
                        std::string out;
                        for (const uint32_t c : codes) {
                          if (c < 0x80) {
                            out += static_cast<char>(c);
                          } else if (c < 0x800) {
                            out += static_cast<char>(0xc0 | c >> 6);
                            out += static_cast<char>(0x80 | (c & 63));
                          } else {
                            out += static_cast<char>(0xe0 | c >> 12);
                            out += static_cast<char>(0x80 | (c >> 6 & 63));
                            out += static_cast<char>(0x80 | (c & 63));
                          }
                        }
                        return out;
                      });
}
rc::Gen<Time> time() {
  return rc::gen::map(rc::gen::inRange<int64_t>(0, 4'000'000'000'000),
                      [](int64_t ms) { return Time{Millis{ms}}; });
}
rc::Gen<MessageId> id() {
  return rc::gen::map(rc::gen::inRange<uint64_t>(0, 1ull << 60), [](uint64_t v) { return MessageId{v}; });
}
std::string word() {
  const auto letters = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  return letters.substr(0, 30);
}
mail::Address address() {
  mail::Address out;
  out.local =
      *rc::gen::element<std::string>("user", "a b", "quote\"d", "back\\slash", "a@b", "plain+tag", "é");
  out.domain = *mail::Domain::parse(word() + ".example");
  return out;
}
mail::Reply reply() {
  mail::Reply out;
  out.code = *rc::gen::inRange<uint16_t>(200, 600);
  if (*rc::gen::arbitrary<bool>()) out.enhanced = {4, *rc::gen::inRange<uint16_t>(0, 999), 1};
  out.text = *text();
  return out;
}
template <class T>
std::optional<T> maybe(const rc::Gen<T>& gen) {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return *gen;
}

QueueRow row() {
  QueueRow out;
  out.message.id = *id();
  out.message.arrived = *time();
  if (*rc::gen::arbitrary<bool>()) out.message.envelope.from = address();
  out.message.envelope.body =
      *rc::gen::element(mail::BodyType::seven_bit, mail::BodyType::eight_bit, mail::BodyType::binary);
  out.message.envelope.smtputf8 = *rc::gen::arbitrary<bool>();
  out.message.envelope.ret = *rc::gen::element(mail::Ret::unset, mail::Ret::full, mail::Ret::headers);
  out.message.envelope.envid = *text();
  out.message.origin.helo = *text();
  out.message.origin.via =
      *rc::gen::element(mail::Origin::Via::smtp, mail::Origin::Via::control, mail::Origin::Via::bounce);
  out.message.origin.client_port = *rc::gen::arbitrary<uint16_t>();
  out.message.origin.client_ip = IpAddress::v4(*rc::gen::arbitrary<uint32_t>());
  out.message.size_octets = *rc::gen::arbitrary<uint64_t>();
  out.message.recipient_count = *rc::gen::arbitrary<uint32_t>();
  out.recipient.index = *rc::gen::arbitrary<uint32_t>();
  out.recipient.recipient = {address(), *rc::gen::element<uint8_t>(0, 1, 2, 4, 6, 8, 14), *text()};
  out.recipient.state =
      *rc::gen::element(RecipientState::queued, RecipientState::held, RecipientState::expired);
  out.recipient.attempts = *rc::gen::arbitrary<uint16_t>();
  out.recipient.next_attempt = maybe(time());
  out.recipient.last_attempt = maybe(time());
  out.recipient.last_reply = reply();
  out.recipient.last_host = *text();
  out.recipient.route_pin = *text();
  out.recipient.delay_notified = *rc::gen::arbitrary<bool>();
  out.recipient.in_flight = *rc::gen::arbitrary<bool>();
  return out;
}

std::optional<RecoveryStatus> maybe_recovery() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  RecoveryStatus out;
  out.phase = *rc::gen::element<std::string>("normal", "down", "probing", "slow start", "");
  out.down_since = maybe(time());
  out.next_probe = maybe(time());
  out.paused_until = maybe(time());
  out.rate_per_minute = *rc::gen::arbitrary<uint64_t>();
  out.rate_max_per_minute = *rc::gen::arbitrary<uint64_t>();
  out.queued = *rc::gen::arbitrary<uint64_t>();
  out.queued_is_least = *rc::gen::arbitrary<bool>();
  out.empty_in_s = maybe(rc::gen::arbitrary<uint64_t>());
  out.fault = *text();
  return out;
}

Selector selector() {
  SelectorText out;
  if (*rc::gen::arbitrary<bool>()) out.id = (*id()).to_string();
  if (*rc::gen::arbitrary<bool>())
    out.domain = (*rc::gen::arbitrary<bool>() ? "*." : "") + word() + ".example";
  if (*rc::gen::arbitrary<bool>())
    out.from = *rc::gen::element<std::string>("<>", "@a.example", "x@a.example");
  if (*rc::gen::arbitrary<bool>()) out.to = address().to_string();
  if (*rc::gen::arbitrary<bool>()) out.host = word();
  if (*rc::gen::arbitrary<bool>()) out.reply = (*text()).substr(0, 0) + word();
  if (*rc::gen::arbitrary<bool>()) out.state = *rc::gen::element<std::string>("queued", "held");
  if (*rc::gen::arbitrary<bool>())
    out.older = fmt::format("{}ms", *rc::gen::inRange<int64_t>(0, 1'000'000'000));
  if (*rc::gen::arbitrary<bool>())
    out.younger = fmt::format("{}ms", *rc::gen::inRange<int64_t>(1'000'000'000, 2'000'000'000));
  out.all = *rc::gen::arbitrary<bool>();
  const auto parsed = parse_selector(out);
  RC_ASSERT(parsed.has_value());
  return *parsed;
}

RC_GTEST_PROP(Codec, queue_rows_round_trip, ()) {
  const QueueRow value = row();
  const std::string json = encode(value);
  RC_ASSERT((json.find('\n') == std::string::npos));
  RC_ASSERT((decode<QueueRow>(json) == value));
}

RC_GTEST_PROP(Codec, lists_round_trip, ()) {
  QueueListAnswer value;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) value.rows.push_back(row());
  if (*rc::gen::arbitrary<bool>()) value.next = Cursor{*id(), *rc::gen::arbitrary<uint32_t>()};
  RC_ASSERT((decode<QueueListAnswer>(encode(value)) == value));
}

RC_GTEST_PROP(Codec, selectors_round_trip_as_text_json_and_query, ()) {
  const Selector value = selector();
  RC_ASSERT((parse_selector(to_text(value)) == value));
  RC_ASSERT((decode<Selector>(encode(value)) == value));
  const auto target = parse_target(make_target("/v1/queue", given_fields(value)));
  SelectorText text;
  for (const auto& [name, field] : target->query) RC_ASSERT(text.set(name, field).has_value());
  RC_ASSERT((parse_selector(text) == value));
}

RC_GTEST_PROP(Codec, actions_and_mail_round_trip, ()) {
  ActRequest act{*rc::gen::element(Action::retry, Action::drop, Action::reroute),
                 selector(),
                 *text(),
                 *text(),
                 *text(),
                 maybe(rc::gen::arbitrary<uint64_t>())};
  RC_ASSERT((decode<ActRequest>(encode(act)) == act));
  SendRequest send;
  if (*rc::gen::arbitrary<bool>()) send.envelope.from = address();
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    send.envelope.recipients.push_back({address(), *rc::gen::element<uint8_t>(0, 1, 6), *text()});
  }
  send.who = *text();
  RC_ASSERT((decode<SendRequest>(encode(send)) == send));
}

RC_GTEST_PROP(Codec, histories_round_trip, ()) {
  TraceAnswer value;
  value.id = *id();
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    value.events.push_back({*time(), maybe(rc::gen::arbitrary<uint32_t>()),
                            *rc::gen::element(EventKind::accepted, EventKind::deferred, EventKind::set_aside),
                            *text(), reply(), *text(), *text()});
  }
  if (*rc::gen::arbitrary<bool>()) {
    const QueueRow one = row();
    value.message = one.message;
    value.recipients.push_back(one.recipient);
  }
  RC_ASSERT((decode<TraceAnswer>(encode(value)) == value));
  WhyAnswer why{*id(), {}};
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
    why.recipients.push_back({row().recipient, *text(), maybe_recovery(), {{*text(), *text(), *text()}}});
  RC_ASSERT((decode<WhyAnswer>(encode(why)) == why));
}

RC_GTEST_PROP(Codec, statuses_round_trip, ()) {
  StatusAnswer status;
  status.version = *text();
  status.pid = *rc::gen::arbitrary<int64_t>();
  status.now = *time();
  status.config_loaded = maybe(time());
  status.listeners = {{*text(), *text(), *rc::gen::arbitrary<uint64_t>()}};
  status.spool_octets = *rc::gen::arbitrary<uint64_t>();
  status.destinations = {{*text(), 1, 2, 3, *text(), maybe(time()), *text()}};
  status.warnings = {*text()};
  status.overload = {*text(), *time(), 70, 85, 95, *rc::gen::arbitrary<uint64_t>(), 8, 9, {}};
  status.overload.pressures = {
      {*text(), *text(), maybe(rc::gen::arbitrary<uint64_t>()), 3, 4, *text(), *time(), 5}};
  RC_ASSERT((decode<StatusAnswer>(encode(status)) == status));
  ReloadAnswer reload{*rc::gen::element(ReloadOutcome::applied, ReloadOutcome::refused),
                      {*text()},
                      {*text()},
                      {{*text(), *rc::gen::arbitrary<uint32_t>(), 7, *text()}}};
  RC_ASSERT((decode<ReloadAnswer>(encode(reload)) == reload));
}

RC_GTEST_PROP(Codec, any_octets_encode_to_utf8_and_any_text_decodes_or_fails, (std::string octets)) {
  TraceEvent event;
  event.detail = octets;
  RC_ASSERT(is_utf8(encode(event)));
  [[maybe_unused]] const auto a = decode<ActRequest>(octets);
  [[maybe_unused]] const auto b = decode<QueueListAnswer>(octets);
}
}  // namespace
}  // namespace waybill::control
