#!/usr/bin/env python3
"""SIGTERM under load: the daemon ends by itself within its bound, loses nothing and doubles nothing.

Set up: ten sessions at full speed into waybill, which delivers to a slow sink. SIGTERM in the middle. Proved:
exit code 0; what was accepted and not delivered is in the queue after the restart; in the end each accepted
message arrived exactly once, for transfers under way were finished; the ledger accounts for all.
"""
from lab import check, eq, run, wait_for
from peer import Load, check_once


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11, "-w", "1")
    relay = lab.waybill("relay", 1)
    load = Load(lab, relay.ip, 3000)
    wait_for(lambda: len(load.accepted) >= 300, "300 accepted")
    wait_for(lambda: sink.tokens(), "the first to arrive")
    eq(relay.stop(), 0, "exit code after SIGTERM")
    load.wait()
    sink.kill()
    arrived = len(sink.tokens())
    relay.start()
    custody = relay.cli_json("custody", "verify")[0]
    check(custody["accepted"] >= len(load.accepted), f"the ledger knows what was accepted: {custody}")
    eq(custody["delivered"], arrived, f"the ledger knows what arrived: {custody}")
    fast = lab.sink("mx1", 11)  # writes into the same folder
    relay.wait_empty(timeout_s=120)
    check_once(load, fast.tokens())


run(test)
