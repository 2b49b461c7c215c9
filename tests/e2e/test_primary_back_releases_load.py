#!/usr/bin/env python3
"""A host was down, 2,000 messages wait with an hour to go; it returns, and all are released at once.

Set up: the pause between attempts is an hour, so only a release can deliver. First `queue retry` after the
return; then the host fails again, under load, and returns: a new message or the daemon's own probe (after 10 s)
sees it work and releases all (RFC 5321 4.5.4.1). Proved: each token arrives exactly once.
"""
from lab import check, eq, run, wait_for
from peer import Load, check_once


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    relay = lab.waybill("relay", 1)
    relay.rewrite('retry_first = "1s"\nretry_max = "2s"', 'retry_first = "1h"\nretry_max = "4h"')
    relay.stop()
    relay.start()
    load = Load(lab, relay.ip, 2000).wait()
    eq(len(load.accepted), 2000, f"accepted; refused: {load.refused[:3]}")
    settled = lambda: all(row["attempts"] > 0 or row.get("state") != "active" for row in relay.open_recipients())
    wait_for(settled, "the first attempts to fail", 60)
    eq(len(relay.open_recipients()), 2000, "recipients that wait")
    sink = lab.sink("mx1", 11)
    relay.cli("queue", "retry", "--domain", "sink.test", "--yes")
    relay.wait_empty(60)
    check_once(load, sink.tokens())

    sink.kill()
    more = Load(lab, relay.ip, 1000, name="again").wait()
    eq(len(more.accepted), 1000, f"accepted; refused: {more.refused[:3]}")
    wait_for(settled, "their first attempts to fail", 60)
    sink = lab.sink("mx1", 11)
    one = Load(lab, relay.ip, 1, name="probe").wait()
    relay.wait_empty(60)  # a probe is due after 10 s, however many connections failed at once
    load.accepted |= more.accepted | one.accepted
    check_once(load, sink.tokens())


run(test)
