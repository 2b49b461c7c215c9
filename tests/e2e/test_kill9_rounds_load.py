#!/usr/bin/env python3
"""kill -9 at random moments under load, round after round on one spool: nothing lost, nothing half there, and
twice only what could not be known to be delivered (RFC 5321 6.1).

Set up: ten sessions hand over messages (one in fifty has a body of several chunks), five connections deliver
to a host that notes when each message came and when its 250 left; each round ends by SIGKILL, one in five of
them while the daemon still starts. Proved, by the host's notes and the ledger: after each start custody
verify is clean; at the end every message that had its 250 arrived, byte for byte, and no other but those whose
last line was sent and not answered; each copy but the last had a kill before the next one, and the ledger has
one delivery, that of the last: of the copy before it nothing was durable.

By hand: test_kill9_rounds_load.py --rounds 100 --seed 7 (the seed that was drawn is printed).
"""
import argparse
import bisect
import collections
import dataclasses
import datetime
import random
import sys
import time

from lab import check, eq, run, wait_for
from peer import Load, Peer, digest

SESSIONS = 10
MESSAGES = 400  # of one round: more than it takes before it is killed
LEDGER_MS = 1  # the ledger's times are whole milliseconds


@dataclasses.dataclass
class Kill:
    """Times are time.time()."""
    signalled: float
    over: float  # the host has read what was under way, and seen every connection end


def body(token):
    """Octets that only this token has; lines that begin with dots, and at times more than two chunks."""
    drawn = random.Random(token)
    lines = drawn.randrange(1, 60) if drawn.random() < 0.98 else drawn.randrange(4000, 9000)
    dots = "." * drawn.randrange(3)
    text = drawn.randbytes(lines * 30).hex()
    text = "".join(f"{dots}{text[at:at + 60]}\r\n" for at in range(0, len(text), 60))
    return f"{token} begins\r\n{text}{token} ends\r\n".encode()


def kill_while_it_serves(relay, peer, load, drawn):
    """At a moment that is drawn: so many messages later, and then some."""
    def moved():
        return len(load.accepted) + len(peer.arrivals)
    goal = moved() + drawn.randrange(150)
    wait_for(lambda: moved() >= goal or not load.running(), "messages to flow")
    time.sleep(drawn.uniform(0, 0.03))  # waits for nothing: it is the moment itself that is drawn
    return kill(relay, peer)


def kill_while_it_starts(relay, peer, drawn):
    ready, relay.ready = relay.ready, None
    relay.start()
    time.sleep(drawn.uniform(0, 0.25))  # as above
    relay.ready = ready
    return kill(relay, peer)


def kill(relay, peer):
    signalled = time.time()
    relay.kill()
    wait_for(lambda: peer.open == 0, "the host to see its connections end")
    return Kill(signalled, time.time())


def ledger_times(relay, message_id):
    """Of a message's deliveries, by the ledger."""
    events = relay.cli_json("trace", message_id)[0]["events"]
    return [datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
            for event in events if event["event"] == "delivered"]


def judge_copies(relay, copies, kills):
    """Of a message that came more than once: returns, for each copy but the last, how long before the kill its
    250 had left; None: it had not."""
    eq(len({copy.message_id for copy in copies}), 1, f"ids of the copies of {copies[0].token}")
    ages_s = []
    for copy, following in zip(copies, copies[1:]):
        at = bisect.bisect_left(kills, copy.at, key=lambda one: one.over)
        check(at < len(kills) and kills[at].over <= following.at, f"{copy.token} came twice with no kill between")
        sent = copy.answered_at is not None and copy.answered_at <= kills[at].signalled
        ages_s.append(kills[at].signalled - copy.answered_at if sent else None)
    delivered = ledger_times(relay, copies[0].message_id)
    eq(len(delivered), 1, f"deliveries of {copies[0].token} in the ledger")
    check(delivered[0] + LEDGER_MS / 1000 >= copies[-1].at,
          f"{copies[0].token}: its delivery was on record, and it was sent again {copies[-1].at - delivered[0]:.3f} s later")
    return ages_s


def judge(relay, accepted, in_flight, peer, kills):
    arrived = collections.defaultdict(list)
    for arrival in peer.arrivals:
        arrived[arrival.token].append(arrival)
    lost = sorted(accepted - set(arrived))
    check(not lost, f"{len(lost)} acknowledged and never arrived, such as {lost[:5]}")
    alien = sorted(set(arrived) - accepted - in_flight)
    check(not alien, f"{len(alien)} arrived whose last line was never sent, such as {alien[:5]}")
    for token, copies in arrived.items():
        want = digest(body(token))
        check(all(copy.body_digest == want for copy in copies), f"the body of {token} arrived changed")
    doubled = [copies for copies in arrived.values() if len(copies) > 1]
    ages_s = [age for copies in doubled for age in judge_copies(relay, copies, kills)]
    ledger = relay.cli_json("custody", "verify")[0]
    eq((ledger["accepted"], ledger["delivered"], ledger["open"]), (len(arrived), len(arrived), 0), "accepted, delivered, open")
    return arrived, ages_s


def report(arrived, accepted, ages_s, kills):
    durable_not_yet = sorted(age for age in ages_s if age is not None)
    print(f"{len(kills)} kills; {len(accepted)} acknowledged, {len(arrived)} arrived, none lost, none changed")
    print(f"{len(ages_s)} duplicates, every one with a kill between its copies and no delivery on record before: "
          f"{len(ages_s) - len(durable_not_yet)} had no 250 yet, {len(durable_not_yet)} had it not yet durable", end="")
    if durable_not_yet:
        median = durable_not_yet[len(durable_not_yet) // 2]
        print(f" (sent before the kill: median {median * 1000:.1f} ms, longest {durable_not_yet[-1] * 1000:.1f} ms)", end="")
    print()


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    return parser.parse_args()


def test(lab):
    chosen = options()
    print(f"seed {chosen.seed}, {chosen.rounds} rounds")
    drawn = random.Random(chosen.seed)
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    peer = Peer(lab, lab.ip(11), delay_s=0.005, keep_texts=False)
    relay = lab.waybill("relay", 1, deliver="connections = 5", log='level = "warning"')
    accepted, in_flight, kills, starting = set(), set(), [], 0
    for number in range(chosen.rounds):
        if drawn.random() < 0.2:
            kills += [kill(relay, peer), kill_while_it_starts(relay, peer, drawn)]
            starting += 1
        else:
            load = Load(lab, relay.ip, MESSAGES, sessions=SESSIONS, name=f"r{number}", body=body)
            kills.append(kill_while_it_serves(relay, peer, load, drawn))
            load.wait()
            accepted |= load.accepted
            in_flight |= load.in_flight
        relay.start()
        relay.verify_custody()
    relay.wait_empty(timeout_s=120)
    arrived, ages_s = judge(relay, accepted, in_flight, peer, kills)
    check(len(accepted) > 10 * chosen.rounds, f"the load flowed: {len(accepted)} acknowledged")
    report(arrived, accepted, ages_s, kills)
    print(f"{starting} of the kills met the daemon while it started")


# Long forms take a second or two a round.
run(test, timeout_s=170 if "--rounds" not in sys.argv else 7200)
