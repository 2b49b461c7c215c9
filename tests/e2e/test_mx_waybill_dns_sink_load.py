#!/usr/bin/env python3
"""The same road with waybill's own DNS server: smtp-source → waybill → MX from `waybill dns` → smtp-sink.

Set up: `waybill dns` serves the zone over real UDP and TCP. Proved: 300 messages of 20 sessions arrive, each
once, known by its Message-ID, with the very body that smtp-source sends.
"""
from checks import each_once
from lab import check, run


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    body = lab.smtp_source_body(4096)
    relay = lab.waybill("relay", 1)
    lab.smtp_source(relay.ip, 300, recipient="user@sink.test", sessions=20, size=4096)
    sink.wait_count(300, timeout_s=60)
    relay.wait_empty()
    each_once(sink.message_ids(), 300, "messages at the sink")
    check(set(sink.bodies()) == {body}, "each with its body, octet for octet")
    relay.verify_custody()


run(test)
