#!/usr/bin/env python3
"""10,000 domains at one provider share its connections: mail is paced by host, not by domain.

Set up: 10,000 domains with the same MX; 100 messages with 100 recipients, each of another domain. Proved: each
recipient arrives once, and the provider saw no more connections at once, or in all, than pacing for one
destination allows (20 at a time, 100 messages each), far from one a domain.
"""
from lab import check, eq, run, wait_for
from peer import Peer

DOMAINS = 10_000


def test(lab):
    lab.dns({"test": "mx.provider A {net}.11\n" + "".join(f"d{n} MX 10 mx.provider\n" for n in range(DOMAINS))})
    peer = Peer(lab, lab.ip(11))
    relay = lab.waybill("relay", 1)
    most = 0
    with lab.smtp(relay) as session:
        session.ehlo()
        for first in range(0, DOMAINS, 100):
            refused = session.sendmail("a@source.test", [f"u@d{n}.test" for n in range(first, first + 100)],
                                       f"Subject: {first}\r\n\r\nhello\r\n")
            eq(refused, {}, "refused recipients")
            most = max(most, peer.open)

    def all_arrived():
        nonlocal most
        most = max(most, peer.open)
        return len(peer.recipients()) >= DOMAINS

    wait_for(all_arrived, "all to arrive", 120)
    relay.wait_empty(60)
    eq(sorted(peer.recipients()), sorted(f"u@d{n}.test" for n in range(DOMAINS)), "recipients, each once")
    check(most <= 20, f"{most} connections at once")
    check(len(peer.sessions) <= 150, f"{len(peer.sessions)} connections in all")


run(test)
