#!/usr/bin/env python3
"""Servers that drip a reply without end, or take a message octet by octet, at every stage: each is left in time.

Set up: one such server for each stage, with timeouts of a second or two; each is the better MX of a domain, a sound one
the worse. Proved: the daemon hangs up on every one of them; a session that was lost before the message could
have been taken goes on at the sound host in the same attempt; one that was lost after the body went out waits, and is
not sent again at once; mail for a living host is not held up; the processor is idle. Then the dripping hosts are
replaced by sound ones, and what waited arrives once.
"""
from drip import DripServer
from lab import eq, run, wait_for
from starved import check_idle

BEFORE = ["banner", "EHLO", "MAIL", "RCPT", "DATA"]  # the message can't have been taken
IN_DOUBT = ["dot", "BDAT"]
OTHER = ["body", "STARTTLS"]
TLS = ["TLS"]  # a handshake that fails is followed by plaintext, at the same host
TIMEOUTS = "".join(f'{key} = "1s"\n' for key in ("connect_timeout", "greeting_timeout", "command_timeout", "data_timeout",
                                                 "block_timeout", "final_timeout"))


def test(lab):
    zone = "good A {net}.100\nlive MX 10 good\n"
    stages = BEFORE + IN_DOUBT + OTHER + TLS
    for number, stage in enumerate(stages):
        name = stage.lower()
        zone += f"{name} MX 10 mx.{name}\nmx.{name} A {{net}}.{20 + number}\n"
        zone += f"{name} MX 20 good\n" if stage not in IN_DOUBT + TLS else ""
    lab.dns({"test": zone})
    good = lab.sink("good", 100)
    servers = {stage: DripServer(lab.ip(20 + number), lab.mx_port, stage) for number, stage in enumerate(stages)}
    relay = lab.waybill("relay", 1, deliver=TIMEOUTS)
    for stage in stages:
        # Larger than what two sockets buffer, so that who takes it slowly is noticed.
        body = ("x" * 70 + "\r\n") * (150_000 if stage == "body" else 1)
        lab.send(relay, "a@source.test", [f"x@{stage.lower()}.test"], body=body)
    for stage, server in servers.items():
        wait_for(lambda: server.connections > 0, f"a connection to the host that drips at {stage}")
    check_idle(relay, "among servers that drip")
    lab.send(relay, "a@source.test", ["x@live.test"])
    passed_on = {f"x@{stage.lower()}.test" for stage in BEFORE + OTHER}
    wait_for(lambda: set(good.recipients()) >= passed_on | {"x@live.test"}, "what was lost to go to the sound host", 40)
    wait_for(lambda: servers["TLS"].taken == 1, "what met a handshake without end to go in plain")
    doubtful = {f"x@{stage.lower()}.test" for stage in IN_DOUBT}
    wait_for(lambda: {row["recipient"] for row in relay.open_recipients()} <= doubtful, "only what is in doubt to wait")
    for stage in IN_DOUBT:
        wait_for(lambda: servers[stage].taken > 0, f"the message to go to the host that drips at {stage}")
        eq(good.recipients().count(f"x@{stage.lower()}.test"), 0, "in doubt, and not sent elsewhere")
    for stage in stages:
        servers[stage].close()
    for stage in IN_DOUBT:
        lab.sink(f"{stage}-mended", 20 + stages.index(stage)).wait_count(1, timeout_s=40)
    relay.wait_empty()
    for stage, server in servers.items():
        if stage != "body":  # that one still drips through what lies in its buffer
            server.wait_left()
    eq(sorted(good.recipients()), sorted(passed_on | {"x@live.test"}), "at the sound host, each once")


run(test)
