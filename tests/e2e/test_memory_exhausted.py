#!/usr/bin/env python3
"""Memory: bounded under hostile sessions; and where there is none at all, nothing that was accepted is lost.

Set up: 100 sessions that each send a command line without end, a header without end, or 2 MiB of a body that they
never finish; the daemon's memory is taken before, under and after them. Then the address space is closed behind the
running daemon (RLIMIT_AS at what it has), with load going on, until it gets no more memory. Proved: the sessions cost
well under what they sent, and it comes back; without memory the daemon says so and ends with 1, as a service manager
wants it; started anew (no limit), it delivers everything that it had answered with 250, and custody is clean.
"""
import resource
import socket

from lab import check, eq, run, wait_for
from peer import Load, check_once
from starved import memory_mib, wait_sessions

SENT_MIB = 2
BODY = b"MAIL FROM:<a@source.test>\r\nRCPT TO:<x@sink.test>\r\nDATA\r\n"
HOSTILE = {
    "command": b"x" * (SENT_MIB << 20),
    "header": BODY + b"X-Header: y\r\n" * ((SENT_MIB << 20) // 13),
    "body": BODY + b"Subject: x\r\n\r\n" + (b"y" * 78 + b"\r\n") * ((SENT_MIB << 20) // 80),
    "chunk": BODY.replace(b"DATA", b"BDAT %d" % (2 * SENT_MIB << 20)) + b"z" * (SENT_MIB << 20),
}


def hostile_sessions(lab, relay, each):
    """Sessions that have sent all they had, and stay."""
    links = []
    for text in HOSTILE.values():
        for _ in range(each):
            link = socket.create_connection((relay.ip, lab.mx_port), timeout=30)
            links.append(link)
            link.recv(512)
            link.sendall(b"EHLO c.test\r\n")
            link.recv(512)
            try:
                link.sendall(text)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was hung up on, which is the daemon's right
    return links


def close_address_space(relay):
    octets = int(memory_mib(relay, "VmSize") * 1024 * 1024)
    resource.prlimit(relay.child.pid, resource.RLIMIT_AS, (octets, octets))


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    relay = lab.waybill("relay", 1, log='level = "warning"')
    load = Load(lab, relay.ip, 100).wait()  # the sink is down: these wait in the spool
    eq(len(load.accepted), 100, "accepted before")
    before = memory_mib(relay)
    links = hostile_sessions(lab, relay, 25)
    print(f"{relay.status()['sessions']} of {len(links)} sessions still there")
    most = memory_mib(relay, "VmHWM")
    for link in links:
        link.close()
    wait_sessions(relay, 0)
    more = Load(lab, relay.ip, 20, name="more").wait()
    eq(len(more.accepted), 20, "accepted after")
    load.accepted |= more.accepted
    wait_for(lambda: memory_mib(relay) - before < 96, "the memory to come back", 15)
    print(f"memory: {before:.0f} MiB before, {most:.0f} at most under {len(links)} sessions that sent "
          f"{len(links) * SENT_MIB} MiB, {memory_mib(relay):.0f} after")
    check(most - before < 300, f"memory: {before:.0f} MiB before, {most:.0f} at most")

    close_address_space(relay)
    last, number = [], 0
    while relay.running() and number < 40:
        last.append(Load(lab, relay.ip, 10_000, sessions=10, name=f"last{number}"))
        links = []
        try:
            links = hostile_sessions(lab, relay, 10)
        except OSError:
            pass  # it has ended, which is what is waited for
        for link in links:
            link.close()
        number += 1
    wait_for(lambda: not relay.running(), "the daemon to get no memory", 20)
    for one in last:
        one.wait()
        load.accepted |= one.accepted
        load.in_flight |= one.in_flight
    eq(relay.child.returncode, 1, f"exit code; its last words: {relay.log()[-300:]}")
    check("no memory is left" in relay.log(), f"it says why: {relay.log()[-300:]}")
    print(f"ended without memory; {len(load.accepted)} accepted until then")
    sink = lab.sink("mx1", 11)
    relay.start()
    relay.verify_custody()
    wait_for(lambda: len(sink.tokens()) >= len(load.accepted), "what was accepted to arrive", 60)
    relay.wait_empty(60)
    check_once(load, sink.tokens())


run(test)
