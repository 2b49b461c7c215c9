#!/usr/bin/env python3
"""A DNS failure defers and never bounces (conformance 5): SERVFAIL, then silence, then the answers return.

Set up: `waybill dns` is not running at all when the mail is sent; the resolver gets no answer. Proved: the
recipient waits in the queue, and `why` speaks of the DNS; no report is sent; when the server starts, the mail
is delivered.
"""
from lab import check, eq, run, wait_for


def test(lab):
    server = lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\nsource MX 10 mx.source\nmx.source A {net}.12\n"})
    server.kill()
    sink, home = lab.sink("mx1", 11), lab.sink("home", 12)
    relay = lab.waybill("relay", 1, dns='timeout = "2s"')
    reply = lab.send(relay, "ann@source.test", ["x@sink.test"])
    wait_for(lambda: any(row["attempts"] > 0 for row in relay.open_recipients()), "an attempt", 60)
    why = relay.cli("queue", "why", lab.message_id(reply), codes=(0, 3))
    check("4.4.3" in why or "DNS" in why, f"why speaks of the DNS:\n{why}")
    eq(home.messages(), [], "reports")
    server.start()
    relay.cli("queue", "retry", "--to", "x@sink.test", "--yes")
    sink.wait_count(1, timeout_s=90)
    relay.wait_empty()
    eq(home.messages(), [], "reports")
    relay.verify_custody()


run(test)
