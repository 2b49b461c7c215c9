#!/usr/bin/env python3
"""20,000 connections at once and not enough descriptors for them: trusted clients go on, and it recovers by itself.

Set up: the daemon may have 700 descriptors and 100,000 sessions; a hundred addresses of strangers connect 20,000 times
and stay wherever they are let in. Proved: the descriptors never run out (the listener never rests); strangers are told
421 4.3.2; those that were let in and say nothing are asked to leave; a trusted client's mail is taken all the while and
delivered once; status shows the pressure, how many were told, and nobody shed again once the flood is over, when a
stranger is served without anybody's help. Memory grows by a few MiB.
"""
from actors import Waybill
from flood import Flood, attempts_possible
from lab import check, eq, run, wait_for
from peer import Load, check_once
from pressure import mail_reply, pressure, wait_shed
from starved import memory_mib

ATTEMPTS, ADDRESSES, DESCRIPTORS = 20_000, 100, 700


def test(lab):
    attempts = attempts_possible(ATTEMPTS)
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    config = lab.config("relay", lab.ip(1), '[limits]\nsessions = 100_000\nsessions_per_address = 100_000\n'
                                            '[domain."sink.test"]\nrole = "relay"\n[overload]\ndwell = "2s"\n')
    config = config.replace('["127.0.0.0/8"]', '["127.0.0.1/32"]')  # what Load connects from
    config = config.replace('level = "debug"', 'level = "warning"')
    relay = Waybill(lab, "relay", lab.ip(1), config, under=["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"])
    load = Load(lab, relay.ip, 20, sessions=2, name="before").wait()
    memory = memory_mib(relay)
    flood = Flood(lab, relay, attempts, ADDRESSES, refusal=b"421 4.3.2 ")
    during = Load(lab, relay.ip, 200, sessions=4, name="during")
    seen = set()  # what status says meanwhile

    def answered():
        seen.add(pressure(relay, "descriptors")["shed"])
        return any(flood.read() for _ in range(5))
    wait_for(answered, f"all of {attempts} attempts to be answered", 60)
    eq(flood.other[:3], [], "answers that are neither 220 nor 421 4.3.2")
    wait_for(lambda: seen.add(pressure(relay, "descriptors")["shed"]) or "strangers" in seen,
             "status to tell it: it knows of each second at its end")
    check("everyone" not in seen, f"shed meanwhile: {seen}")
    told = pressure(relay, "descriptors")
    status = relay.status()["overload"]
    print(f"{attempts} attempts: {len(flood.greeted)} greeted, {flood.refused} refused with 421, {flood.dropped} by the "
          f"kernel; {told['value']} of {told['limit']} descriptors; {status['connections_told']} told, "
          f"{status['sessions_ended']} sessions ended")
    check(flood.greeted, "some were let in, until the mark was reached")
    check(flood.refused > attempts * 3 / 4, f"refused with 421: {flood.refused}")
    eq(during.wait().refused[:3], [], "what a trusted client heard that was no 250")
    eq(len(during.accepted), 200, "a trusted client's mail, all the while")
    wait_for(lambda: relay.status()["overload"]["connections_told"] >= flood.refused,
             "status to count those that were told, as of its last second")
    check(status["sessions_ended"] > 0, "those that said nothing were asked to leave")
    check("listener rests" not in relay.log(), "the descriptors never ran out")
    check("overload pressure=descriptors shed=strangers" in relay.log(), "the log tells it")
    check("overload pressure=descriptors shed=everyone" not in relay.log(), "trusted clients were never shed")

    wait_shed(relay, "descriptors", "nobody")  # though the flood's sockets are all still there
    # Whoever still stood in the kernel's line is let in then, and seen off in turn.
    wait_for(lambda: pressure(relay, "descriptors")["percent"] < 70, "the descriptors to be free again")
    wait_for(lambda: mail_reply(lab, relay, lab.ip(3), recipient="s@sink.test")[0] == 250, "a stranger to be served")
    most = memory_mib(relay, "VmHWM")
    print(f"memory: {memory:.0f} MiB before, {most:.0f} at most")
    check(most - memory < 64, f"memory under the flood: {memory:.0f} MiB before, {most:.0f} at most")
    flood.leave()
    relay.wait_empty()
    load.accepted |= during.accepted
    check_once(load, sink.tokens())


run(test)
