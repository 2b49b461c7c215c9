#!/usr/bin/env python3
"""20,000 connection attempts at once, from a hundred addresses, held open: bounded, idle, and others are served.

Set up: 500 sessions at most, 4 of one address; no address is exempt. Each attempt is a socket that connects, reads
what it is told, and stays. Proved: 400 are greeted, the others get 421, or a reset where the
kernel's backlog overflowed; the daemon's memory grows by a few MiB; it is idle while they stay; from an address that has its share left, mail
is taken meanwhile and delivered; when they go, their places are free at once, without anybody's help.
"""
import resource
import selectors
import socket

from actors import Waybill
from lab import check, eq, run, wait_for
from peer import Load, check_once
from starved import check_idle, descriptors, memory_mib, wait_sessions

ATTEMPTS, ADDRESSES, SHARE = 20_000, 100, 4


class Flood:
    def __init__(self, lab, relay, count):
        self.greeted, self.refused, self.dropped, self.other = [], 0, 0, []
        self._selector = selectors.DefaultSelector()
        for number in range(count):
            link = socket.socket()
            link.setblocking(False)
            link.bind((lab.ip(100 + number % ADDRESSES), 0))
            link.connect_ex((relay.ip, lab.mx_port))
            self._selector.register(link, selectors.EVENT_READ)

    def read(self):
        """Takes what has come; true when every attempt has had its answer."""
        events = self._selector.select(timeout=0.2)
        if not events:
            self._nudge()
        for key, _ in events:
            link = key.fileobj
            self._selector.unregister(link)
            try:
                said = link.recv(512)
            except ConnectionResetError:
                self.dropped += 1
                link.close()
                continue
            if said.startswith(b"220 "):
                self.greeted.append(link)  # these stay
                continue
            link.close()
            if said.startswith(b"421 4.7.0 "):
                self.refused += 1
            else:
                self.other.append(said)
        return not self._selector.get_map()

    def _nudge(self):
        """Those that wait say something: where the kernel's backlog overflowed, and a SYN cookie let them believe that
        they are connected, it tells them now that they are not."""
        for key in list(self._selector.get_map().values()):
            try:
                key.fileobj.send(b"\r\n")
            except OSError:
                pass  # closed meanwhile: read() hears of it

    def leave(self):
        for link in self.greeted:
            link.close()


def test(lab):
    wanted = ATTEMPTS + 200
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        check(hard > 4000, f"at least 4,000 descriptors for the flood, not {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attempts = min(ATTEMPTS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    config = lab.config("relay", lab.ip(1), f'[limits]\nsessions = 500\nsessions_per_address = {SHARE}\n'
                                            '[domain."sink.test"]\nrole = "relay"\n')
    config = config.replace('trusted_networks = ["127.0.0.0/8"]', "trusted_networks = []")
    config = config.replace('level = "debug"', 'level = "warning"')
    relay = Waybill(lab, "relay", lab.ip(1), config)
    lab.send(relay, "a@source.test", ["x@sink.test"])
    memory, held = memory_mib(relay), descriptors(relay)
    flood = Flood(lab, relay, attempts)
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
    again = Flood(lab, relay, ADDRESSES * SHARE)
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
