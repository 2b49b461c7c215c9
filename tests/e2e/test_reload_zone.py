#!/usr/bin/env python3
"""An overlay zone's file is edited: a reload reads it again and says so, and mail goes the new way.

Set up: a daemon whose [dns] zones has one zone that no name server knows; its MX is one sink, later another.
Proved: a reload with nothing changed says "unchanged"; after the edit it names dns.zones and the next message
goes to the new host; a broken zone file is refused with its place, and mail goes on as before.
"""
from lab import check, eq, run


def test(lab):
    lab.dns({"test": "x A {net}.99\n"})
    old, new = lab.sink("old", 11), lab.sink("new", 12)
    zone = lab.zone_file("corp.example", "@ MX 10 mx\nmx A {net}.11\n")
    relay = lab.waybill("relay", 1, dns=f'zones = ["{zone}"]')
    lab.send(relay, "a@source.test", ["one@corp.example"])
    old.wait_count(1)
    check("unchanged" in relay.cli("reload"), "nothing has changed")

    # Another name: a connection that is still open to a host is used on, wherever its name points by now.
    lab.zone_file("corp.example", "@ MX 10 mx2\nmx2 A {net}.12\n")
    said = relay.cli("reload")
    check("dns.zones" in said, f"the reload says that it read the zone again:\n{said}")
    check("unchanged" in relay.cli("reload"), "and the next one has nothing to say")
    lab.send(relay, "a@source.test", ["two@corp.example"])
    new.wait_count(1)

    lab.zone_file("corp.example", "@ MX 10 mx\nmx A 192.0.2.300\n")
    said = relay.cli("reload", codes=(1,))
    check(f"{zone}:7:" in said, f"the refusal names the zone file's line:\n{said}")
    lab.send(relay, "a@source.test", ["three@corp.example"])
    new.wait_count(2)
    eq(old.recipients(), ["one@corp.example"], "at the old host")


run(test)
