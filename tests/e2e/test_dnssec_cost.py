#!/usr/bin/env python3
"""DNSSEC as a weapon (KeyTrap, CVE-2023-50387): hundreds of keys of one tag, hundreds of signatures, all to be tried.

Set up: a signed zone with an honest domain and a child whose keys are 300 of one tag, of which one is real, and
whose records carry 300 signatures each, none of them good: 90,000 verifications for each question, were they all
made. Mail is sent to three names in the child and then to the honest domain. Proved: all of it costs less than two seconds of
processor; the honest mail arrives while the others wait; what could not be validated is put off and never bounced.
"""
from lab import check, eq, run, wait_for
from signed import Signer, add_signatures, colliding_keys
from starved import processor_s

TRAPS, COUNT = ["", "one.", "two."], 300


def test(lab):
    signer = Signer(lab)
    top, trap = signer.key("test"), signer.key("trap.test", "RSASHA256", 1024)
    files = {"test": lab.zone_file("test", "ok MX 10 mx.ok\nmx.ok A {net}.11\nsource MX 10 mx.source\nmx.source A {net}.12\n"
                                           f"trap NS ns\n{trap.ds}\n")}
    signer.sign(files["test"], "test", top)
    files["trap.test"] = lab.zone_file("trap.test", "@ MX 10 mx\none MX 10 mx\ntwo MX 10 mx\nmx A {net}.11\n"
                                       + "\n".join(colliding_keys(trap, COUNT)) + "\n")
    signer.sign(files["trap.test"], "trap.test", trap)
    for name in TRAPS:
        add_signatures(files["trap.test"], f"{name}trap.test", "MX", COUNT)
    place = ("127.0.0.1", 5300) if lab.mx_port == 25 else (lab.ip(53), lab.free_port())
    lab.dns_endpoint = f"{place[0]}:{place[1]}"
    lab.nsd("nsd", [place], files)
    sink, home = lab.sink("mx", 11), lab.sink("home", 12)
    relay = lab.waybill("relay", 1, dns=f'dnssec = true\ntrust_anchors = ["{top.ds}"]', queue='retry_first = "1h"\nretry_max = "1h"')
    before = processor_s(relay)
    for name in TRAPS:
        lab.send(relay, "ann@source.test", [f"x@{name}trap.test"])
    lab.send(relay, "ann@source.test", ["x@ok.test"])
    sink.wait_count(1, timeout_s=40)
    eq(sink.recipients(), ["x@ok.test"], "what arrived")
    wait_for(lambda: sum(row["attempts"] > 0 for row in relay.open_recipients()) == len(TRAPS), "the traps to be put off", 60)
    used = processor_s(relay) - before
    print(f"processor: {used:.2f} s for {len(TRAPS)} domains of {COUNT} keys and {COUNT} signatures")
    check(used < 2, f"processor: {used:.2f} s")
    for row in relay.open_recipients():
        eq(row["last_reply"]["code"], 451, f"put off: {row}")
        check("DNS" in str(row["last_reply"]), f"and why: {row}")
    eq(home.messages(), [], "reports")


run(test, needs=["NSD"])
