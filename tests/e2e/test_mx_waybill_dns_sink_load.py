#!/usr/bin/env python3
"""The same road with waybill's own DNS server: smtp-source → waybill → MX from `waybill dns` → smtp-sink.

Set up: `waybill dns` serves the zone over real UDP and TCP. Proved: 300 messages of 20 sessions arrive, each
once, and bodies are whole (smtp-source's lines of X).
"""
from lab import check, run


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    relay = lab.waybill("relay", 1)
    lab.smtp_source(relay.ip, 300, recipient="user@sink.test", sessions=20, size=4096)
    sink.wait_count(300, timeout_s=60)
    check(all(text.count("X" * 60) >= 40 for text in sink.messages()), "each body is whole")
    relay.wait_empty()
    relay.verify_custody()


run(test)
