#!/usr/bin/env python3
"""kill -9 in the middle of delivery: nothing is lost, and what was known to be delivered is never sent again.

Set up: 800 messages wait for a host that was down; it returns, and the daemon is killed while it delivers,
three times; the moment before, `queue list` says what is still open. Proved: each token arrives; twice came
only what was still open in that list, that is, within the time it takes to ask: its 250 was under way or
not yet on disk (RFC 5321 6.1 prefers a duplicate to a loss), and far fewer than were delivered.
"""
from lab import check, run, wait_for
from peer import Load, Peer, check_once


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    relay = lab.waybill("relay", 1, deliver="connections = 5")
    load = Load(lab, relay.ip, 800).wait()
    tokens = {lab.message_id(reply): token for token, reply in load.replies.items()}
    peer = Peer(lab, lab.ip(11), delay_s=0.01)
    may_repeat, counts = set(), []
    for number in range(3):
        before = len(peer.tokens())
        wait_for(lambda: len(peer.tokens()) > before + 60, "delivery to flow", 60)
        still_open = {tokens[row["id"]] for row in relay.open_recipients()}
        relay.kill()
        wait_for(lambda: peer.open == 0, "the peer to see its connections end")
        check(still_open and len(peer.tokens()) < 800, "the kill came in time")
        counts.append((before, len(peer.tokens())))
        may_repeat |= still_open & set(peer.tokens())
        relay.start()
    relay.wait_empty(timeout_s=120)
    check_once(load, peer.tokens(), may_repeat)
    twice = len(peer.tokens()) - 800
    check(twice <= 3 * 5 * 4, f"{twice} duplicates after three kills with five connections each")
    print(f"{twice} duplicates; arrived before and at each kill: {counts}")


run(test)
