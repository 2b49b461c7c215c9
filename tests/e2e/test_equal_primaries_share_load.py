#!/usr/bin/env python3
"""Two equal primaries share the load (RFC 5321 5.1: equal preferences are tried in random order).

Set up: two MXs at preference 10, one at 20. 400 messages in sessions of one domain each (40 domains with the
same MX set would share connections; here the one domain is enough). Proved: both equals get at least a fifth
each, the third nothing; together exactly all, each message once and with its body.
"""
from checks import each_once
from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "sink MX 10 mx1\nsink MX 10 mx2\nsink MX 20 mx3\nmx1 A {net}.11\nmx2 A {net}.12\nmx3 A {net}.13\n"})
    sinks = [lab.sink(f"mx{number}", 10 + number) for number in (1, 2, 3)]
    body = lab.smtp_source_body(2048)
    relay = lab.waybill("relay", 1)
    lab.smtp_source(relay.ip, 400, recipient="user@sink.test", sessions=10)
    wait_for(lambda: sum(len(sink.recipients()) for sink in sinks) >= 400, "400 to arrive", 60)
    relay.wait_empty()
    shares = [len(sink.recipients()) for sink in sinks]
    eq(sum(shares), 400, f"all of them, once: {shares}")
    each_once([one for sink in sinks for one in sink.message_ids()], 400, "messages at all sinks")
    check({one for sink in sinks for one in sink.bodies()} == {body}, "each with its body, octet for octet")
    eq(shares[2], 0, f"none to the worse preference: {shares}")
    check(min(shares[:2]) >= 80, f"the equals share: {shares}")


run(test)
