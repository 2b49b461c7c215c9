#!/usr/bin/env python3
"""Answers are remembered for their TTL, absences for the SOA's minimum, and no longer; and one can look and flush.

Set up: NSD serves quick.test with 2 s for everything and slow.test with 300 s; a relay delivers to whichever of
two hosts the MX names. Proved: `waybill cache list` shows answers and absences with what is left of their TTL;
after the zones changed, the slow domain's mail still goes the old way, and a slow absence still bounces, while
the quick ones follow once 2 s are over and not before; `waybill cache flush NAME` makes that name alone follow
at once, in spite of libunbound's own cache beneath.
"""
import signal
import time

from checks import SLOWER
from dns_wire import ask
from lab import check, eq, run, wait_for

TTL_S = 2


def zone(lab, origin, ttl_s, host, new):
    """A zone whose MX is `host`; the names under new.… exist or do not."""
    path = lab.dir / f"{origin}.zone"
    path.write_text(f"$ORIGIN {origin}.\n$TTL {ttl_s}\n@ SOA ns h {2 if new else 1} 60 60 3600 {ttl_s}\n@ NS ns\n"
                    f"ns A {lab.ip(53)}\n@ MX 10 {host}.hosts.test.\n" + (f"new MX 10 {host}.hosts.test.\n" if new else ""))
    return path


def cached(relay, name):
    """{(name, type): (status, TTL)} of this name and those below."""
    rows = [row for row in relay.cli_json("cache", "list", name) if "name" in row]
    return {(row["name"], row["type"]): (row["status"], row["ttl"]) for row in rows}


def test(lab):
    place = ("127.0.0.1", 5300) if lab.mx_port == 25 else (lab.ip(53), lab.free_port())
    lab.dns_endpoint = f"{place[0]}:{place[1]}"
    hosts = lab.zone_file("hosts.test", "$TTL 300\nold A {net}.11\nnew A {net}.12\n@ MX 10 home\nhome A {net}.13\n")
    files = {"hosts.test": hosts, "quick.test": zone(lab, "quick.test", TTL_S, "old", False),
             "slow.test": zone(lab, "slow.test", 300, "old", False)}
    server = lab.nsd("nsd", [place], files)
    old, new, home = lab.sink("old", 11), lab.sink("new", 12), lab.sink("home", 13)
    relay = lab.waybill("relay", 1)
    fates = {}

    def fate(domain):
        """Sends one message there, and tells where it went: old, new or a bounce."""
        recipient = f"m{len(fates)}@{domain}"
        lab.send(relay, "ann@hosts.test", [recipient])

        def seen():
            if recipient in old.recipients():
                return "old"
            if recipient in new.recipients():
                return "new"
            return "bounce" if any(recipient in text for text in home.messages()) else None
        fates[recipient] = wait_for(seen, f"the fate of {recipient}", 30)
        return fates[recipient]

    eq(fate("slow.test"), "old", "the first")
    eq(fate("new.slow.test"), "bounce", "what does not exist")
    entries = cached(relay, "slow.test")
    eq(entries["slow.test", "MX"][0], "present", "in the cache")
    eq(entries["new.slow.test", "MX"][0], "absent", "in the cache")
    for key in [("slow.test", "MX"), ("new.slow.test", "MX")]:
        check(300 - 60 * SLOWER <= entries[key][1] <= 300, f"what is left of {key}: {entries[key]}")

    # The quick ones are asked last, and their earliest possible answer is noted.
    asked = {}
    for domain, want in [("quick.test", "old"), ("new.quick.test", "bounce")]:
        asked[domain] = time.monotonic()
        eq(fate(domain), want, domain)
    zone(lab, "quick.test", TTL_S, "new", True)
    zone(lab, "slow.test", 300, "new", True)
    server.signal(signal.SIGHUP)
    wait_for(lambda: ask(place, "new.slow.test", "MX").answers == 1 and ask(place, "new.quick.test", "MX").answers == 1,
             "NSD to serve the changed zones")
    changed = time.monotonic()

    for domain in ["quick.test", "new.quick.test"]:
        first = None
        while first != "new":
            first = fate(domain)
            # Asked again at its end, the old answer is gone for good: it was remembered before the change. Half
            # of the allowance is libunbound's clock, which counts whole seconds, the other half this machine's.
            took_s = time.monotonic() - changed
            check(first == "new" or took_s <= (TTL_S + 4) * SLOWER, f"{domain} still goes to {first} after {took_s:.1f} s")
        check(time.monotonic() - asked[domain] >= TTL_S, f"{domain} followed before its TTL was over")

    # Long after the quick ones followed, the slow ones did not.
    eq(fate("slow.test"), "old", "slow.test within its TTL")
    eq(fate("new.slow.test"), "bounce", "the absence within its TTL")
    check(cached(relay, "slow.test")["slow.test", "MX"][1] < entries["slow.test", "MX"][1], "its TTL goes down")

    # Flushed: new.slow.test alone at first, then the domain and everything below it.
    check("1 answer forgotten" in relay.cli("cache", "flush", "new.slow.test"), "what flush says")
    eq(fate("new.slow.test"), "new", "after the flush")
    eq(fate("slow.test"), "old", "the parent, which was not flushed")
    relay.cli("cache", "flush", "slow.test")
    eq(cached(relay, "slow.test"), {}, "the cache after the flush")
    eq(fate("slow.test"), "new", "after its flush")
    check(relay.cli_json("cache", "flush")[0]["entries_removed"] >= 1, "flushing everything")
    relay.wait_empty()


run(test)
