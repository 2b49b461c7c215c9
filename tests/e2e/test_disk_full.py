#!/usr/bin/env python3
"""A full disk: 452 4.3.1, never a 250 that cannot be kept; service returns when space does.

Set up: data_dir is a tmpfs of 64 MiB. First a file takes what lies above `reserve` (16 MiB); then, with almost
no reserve, everything. Proved: MAIL or the message is answered 452 4.3.1 while below the reserve; the
daemon stays up, the queue can be asked; after each phase mail is taken again without a restart, and at the
end every message that had its 250 arrives once.
"""
import os

from lab import check, eq, run, wait_for
from peer import Load, check_once


def fill(path, leave_kib):
    """Takes all space of the file system of `path` but about that much."""
    with open(path, "ab") as file:
        try:
            while True:
                stat = os.statvfs(path.parent)
                left = stat.f_bavail * stat.f_frsize - leave_kib * 1024
                if left < 4096:
                    return
                file.write(b"x" * min(left, 1 << 20))
                file.flush()
        except OSError:
            pass


def phase(lab, relay, leave_kib, name):
    before = Load(lab, relay.ip, 20, name=f"{name}-before").wait()
    eq(len(before.accepted), 20, f"accepted before the disk is full; refused: {before.refused[:3]}")
    ballast = relay.data_dir / "ballast"
    fill(ballast, leave_kib)

    def refused():
        fill(ballast, leave_kib)
        loads.append(Load(lab, relay.ip, 20, name=f"{name}-{len(loads)}", sessions=4).wait())
        return loads[-1].refused

    loads = []
    lines = wait_for(refused, "a refusal", 40)
    check(all(line.startswith(b"452 4.3.1") for line in lines), f"452 4.3.1: {lines[:5]}")
    check(relay.running(), "the daemon stays up")
    ballast.unlink()

    def taken():
        loads.append(Load(lab, relay.ip, 5, name=f"{name}-{len(loads)}", sessions=1).wait())
        return len(loads[-1].accepted) == 5

    wait_for(taken, "service to return", 40)
    check(relay.status(), "status answers")
    return [before, *loads]


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    lab.tmpfs("relay.data", "64m")
    relay = lab.waybill("relay", 1, queue='reserve = "16 MiB"')
    loads = phase(lab, relay, 8 * 1024, "reserve")
    relay.rewrite('reserve = "16 MiB"', 'reserve = "4 KiB"')
    relay.stop()
    relay.start()
    loads += phase(lab, relay, 0, "full")
    total = loads[0]
    for load in loads[1:]:
        total.accepted |= load.accepted
        total.in_flight |= load.in_flight
    sink = lab.sink("mx1", 11)
    relay.wait_empty(60)
    check_once(total, sink.tokens())


run(test, needs=["root"])
