#!/usr/bin/env python3
"""A primary's cable is pulled under load and put back: what waited arrives once, in a slow start, never too fast.

Set up: the primary is a Postfix in a network namespace of its own, joined by a veth pair; the backup is a waybill in
ours. The primary's link is set down (`ip link set down`), 300 messages come in, the link is set up again, and 60 more
come while it recovers. Proved: the backup tells that the destination is down, then in a slow start, and how long the
queue will last; Postfix's own log shows that in no window more arrived than the configured rate and burst allow; every
message arrives once.
"""
from actors import Postfix, Waybill
from lab import check, eq, run, wait_for
from link import OURS, THEIRS, FarHost, check_rate, log_times
from peer import TOKEN, Load, check_once

RATE = 60


def test(lab):
    lab.dns({"test": f"home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {THEIRS}\nmx2.home A {OURS}\n"})
    far = FarHost(lab)
    primary = Postfix(lab, "mx1", THEIRS, ["home.test"], {"smtpd_peername_lookup": "no"}, under=far.under)
    backup = Waybill(lab, "mx2", OURS, lab.config(
        "mx2", OURS, '[domain."home.test"]\nrole = "backup"\n', hostname="mx2.home.test",
        # Only a recovery can deliver, and an idle connection does not outlive the load.
        queue='retry_first = "2s"\nretry_max = "2s"\n', deliver='idle_keepalive = "1s"\nconnect_timeout = "2s"\n',
        recovery=f'start_rate = 10\ngrowth = 2\ngrow_every = "1s"\nrate_max = {RATE}\n'))
    busy = lambda: sum(one["connections"] for one in backup.status()["destinations"])
    first = Load(lab, OURS, 20, recipient="john@home.test", name="before").wait()
    backup.wait_empty()
    primary.wait_count(20)
    wait_for(lambda: busy() == 0, "the last connection to be closed")

    far.down()
    load = Load(lab, OURS, 300, recipient="john@home.test", name="during").wait()
    wait_for(lambda: len(backup.open_recipients()) == 300, "the backup to hold all")
    # Of the youngest message, which goes last.
    youngest = lambda: max(row["id"] for row in backup.open_recipients())
    state = lambda: backup.cli_json("queue", "why", youngest())[0]["recipients"][0]["recovery"]
    wait_for(lambda: state()["phase"] == "down", "the destination to be known as down")
    eq(state()["queued"], 300, "recipients that wait for it")
    eq(state()["empty_in_s"], None, "the end of a queue that does not move")
    seen_before = len(log_times(primary.log(), r"smtpd.*: client="))
    eq(seen_before, 20, "messages that Postfix saw before")

    far.up()
    wait_for(lambda: state()["phase"] == "slow start", "the slow start")
    now = state()
    check(0 < now["rate_per_minute"] <= RATE * 60, f"a rate up to {RATE}/s: {now}")
    eq(now["rate_max_per_minute"], RATE * 60, "what it may grow to")
    check(now["empty_in_s"] > 0, f"an end of the queue: {now}")
    text = backup.cli("queue", "why", youngest())
    check("slow start" in text and f"growing to {RATE}/s" in text, text)
    late = Load(lab, OURS, 60, recipient="john@home.test", name="after").wait()
    backup.wait_empty(60)
    primary.wait_count(380)
    load.accepted |= first.accepted | late.accepted
    check_once(load, [token for message in primary.messages() for token in TOKEN.findall(message)])
    times = log_times(primary.log(), r"smtpd.*: client=")[seen_before:]
    eq(len(times), 360, "messages that Postfix saw since")
    check_rate(times, RATE, RATE / 10, in_flight=20)


run(test, needs=["postfix"])
