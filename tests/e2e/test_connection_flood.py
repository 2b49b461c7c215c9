#!/usr/bin/env python3
"""20,000 connection attempts at once, from a hundred addresses, held open: bounded, idle, and others are served.

Set up: 500 sessions at most, 4 of one address; no address is exempt. Each attempt is a socket that connects, reads
what it is told, and stays. Proved: 400 are greeted, the others get 421, or a reset where the
kernel's backlog overflowed; the daemon's memory grows by a few MiB; it is idle while they stay; from an address that has its share left, mail
is taken meanwhile and delivered; when they go, their places are free at once, without anybody's help.
"""
from actors import Waybill
from flood import Flood, attempts_possible
from lab import check, eq, run, wait_for
from peer import Load, check_once
from starved import check_idle, descriptors, memory_mib, wait_sessions

ATTEMPTS, ADDRESSES, SHARE = 20_000, 100, 4


def test(lab):
    attempts = attempts_possible(ATTEMPTS)
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    config = lab.config("relay", lab.ip(1), f'[limits]\nsessions = 500\nsessions_per_address = {SHARE}\n'
                                            '[domain."sink.test"]\nrole = "relay"\n')
    config = config.replace('trusted_networks = ["127.0.0.0/8"]', "trusted_networks = []")
    config = config.replace('level = "debug"', 'level = "warning"')
    relay = Waybill(lab, "relay", lab.ip(1), config)
    lab.send(relay, "a@source.test", ["x@sink.test"])
    memory, held = memory_mib(relay), descriptors(relay)
    flood = Flood(lab, relay, attempts, ADDRESSES)
    wait_for(flood.read, f"all of {attempts} attempts to be answered", 60)
    eq(flood.other[:3], [], "answers that are neither 220 nor 421")
    eq(len(flood.greeted), ADDRESSES * SHARE, "greeted: each address its share")
    eq(flood.refused + flood.dropped, attempts - ADDRESSES * SHARE, "refused with 421, or by the kernel")
    check(flood.refused > 1000, f"refused with 421: {flood.refused}")
    print(f"{attempts} attempts: {len(flood.greeted)} greeted, {flood.refused} refused with 421, {flood.dropped} by the kernel")
    check_idle(relay, "while the greeted stay")
    during, most = memory_mib(relay), memory_mib(relay, "VmHWM")
    load = Load(lab, relay.ip, 50, sessions=SHARE).wait()
    eq(len(load.accepted), 50, f"accepted meanwhile; refused: {load.refused[:3]}")
    flood.leave()
    wait_sessions(relay, 0)
    wait_for(lambda: descriptors(relay) <= held + 8, "the descriptors to be free")
    again = Flood(lab, relay, ADDRESSES * SHARE, ADDRESSES)
    wait_for(again.read, "a second flood of as many as have a place")
    eq(len(again.greeted), ADDRESSES * SHARE, "all of it greeted")
    again.leave()
    wait_sessions(relay, 0)
    after = memory_mib(relay)
    print(f"memory: {memory:.0f} MiB before, {during:.0f} under the flood, {most:.0f} at most, {after:.0f} after")
    check(most - memory < 64, f"memory under the flood: {memory:.0f} MiB before, {most:.0f} at most")
    relay.wait_empty()
    check_once(load, sink.tokens())


run(test)
