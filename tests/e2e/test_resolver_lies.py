#!/usr/bin/env python3
"""A resolver that is silent, lies, or answers long after it was asked: mail waits and never bounces.

Set up: between the daemon (`dns.timeout` 1 s) and an honest server stands one that in turn is silent, answers with
NXDOMAIN under a wrong id, from a wrong port, or for another name, or answers after three times the timeout. A
message to a domain of its own is sent under each. Proved: each is put off with a word about the DNS, none bounces, no
report is sent, and the processor is idle; as soon as the resolver is honest again everything arrives, nobody helping.
"""
from lab import check, eq, run, wait_for
from liar import Liar
from starved import check_idle

MODES = ["silent", "wrong id", "wrong port", "wrong question", "late"]


def test(lab):
    names = {mode: mode.replace(" ", "-") for mode in MODES}
    zone = "source MX 10 mx.source\nmx.source A {net}.12\n"
    zone += "".join(f"{name} MX 10 mx.{name}\nmx.{name} A {{net}}.11\n" for name in names.values())
    lab.dns({"test": zone})
    ip, port = lab.dns_endpoint.split(":")
    liar = Liar(lab.ip(54), lab.free_port(), (ip, int(port)), late_s=3.0)
    place = liar.place
    sink, home = lab.sink("mx1", 11), lab.sink("home", 12)
    relay = lab.waybill("relay", 1, dns=f'servers = ["{place}"]\ntimeout = "1s"')
    for mode in MODES:
        liar.mode = mode
        asked = liar.questions
        lab.send(relay, "ann@source.test", [f"x@{names[mode]}.test"])
        wait_for(lambda: any(row["attempts"] > 0 for row in relay.open_recipients()
                             if row["recipient"] == f"x@{names[mode]}.test"), f"mail under {mode!r} to be put off")
        check(liar.questions > asked, f"the resolver was asked under {mode!r}")
    check_idle(relay, "while the resolver answers late")
    rows = relay.open_recipients()
    eq(len(rows), len(MODES), "all of them wait")
    for row in rows:
        reply = row["last_reply"]
        check(reply["code"] // 100 == 4 and reply["enhanced"].startswith("4.4."), f"put off for the DNS: {row}")
    eq(home.messages(), [], "reports")
    eq(sink.messages(), [], "mail that went anywhere")
    liar.mode = "honest"
    sink.wait_count(len(MODES), timeout_s=60)
    relay.wait_empty()
    eq(sorted(sink.recipients()), sorted(f"x@{name}.test" for name in names.values()), "each once")
    eq(home.messages(), [], "reports")


run(test)
