#!/usr/bin/env python3
"""The main road, with loads that nobody here wrote: smtp-source → waybill → MX served by NSD → smtp-sink.

Set up: NSD answers the zone; waybill relays for loopback; smtp-sink is the better of two MXs, and nothing
listens at the worse one. Proved: every message of 300 arrives once, known by its Message-ID, with the very body that smtp-source
sends, at the preferred host; nothing is left in the queue; the custody ledger accounts for all.
"""
from checks import each_once
from lab import check, eq, run


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nsink MX 20 mx2.sink\nmx1.sink A {net}.11\nmx2.sink A {net}.12\n"},
            server="nsd")
    sink = lab.sink("mx1", 11)
    body = lab.smtp_source_body(2048)
    relay = lab.waybill("relay", 1)
    lab.smtp_source(relay.ip, 300, recipient="user@sink.test", sessions=10)
    sink.wait_count(300, timeout_s=60)
    eq(set(sink.recipients()), {"user@sink.test"}, "recipients")
    eq(set(sink.senders()), {"load@source.test"}, "senders")
    relay.wait_empty()
    each_once(sink.message_ids(), 300, "messages at the sink")
    check(set(sink.bodies()) == {body}, "each with its body, octet for octet")
    check(all("Received:" in text and "relay.test" in text for text in sink.messages()), "a Received line each")
    relay.verify_custody()


run(test)
