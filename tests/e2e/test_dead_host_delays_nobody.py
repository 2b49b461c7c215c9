#!/usr/bin/env python3
"""A dead destination delays no other: neither in the same message nor behind it in the queue.

Set up: a host that accepts connections and never says a word (its greeting may take five minutes), and one
that refuses them; then mail for both, and behind it mail for hosts that work. Proved by order: everything for the
living hosts has arrived while the silent host's first attempts are still under way; the dead ones' recipients wait.
"""
from lab import check, eq, run, wait_for
from peer import Load, Peer, check_once


def test(lab):
    lab.dns({"test": "silent MX 10 mx.silent\nmx.silent A {net}.11\ndown MX 10 mx.down\nmx.down A {net}.12\n"
                     "sink MX 10 mx.sink\nmx.sink A {net}.13\n"})
    silent = Peer(lab, lab.ip(11), silent=True)
    sink = lab.sink("sink", 13)
    relay = lab.waybill("relay", 1)
    dead = Load(lab, relay.ip, 300, recipient="u@silent.test", name="silent").wait()
    down = Load(lab, relay.ip, 300, recipient="u@down.test", name="down").wait()
    wait_for(lambda: silent.open > 0, "the silent host to be tried")
    lab.send(relay, "a@source.test", ["x@silent.test", "x@down.test", "x@sink.test"])
    live = Load(lab, relay.ip, 200).wait()
    wait_for(lambda: len(sink.recipients()) >= 201, "all for the living host to arrive", 60)
    check(silent.open > 0, "the silent host's first attempts are still under way")
    check_once(live, sink.tokens())
    eq(sink.recipients().count("x@sink.test"), 1, "the one that shared a message with the dead")
    eq(len(relay.open_recipients()), len(dead.accepted) + len(down.accepted) + 2, "recipients that wait")


run(test)
