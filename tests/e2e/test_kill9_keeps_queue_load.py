#!/usr/bin/env python3
"""kill -9 right after the 250s: nothing accepted is lost, nothing doubled, nothing half there (RFC 5321 6.1).

Set up: the next hop is down; ten sessions hand over messages, each with a token of its own; SIGKILL in the
middle of it, three times over. Proved: after each restart the queue holds at least what was answered with
250; when the next hop returns every accepted token arrives exactly once and whole, and of the others only
those whose last line was sent and not answered; the ledger accounts for all.
"""
from lab import check, run, wait_for
from peer import Load, check_once


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    relay = lab.waybill("relay", 1)
    load = Load(lab, relay.ip, 200).wait()
    for number in range(3):
        more = Load(lab, relay.ip, 5000, name=f"kill{number}")
        wait_for(lambda: len(more.accepted) > 60, "load to flow")
        relay.kill()
        more.wait()
        load.accepted |= more.accepted
        load.in_flight |= more.in_flight
        relay.start()
        held = relay.status()["recipients_queued"]
        check(len(load.accepted) <= held <= len(load.accepted) + len(load.in_flight),
              f"{held} held after SIGKILL, {len(load.accepted)} accepted, {len(load.in_flight)} in flight")
    sink = lab.sink("mx1", 11)
    relay.wait_empty(timeout_s=120)
    check_once(load, sink.tokens())
    check(all("the end" in text for text in sink.messages()), "no message is half there")


run(test)
