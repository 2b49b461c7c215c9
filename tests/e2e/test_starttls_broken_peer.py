#!/usr/bin/env python3
"""A peer whose TLS is broken still gets its mail: in clear, at the first attempt, never as a bounce.

Set up: peers that offer STARTTLS and then answer 454, or go on with no TLS record (behind the reply, or in the
same segment), or close. Opportunistic TLS (RFC 7435) prefers clear text to no delivery. Proved: each peer was
asked for STARTTLS, and each got its one message without waiting for a retry; nothing was reported to the sender.
"""
from lab import check, eq, run, wait_for
from peer import Peer


def name(kind):
    return kind.replace(" ", "-")


def test(lab):
    kinds = ("refuse", "garbage", "at once", "close")
    lab.dns({"test": "".join(f"{name(kind)} MX 10 mx.{name(kind)}\nmx.{name(kind)} A {{net}}.{20 + n}\n"
                              for n, kind in enumerate(kinds))
             + "source MX 10 mx.source\nmx.source A {net}.12\n"})
    home = lab.sink("home", 12)
    peers = {kind: Peer(lab, lab.ip(20 + number), starttls=kind) for number, kind in enumerate(kinds)}
    relay = lab.waybill("relay", 1)
    relay.rewrite('retry_first = "1s"\nretry_max = "2s"', 'retry_first = "2m"')
    relay.stop()
    relay.start()
    for kind in kinds:
        lab.send(relay, "ann@source.test", [f"x@{name(kind)}.test"])
    for kind, peer in peers.items():
        wait_for(lambda: peer.recipients(), f"the peer that does {kind!r} to get its mail")
        eq(peer.recipients(), [f"x@{name(kind)}.test"], f"recipients at {kind}")
        check(any(session.starttls for session in peer.sessions), f"{kind} was asked for STARTTLS")
    relay.wait_empty()
    eq(home.messages(), [], "reports to the sender")


run(test)
