#!/usr/bin/env python3
"""`waybill dns` as a tool for other people's tests: what it says, its faults, SIGHUP and SIGTERM.

Proved over raw sockets, with no resolver between: it names the place where it listens, which is open then; answers
over UDP and TCP; each fault does what its name says, as often as it says; SIGHUP reads zones and faults again, and
a broken zone file leaves the old ones in force, said with its place; SIGTERM ends it with 0; bad arguments do
not start it.
"""
import re
import signal
import socket
import time

from actors import Process
from dns_wire import ask
from lab import check, eq, run, wait_for

ZONE = "$ORIGIN a.test.\n$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\n@ MX 10 mx\nmx A 192.0.2.1\n"


def test(lab):
    zone, faults = lab.dir / "a.zone", lab.dir / "faults"
    zone.write_text(ZONE)
    faults.write_text("# scripted\nmx.a.test/A=refused,times=1\n")
    given = ["servfail", "refused", "nxdomain", "silent", "truncate", "delay:700ms", "wrong-id", "wrong-question",
             "wrong-port"]
    server = Process(lab, "dns", [lab.binary, "dns", "--zone", zone, "--listen", "127.0.0.1:0", "--fault-file", faults, "--log",
                                  *(word for fault in given for word in ("--fault", f"{fault.split(':')[0]}.a.test={fault}"))])
    found = wait_for(lambda: re.search(r"^listening on (127\.0\.0\.1):(\d+)$", server.log(), re.M), "its line")
    place = (found[1], int(found[2]))
    check(place[1] != 0 and "zone a.test" in server.log(), f"the port that it took, and its zones: {server.log()}")

    for tcp in (False, True):
        reply = ask(place, "a.test", "MX", tcp)
        eq((reply.rcode, reply.answers, reply.authoritative, reply.truncated), ("NOERROR", 1, True, False), "a.test MX")
        eq(ask(place, "no.a.test", "MX", tcp).rcode, "NXDOMAIN", "no.a.test")
        reply = ask(place, "mx.a.test", "MX", tcp)
        if not tcp:  # the fault file's is for type A alone
            eq((reply.rcode, reply.answers), ("NOERROR", 0), "mx.a.test MX")
    eq(ask(place, "elsewhere.test", "A").rcode, "REFUSED", "a name of nobody's")

    for word in ("servfail", "refused", "nxdomain"):
        eq(ask(place, f"{word}.a.test", "A").rcode, word.upper(), word)
    for word in ("silent", "wrong-port"):  # a connected socket hears nothing from another port
        eq(ask(place, f"{word}.a.test", "A", timeout_s=0.5), None, word)
    check(ask(place, "truncate.a.test", "A").truncated, "TC over UDP")
    check(not ask(place, "truncate.a.test", "A", tcp=True).truncated, "whole over TCP")
    begin = time.monotonic()
    check(ask(place, "delay.a.test", "A") is not None and time.monotonic() - begin >= 0.7, "700 ms late")
    check(b"wrong-question" not in ask(place, "wrong-question.a.test", "A").packet, "another question")
    id_asked, id_got = ask(place, "a.test", "A"), ask(place, "wrong-id.a.test", "A")
    check(id_asked.id == id_asked.asked and id_got.id != id_got.asked, "the wrong id, and only there")
    eq([ask(place, "mx.a.test", "A").rcode for _ in range(3)], ["REFUSED", "NOERROR", "NOERROR"], "times=1")
    check(re.search(r"^127\.0\.0\.1:\d+ .*servfail\.a\.test", server.log(), re.M), "--log tells of each question")

    zone.write_text(ZONE + "new A 192.0.2.2\n")
    faults.write_text("a.test/MX=servfail\n")
    eq(ask(place, "new.a.test", "A").rcode, "NXDOMAIN", "before SIGHUP")
    server.signal(signal.SIGHUP)
    wait_for(lambda: server.log().count("reloaded\n") == 1, "the first reload")
    eq(ask(place, "new.a.test", "A").answers, 1, "after SIGHUP")
    eq(ask(place, "a.test", "MX").rcode, "SERVFAIL", "the fault file was read again")
    zone.write_text(ZONE + "new A 192.0.2.2\nbad A 192.0.2.\n")
    server.signal(signal.SIGHUP)
    wait_for(lambda: "the zones stay as they were" in server.log(), "the refusal of a broken zone")
    check(f"{zone}:9:" in server.log(), f"where it is broken: {server.log()}")
    eq(ask(place, "new.a.test", "A").answers, 1, "as before")
    eq(server.stop(), 0, "exit code after SIGTERM")

    lab.waybill_cli("dns", "--zone", zone, "--listen", "127.0.0.1:0", codes=(1,))
    zone.write_text(ZONE)
    lab.waybill_cli("dns", "--zone", zone, "--listen", "127.0.0.1:0", "--fault", "a.test=tired", codes=(2,))
    lab.waybill_cli("dns", "--zone", zone, "--listen", "nowhere", codes=(2,))
    with socket.create_server(("127.0.0.1", 0)) as taken:  # no mistake in the words, but it can't serve
        lab.waybill_cli("dns", "--zone", zone, "--listen", f"127.0.0.1:{taken.getsockname()[1]}", codes=(1,))


run(test)
