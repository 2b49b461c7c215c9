#!/usr/bin/env python3
"""A full disk: 452 4.3.1, never a 250 that cannot be kept; what is queued goes on; service returns when space does.

Set up: data_dir is a tmpfs of 64 MiB, and the next hop is down. First a file takes what lies above `reserve` (16
MiB); then, with no reserve at all, everything. Each time the next hop returns while the disk is full. Proved: a
message is answered 452 4.3.1 meanwhile; the daemon stays up and the queue can be asked. Below the reserve the
queue is delivered to its end. With no room at all no fate can be written down, so delivery rests, and says
so. In both cases mail is taken again without a restart once there is room, everything that had
its 250 arrives once, and the ledger accounts for it.
"""
import os

from lab import check, eq, run, wait_for
from peer import Load, Peer, check_once, plain_body


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


def long_body(token):
    return plain_body(token) * 100


class Phase:
    def __init__(self, lab, relay, name, leave_kib):
        self.lab, self.relay, self.name, self.leave_kib = lab, relay, name, leave_kib
        self.ballast = relay.data_dir / "ballast"
        self.loads = []

    def load(self, count, sessions=4, body=plain_body):
        self.loads.append(Load(self.lab, self.relay.ip, count, name=f"{self.name}-{len(self.loads)}", sessions=sessions,
                               body=body).wait())
        return self.loads[-1]

    def refused(self):
        # Long ones: RocksDB has taken room for its log beforehand, and what fits there is rightly accepted.
        fill(self.ballast, self.leave_kib)
        return self.load(20, body=long_body).refused

    def run(self, while_full):
        before = self.load(40)
        eq(len(before.accepted), 40, f"accepted before the disk is full; refused: {before.refused[:3]}")
        lines = wait_for(self.refused, "a refusal", 40)
        check(all(line.startswith(b"452 4.3.1") for line in lines), f"452 4.3.1: {lines[:5]}")
        peer = Peer(self.lab, self.lab.ip(11))
        while_full(self, peer)
        lines = wait_for(self.refused, "a refusal still")
        check(all(line.startswith(b"452 4.3.1") for line in lines), f"452 4.3.1: {lines[:5]}")
        check(self.relay.running() and self.relay.status(), "the daemon stays up and answers")
        self.ballast.unlink()
        wait_for(lambda: len(self.load(5, sessions=1).accepted) == 5, "service to return", 40)
        self.relay.wait_empty(60)
        self.relay.verify_custody()
        return peer


def queue_is_delivered(phase, _peer):
    def empty():
        fill(phase.ballast, phase.leave_kib)
        return not phase.relay.open_recipients()
    wait_for(empty, "the queue to be delivered on a disk below its reserve", 40)


def delivery_rests(phase, peer):
    def rests():
        fill(phase.ballast, phase.leave_kib)
        return not phase.relay.healthy()
    wait_for(rests, "delivery to rest because its outcomes can't be written", 40)
    # What was tried and can't be written down would go out twice after a crash: so nothing more is tried.
    check(len(peer.tokens()) < 40 <= len(phase.relay.open_recipients()), "the queue can be asked, and is all there")


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    lab.tmpfs("relay.data", "64m")
    relay = lab.waybill("relay", 1, queue='reserve = "16 MiB"')
    reserve = Phase(lab, relay, "reserve", 8 * 1024)
    first = reserve.run(queue_is_delivered)
    first.close()
    relay.rewrite('reserve = "16 MiB"', 'reserve = "0"')
    relay.stop()
    relay.start()
    full = Phase(lab, relay, "full", 0)
    second = full.run(delivery_rests)
    total, *others = reserve.loads + full.loads
    for load in others:
        total.accepted |= load.accepted
        total.in_flight |= load.in_flight
    check_once(total, first.tokens() + second.tokens())


run(test, needs=["root"])
