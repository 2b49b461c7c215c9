#!/usr/bin/env python3
"""The queue can be questioned and changed: list, show, why, trace, hold, release, retry, delete, custody verify.

Set up: two next hops that say 450 to every RCPT, messages to both, and an hour until the next attempt. Then the
hosts take mail; nothing tells the router so. Proved: list shows every open recipient; selectors pick; show tells the
message's fields and its recipient's; each verb that changes something counts first; only what is retried is
tried, at once; a held recipient is not, a released one is; a deleted one ends in the ledger under a name; why and
trace tell the failed attempt.
"""
import datetime

from lab import check, eq, run, wait_for


def seconds_to(stamp):
    """From now to a time of RFC 3339."""
    return (datetime.datetime.fromisoformat(stamp) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def looks(relay, ids):
    """What only reads: list, its selectors, show, why, trace."""
    text = relay.cli("queue", "list")
    check(all(recipient in text for recipient in ids), f"list names all:\n{text}")
    for selectors, want in {
            ("--domain", "two.test"): "cd", ("--host", "mx.one.test"): "ab", ("--reply", "450"): "abcd", ("--younger", "1h"): "abcd",
            ("--to", "a@one.test"): "a", ("--id", ids["c@two.test"]): "c", ("--from", "@source.test", "--host", "MX.two.test"): "cd",
            ("--reply", "mailbox full"): "", ("--host", "mx.three.test"): "", ("--older", "1h"): "", ("--state", "held"): "",
            ("--host", "mx.one.test", "--domain", "two.test"): ""}.items():
        rows = [row for row in relay.cli_json("queue", "list", *selectors) if "recipient" in row]
        eq(sorted(row["recipient"][0] for row in rows), list(want), f"picked by {selectors}")

    ident = ids["a@one.test"]
    text = relay.cli("queue", "show", ident)
    for field in (("message", ident), ("from", "ann@source.test"), ("size", "octets)"), ("came in", "client.test"),
                  ("recipients", "1 open of 1 accepted"), ("attempts", "1"), ("last reply", "450"), ("last host", "mx.one.test"),
                  ("arrived", f"{datetime.datetime.now(datetime.timezone.utc):%Y-}"), ("next attempt", "in "), ("last attempt", "T")):
        lines = [line for line in text.splitlines() if line.strip().startswith(f"{field[0]}  ")]
        check(len(lines) == 1 and field[1] in lines[0], f"show tells {field}:\n{text}")
    check("a@one.test" in text and "queued" in text, f"show names the recipient and its state:\n{text}")
    rows = relay.cli_json("queue", "show", ident)
    eq(len(rows), 1, f"rows of show --json: {rows}")
    row = rows[0]
    want = {"id": ident, "from": "ann@source.test", "recipient_count": 1, "recipient": "a@one.test", "state": "queued",
            "attempts": 1, "last_host": "mx.one.test", "delay_notified": False, "in_flight": False}
    eq({key: row.get(key) for key in want}, want, "fields of show --json")
    eq(row["last_reply"]["code"], 450, "the reply's code")
    eq(row["origin"]["helo"], "client.test", "the client's name")
    check(row["size"] > 100 and seconds_to(row["arrived"]) < 0, f"size and arrival: {row}")
    check(seconds_to(row["next_attempt"]) > 1800, f"it waits for an hour, or nearly: {row}")

    why = relay.cli("queue", "why", ident)
    check("mx.one.test" in why, f"why names the host:\n{why}")
    trace = relay.cli("trace", ident)
    check("accepted" in trace and "deferred" in trace, f"trace tells both:\n{trace}")
    gone = relay.cli("queue", "show", "000000000000", codes=(1,))
    check("not in the queue" in gone, f"show of no message:\n{gone}")


def test(lab):
    lab.dns({"test": "one MX 10 mx.one\nmx.one A {net}.11\ntwo MX 10 mx.two\nmx.two A {net}.12\n"})
    deferring = [lab.sink("later-one", 11, "-r", "RCPT"), lab.sink("later-two", 12, "-r", "RCPT")]
    relay = lab.waybill("relay", 1, queue='retry_first = "1h"\nretry_max = "4h"')
    ids = {}
    for recipient in ("a@one.test", "b@one.test", "c@two.test", "d@two.test"):
        ids[recipient] = lab.message_id(lab.send(relay, "ann@source.test", [recipient]))
    wait_for(lambda: [row["last_reply"]["code"] for row in relay.open_recipients() if row["attempts"] == 1] == [450] * 4,
             "each to be tried and put off")
    looks(relay, ids)

    before = len(relay.open_recipients())
    counted = relay.cli("queue", "delete", "--to", "d@two.test", "--reason", "x", codes=(4,))
    check("1 recipient" in counted, f"without --yes there is only the count:\n{counted}")
    eq(len(relay.open_recipients()), before, "open after the count")
    relay.cli("queue", "hold", "--yes", codes=(2,))  # nothing selected: a usage error
    relay.cli("queue", "retry", "--domain", "three.test", "--yes", codes=(1,))  # nothing matches
    relay.cli("queue", "hold", "--to", "b@one.test", "--yes")
    relay.cli("queue", "delete", "--to", "d@two.test", "--reason", "asked by its sender", "--yes")
    eq(len(relay.open_recipients()), before - 1, "open after one delete")

    for sink in deferring:
        sink.kill()
    one, two = lab.sink("one", 11), lab.sink("two", 12)
    relay.cli("queue", "retry", "--domain", "one.test", "--state", "queued", "--yes")
    one.wait_count(1)  # an hour early
    eq(one.recipients(), ["a@one.test"], "the held one stays")
    left = {row["recipient"]: row for row in relay.open_recipients()}
    eq(sorted(left), ["b@one.test", "c@two.test"], "what still waits")
    eq((left["c@two.test"]["attempts"], two.recipients()), (1, []), "the other domain was not tried")
    check(seconds_to(left["c@two.test"]["next_attempt"]) > 1800, "and still has its hour to wait")
    relay.cli("queue", "retry", "--id", ids["c@two.test"], "--yes")
    two.wait_count(1)
    relay.cli("queue", "release", "--to", "b@one.test", "--yes")
    one.wait_count(2)
    eq(two.recipients(), ["c@two.test"], "the deleted one never goes")
    trace = relay.cli("trace", ids["d@two.test"])
    check("deleted" in trace and "asked by its sender" in trace, f"the ledger says who and why:\n{trace}")
    relay.wait_empty()
    relay.verify_custody()


run(test)
