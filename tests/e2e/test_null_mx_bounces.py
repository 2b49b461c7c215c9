#!/usr/bin/env python3
"""A null MX (RFC 7505) bounces at once, without a look at the address.

Set up: nomail.test says `MX 0 .` and has an A record where a sink listens; the sender's domain has a sink.
Proved: the sender gets a DSN with 5.1.10; the address of nomail.test sees no connection; no bounce is made for
mail from the null sender.
"""
from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "nomail MX 0 .\nnomail A {net}.11\nsource MX 10 mx.source\nmx.source A {net}.12\n"})
    trap, home = lab.sink("trap", 11), lab.sink("home", 12)
    relay = lab.waybill("relay", 1)
    lab.send(relay, "ann@source.test", ["x@nomail.test"])
    home.wait_count(1)
    report = home.messages()[0]
    eq(home.recipients(), ["ann@source.test"], "the report goes to")
    eq(home.senders(), [""], "the report comes from")
    check("5.1.10" in report, "with status 5.1.10")
    lab.send(relay, "", ["x@nomail.test"])
    relay.wait_empty()
    wait_for(lambda: relay.status(), "the daemon to answer")
    eq(len(home.messages()), 1, "reports sent")
    eq(trap.messages(), [], "mail at the address behind the null MX")
    relay.verify_custody()


run(test)
