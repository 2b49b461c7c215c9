#!/usr/bin/env python3
"""Damaged spool files: named in the log and in `status`, kept as they were, and the rest is delivered.

Set up: mail waits for a host that is down; the daemon is stopped, and one byte is changed: in the manifest, in
CURRENT, and in a table that is drawn (the seed is printed). Proved: it starts each time; the log and `status` say
what was damaged and where it is kept; the kept file is the damaged one, byte for byte. Manifest and CURRENT cost
nothing: every message arrives. What a table's block took is set aside in the ledger, recipient by recipient:
accepted = arrived + set aside, and whatever arrives arrives once.
"""
import random

from lab import check, eq, run, wait_for
from peer import Load, Peer

MESSAGES = 300


def damage(path, drawn):
    octets = bytearray(path.read_bytes())
    octets[drawn.randrange(len(octets))] ^= drawn.randrange(1, 256)
    path.write_bytes(octets)
    return bytes(octets)


def restart_damaged(lab, relay, kind, drawn):
    relay.stop()
    spool = relay.data_dir / "spool"
    path = drawn.choice(sorted(spool.glob(kind)))
    octets = damage(path, drawn)
    print(f"damaged {path.name}")
    relay.start()
    relay.cli("custody", "verify", codes=range(8))  # reads everything: what opening did not meet it meets
    return path.name, octets


def is_named(lab, relay, name, octets):
    """Whether the log tells of the damage; then `status` does as well, and the file is kept as it was."""
    if not any(name in line and "damaged" in line for line in relay.log().splitlines()):
        return False
    warnings = wait_for(lambda: relay.status()["warnings"], "status to warn")
    kept = next(word for text in warnings for word in text.replace(":", " ").split() if "set-aside" in word)
    eq((lab.dir / kept / name).read_bytes(), octets, "the file as it was")
    return True


def deliver_all(lab, relay, before, damaged):
    """Delivers what waits, to a host of its own; returns what the ledger counts since `before`."""
    peer = Peer(lab, lab.ip(11), keep_texts=False)
    relay.wait_empty(60)
    named = is_named(lab, relay, *damaged)
    relay.stop()  # and with it every connection to that host
    peer.close()
    relay.start()
    tokens = peer.tokens()
    eq(len(tokens), len(set(tokens)), "each message once")
    ledger = relay.cli_json("custody", "verify")[0]
    counts = {fate: ledger[fate] - before.get(fate, 0) for fate in ("accepted", "delivered", "set_aside", "open")}
    return named, len(tokens), counts, ledger


def test(lab):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    drawn = random.Random(seed)
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    relay = lab.waybill("relay", 1)
    ledger = {}
    for kind in ("MANIFEST-*", "CURRENT", "*.sst"):
        load = Load(lab, relay.ip, MESSAGES, name=kind[0]).wait()
        eq(len(load.accepted), MESSAGES, "accepted")
        name, octets = restart_damaged(lab, relay, kind, drawn)
        if kind != "*.sst":
            check(is_named(lab, relay, name, octets), f"the log names {name}")
        named, arrived, counts, ledger = deliver_all(lab, relay, ledger, (name, octets))
        print(f"{kind}: {'named, ' if named else ''}{arrived} arrived, {counts}")
        eq(counts["open"], 0, "nothing is open")
        if kind == "*.sst":
            # The table may have held lines of the ledger about mail of an earlier round, which had ended: of what was open
            # they are written anew; of what had ended nobody knows them, and one whose acceptance alone is left is set aside.
            # A block that nothing ever reads, as a filter's, is not met: then nothing is missing either.
            check(named or (arrived, counts["set_aside"]) == (MESSAGES, 0), f"what is missing has its reason in the log: {counts}")
            check(arrived <= MESSAGES <= arrived + counts["set_aside"], f"{arrived} arrived, the rest is set aside: {counts}")
            check(counts["delivered"] <= arrived and counts["accepted"] <= MESSAGES, f"no more in the ledger than came: {counts}")
        else:
            eq(arrived, MESSAGES, f"nothing is lost with {kind}")
            eq((counts["delivered"], counts["accepted"], counts["set_aside"]), (MESSAGES, MESSAGES, 0), "the ledger")


run(test)
