#!/usr/bin/env python3
"""Peers that misbehave: 4xx, 421, a dropped connection at every stage, no extensions at all.

Set up: a sink for each fault, each the better of two MXs whose worse one is sound (or, for 4xx at RCPT, alone
until it is replaced). Proved: mail passes over to the next MX in the same attempt where the session fell; a
4xx waits and is delivered later; a peer without EHLO extensions (HELO only) gets its mail.
"""
from lab import eq, run, wait_for


def test(lab):
    faults = {"drop-connect": ["-q", "connect"], "drop-mail": ["-q", "mail"], "drop-data": ["-q", "data"],
              "shut-ehlo": ["-Q", "ehlo"], "refuse-connect": ["-f", "connect"]}
    zone = "good A {net}.100\n"
    for number, name in enumerate(faults):
        zone += f"{name} MX 10 mx.{name}\n{name} MX 20 good\nmx.{name} A {{net}}.{20 + number}\n"
    zone += "soft MX 10 mx.soft\nmx.soft A {net}.90\nold MX 10 mx.old\nmx.old A {net}.91\n"
    lab.dns({"test": zone})
    good = lab.sink("good", 100)
    for number, (name, arguments) in enumerate(faults.items()):
        lab.sink(name, 20 + number, *arguments)
    soft = lab.sink("soft", 90, "-r", "rcpt")
    old = lab.sink("old", 91, "-e")
    relay = lab.waybill("relay", 1)
    for name in [*faults, "soft", "old"]:
        lab.send(relay, "a@source.test", [f"x@{name}.test"])
    wait_for(lambda: len(good.recipients()) >= len(faults), "each to pass over to the sound host", 60)
    eq(sorted(good.recipients()), sorted(f"x@{name}.test" for name in faults), "at the sound host")
    old.wait_count(1)
    wait_for(lambda: any(row["attempts"] > 0 for row in relay.open_recipients()), "the 4xx to wait")
    soft.kill()
    lab.sink("soft-mended", 90).wait_count(1, timeout_s=60)
    relay.wait_empty()
    relay.verify_custody()


run(test)
