#!/usr/bin/env python3
"""A domain without MX, only an address, gets its mail there (RFC 5321 5.1, the implicit MX).

Set up: `addr.test` has an A record and no MX; smtp-sink listens there. A subdomain, hosted elsewhere by an MX
of its own, must not be confused with it. Proved: each message reaches its own host.
"""
from lab import eq, run


def test(lab):
    lab.dns({"test": "addr A {net}.11\nsub.addr MX 5 elsewhere\nelsewhere A {net}.12\n"})
    implicit, elsewhere = lab.sink("implicit", 11), lab.sink("elsewhere", 12)
    relay = lab.waybill("relay", 1)
    lab.send(relay, "a@source.test", ["one@addr.test"])
    lab.send(relay, "a@source.test", ["two@sub.addr.test"])
    implicit.wait_count(1)
    elsewhere.wait_count(1)
    eq(implicit.recipients(), ["one@addr.test"], "at the implicit MX")
    eq(elsewhere.recipients(), ["two@sub.addr.test"], "at the subdomain's MX")


run(test)
