#!/usr/bin/env python3
"""Two equal backups hold mail for a primary whose link is down; it comes back, and both drain, each within its rate.

Set up: the primary is a waybill in a network namespace of its own, joined by a veth pair; two waybills of equal
preference are its backups, one with a limit of the domain's own (rate_max). The primary's link is set down
(`ip link set down`), each backup takes 250 messages, one of them is moreover restarted during the outage; the link is
set up again, and an operator says "retry all" at once. Proved: neither retry nor restart makes a stampede: the
primary's log shows in every window at most what both rates and bursts allow; all arrives once.
"""
from actors import Waybill
from lab import check, eq, run, wait_for
from link import OURS, OURS_TOO, THEIRS, FarHost, check_rate, log_times
from peer import TOKEN, Load, check_once

RATE = 40


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nhome MX 20 mx3.home\n"
                     f"mx1.home A {THEIRS}\nmx2.home A {OURS}\nmx3.home A {OURS_TOO}\n"})
    far = FarHost(lab)
    boxes = lab.dir / "boxes"
    primary = Waybill(lab, "mx1", THEIRS, lab.config(
        "mx1", THEIRS, f'[domain."home.test"]\nrole = "primary"\nusers = ["john"]\n'
                       f'mailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n', hostname="mx1.home.test"), far.under)
    backup = lambda name, ip, limit, recovery: Waybill(lab, name, ip, lab.config(
        name, ip, f'[domain."home.test"]\nrole = "backup"\n{limit}', hostname=f"{name}.home.test",
        queue='retry_first = "2s"\nretry_max = "2s"\n', deliver='idle_keepalive = "1s"\nconnect_timeout = "2s"\n',
        recovery=f'start_rate = 10\ngrowth = 2\ngrow_every = "1s"\n{recovery}'))
    two = backup("mx2", OURS, "", f"rate_max = {RATE}\n")
    three = backup("mx3", OURS_TOO, f"rate_max = {RATE}\n", "")
    box = lambda: list(boxes.glob("home.test/john/new/*"))

    far.down()
    loads = [Load(lab, one.ip, 250, recipient="john@home.test", name=one.name).wait() for one in (two, three)]
    for one in (two, three):
        wait_for(lambda: len(one.open_recipients()) == 250, f"{one.name} to hold all")
        wait_for(lambda: any(place["state"] == "down" for place in one.status()["destinations"]), f"{one.name} to know")
    eq(three.stop(), 0, "exit code")
    three.start()
    far.up()
    two.cli("queue", "retry", "--all", "--yes")
    wait_for(lambda: any(place["state"] == "slow start" for place in two.status()["destinations"]), "the slow start")
    for one in (two, three):
        one.wait_empty(60)
    wait_for(lambda: len(box()) >= 500, "all in the Maildir")
    loads[0].accepted |= loads[1].accepted
    eq(len(loads[0].accepted), 500, "messages accepted")
    check_once(loads[0], [token for path in box() for token in TOKEN.findall(path.read_text())])
    times = log_times(primary.log(), r"accepted .*from=")
    eq(len(times), 500, "messages that the primary took")
    check_rate(times, 2 * RATE, 2 * RATE / 10, in_flight=40)
    check(times[-1] - times[0] >= 250 / RATE - 1, "as long as the rate wants")


run(test, needs=["namespaces"])
