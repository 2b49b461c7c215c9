#!/usr/bin/env python3
"""No file descriptors left: the daemon does not spin, does not die, and serves again when there are some.

Set up: a limit of 64 descriptors, limits of sessions far above, and 150 clients that connect and stay.
Proved: while none can be accepted the processor is idle (less than a quarter of a second of its time in two
seconds); when the clients leave, mail is taken and delivered; what was accepted before arrives once.
"""
import socket

from lab import check, eq, run, wait_for
from peer import Load, check_once
from starved import check_idle, descriptors


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    relay = lab.waybill("relay", 1, "[limits]\nsessions = 1000\nsessions_per_address = 1000\n"
                        '[overload]\ndescriptors = "off"\n',  # or these clients were told to come back in time
                        under=["prlimit", "--nofile=64:64"])
    idle = descriptors(relay)
    load = Load(lab, relay.ip, 20, sessions=2).wait()
    eq(len(load.accepted), 20, "accepted before")
    clients = [socket.create_connection((relay.ip, lab.mx_port), timeout=10) for _ in range(150)]
    wait_for(lambda: descriptors(relay) >= 62, "the descriptors to run out")
    check_idle(relay, "without descriptors", span_s=2)
    check(relay.running(), "the daemon lives")
    for client in clients:
        client.close()
    # A few are of deliveries, whose host is not there yet.
    wait_for(lambda: descriptors(relay) <= idle + 4, f"the descriptors to be free again, as the {idle} before", 30)
    sink = lab.sink("mx1", 11)
    more = Load(lab, relay.ip, 20, sessions=2, name="after").wait()
    eq(len(more.accepted), 20, f"accepted after; refused: {more.refused[:3]}")
    load.accepted |= more.accepted
    relay.wait_empty(60)
    check_once(load, sink.tokens())


run(test)
