// codec.h: the JSON form of every question and answer, both ways. Every document carries "v":1. Lists
// (QueueListAnswer, DnsCacheAnswer) are newline-delimited: a document a row, then one with what remains to
// be said ("next", "entries_total").
//
// Pure. encode() never fails: octets that are not UTF-8 become U+FFFD. decode() ends in `invalid` and names
// the member; it bounds nesting, and takes numbers only where they fit. In requests an unknown member is an
// error (a misspelt restriction must not select more than was meant); in answers it is skipped, so that an
// older client understands a newer daemon.
#pragma once

#include "control/types.h"

namespace waybill::control {

/// Defined for: Selector, ActRequest, SendRequest (without its message), DnsFlushRequest; and
/// QueueRow, QueueListAnswer, QueueCountAnswer, ActionReport, TraceAnswer, TraceEvent, WhyAnswer,
/// CustodyAnswer, StatusAnswer, ReloadAnswer, HealthAnswer, SendAnswer, ClientsAnswer, DnsCacheAnswer, DnsFlushAnswer. No
/// final newline for one document.
template <class T>
[[nodiscard]] std::string encode(const T& value);
template <class T>
[[nodiscard]] Result<T> decode(std::string_view json);
template <>
[[nodiscard]] std::string encode(const QueueListAnswer& value);
template <>
[[nodiscard]] Result<QueueListAnswer> decode(std::string_view json);
template <>
[[nodiscard]] std::string encode(const DnsCacheAnswer& value);
template <>
[[nodiscard]] Result<DnsCacheAnswer> decode(std::string_view json);

/// {"v":1,"error":{"code":"not_found","message":"…"}}
[[nodiscard]] std::string encode_error(const Error& error);
/// The error in an answer that has one.
[[nodiscard]] Result<Error> decode_error(std::string_view json);

/// "0a1b2c3d4e5f/3": how a Cursor is written.
[[nodiscard]] std::string to_string(const Cursor& cursor);
[[nodiscard]] Result<Cursor> parse_cursor(std::string_view text);

/// "2026-11-21T02:49:10.123Z" as base's format_rfc3339() writes it (the fraction may be absent).
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);

/// A request's name of an action: "retry", "hold", "release", "delete", "reroute".
[[nodiscard]] Result<Action> parse_action(std::string_view text);

}  // namespace waybill::control
