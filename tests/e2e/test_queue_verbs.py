#!/usr/bin/env python3
"""The queue can be questioned and changed: list, show, why, trace, hold, release, retry, delete, custody verify.

Set up: a next hop that is down, and messages to two domains. Proved: list shows every open recipient; selectors
pick; each verb that changes something counts first; a held recipient is not tried when the host returns, a
released one is; a deleted one ends in the ledger under a name; why and trace tell the failed attempt.
"""
from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "one MX 10 mx.one\nmx.one A {net}.11\ntwo MX 10 mx.two\nmx.two A {net}.12\n"})
    relay = lab.waybill("relay", 1)
    ids = {}
    for recipient in ("a@one.test", "b@one.test", "c@two.test", "d@two.test"):
        ids[recipient] = lab.message_id(lab.send(relay, "ann@source.test", [recipient]))
    wait_for(lambda: len(relay.open_recipients()) == 4, "four waiting")
    wait_for(lambda: all(row["attempts"] > 0 for row in relay.open_recipients()), "each to be tried")
    text = relay.cli("queue", "list")
    check(all(recipient in text for recipient in ids), f"list names all:\n{text}")
    text = relay.cli("queue", "list", "--domain", "two.test")
    check("c@two.test" in text and "a@one.test" not in text, f"the selector picks:\n{text}")
    why = relay.cli("queue", "why", ids["a@one.test"])
    check("mx.one.test" in why, f"why names the host:\n{why}")
    trace = relay.cli("trace", ids["a@one.test"])
    check("accepted" in trace and "deferred" in trace, f"trace tells both:\n{trace}")
    relay.cli("queue", "show", ids["a@one.test"])

    before = len(relay.open_recipients())
    counted = relay.cli("queue", "delete", "--to", "d@two.test", "--reason", "x", codes=(4,))
    check("1 recipient" in counted, f"without --yes there is only the count:\n{counted}")
    eq(len(relay.open_recipients()), before, "open after the count")
    relay.cli("queue", "hold", "--yes", codes=(2, 5))  # nothing selected: refused
    relay.cli("queue", "hold", "--to", "b@one.test", "--yes")
    relay.cli("queue", "delete", "--to", "d@two.test", "--reason", "asked by its sender", "--yes")
    eq(len(relay.open_recipients()), before - 1, "open after one delete")
    one, two = lab.sink("one", 11), lab.sink("two", 12)
    relay.cli("queue", "retry", "--domain", "one.test", "--yes", codes=(0, 1))  # 1: gone by itself already
    relay.cli("queue", "retry", "--domain", "two.test", "--yes", codes=(0, 1))  # 1: gone by itself already
    one.wait_count(1)
    two.wait_count(1)
    eq(one.recipients(), ["a@one.test"], "the held one stays")
    relay.cli("queue", "release", "--to", "b@one.test", "--yes")
    one.wait_count(2)
    eq(two.recipients(), ["c@two.test"], "the deleted one never goes")
    trace = relay.cli("trace", ids["d@two.test"])
    check("deleted" in trace and "asked by its sender" in trace, f"the ledger says who and why:\n{trace}")
    relay.wait_empty()
    relay.verify_custody()


run(test)
