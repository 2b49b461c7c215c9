#!/usr/bin/env python3
"""A long queue: strangers are put off first, then trusted clients; both are served again when it is short.

Set up: 100 recipients are the limit, the next hop is down, dwell is 2 s. One client is of relay.trusted_networks, one
is not. Proved: at 85 the stranger gets 452 4.3.2 at MAIL, keeps its session, and the trusted client is served; at 95
the trusted one and `waybill send` are put off too; status, metrics and the log show each step. When the next hop
returns, everything accepted arrives once; the level falls only after the dwell, trusted clients first or together.
"""
import re
import subprocess

from actors import Waybill
from lab import check, eq, run, wait_for
from pressure import levels_over, mail_reply, pressure, wait_shed


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    trusted, stranger = lab.ip(2), lab.ip(3)
    config = lab.config("relay", lab.ip(1), '[domain."sink.test"]\nrole = "relay"\n'
                                            '[overload]\nqueue = 100\ndwell = "2s"\n')
    config = config.replace('["127.0.0.0/8"]', f'["{trusted}/32"]')
    relay = Waybill(lab, "relay", lab.ip(1), config)

    def fill(count):
        """So many recipients wait."""
        while (more := count - relay.status()["recipients_queued"]) > 0:
            for _ in range(more):
                eq(mail_reply(lab, relay, trusted)[0], 250, "a trusted client's mail below the mark")

    fill(84)
    eq(mail_reply(lab, relay, stranger)[0], 250, "a stranger's mail at 84 of 100")  # the 85th
    told = wait_shed(relay, "queue", "strangers")
    eq((told["value"], told["limit"], told["percent"], told["told"]), (85, 100, 85, 0), "the pressure in status")
    code, text = mail_reply(lab, relay, stranger)
    eq(code, 452, f"a stranger at 85: {text}")
    check(text.startswith("4.3.2 "), f"its enhanced code: {text}")
    fill(95)
    wait_shed(relay, "queue", "everyone")
    eq(mail_reply(lab, relay, trusted)[0], 452, "a trusted client at 95")
    sent = subprocess.run([lab.binary, "send", "--config", relay.config_path, "x@sink.test"], input="Subject: x\n\nx\n",
                          text=True, capture_output=True, check=False)
    check(sent.returncode == 75 and "4.3.2" in sent.stderr, f"waybill send at 95: {sent.returncode} {sent.stderr}")
    eq(relay.status()["overload"]["shed"], "everyone", "the whole level")
    eq(relay.status()["overload"]["commands_told"], 3, "commands told to come back")
    shown = relay.cli("status")
    check(re.search(r"overload +everyone is told to come back since", shown), f"status for people:\n{shown}")
    check(re.search(r"queue +95 +100 +95 % +everyone ", shown), f"the table of pressures:\n{shown}")
    log = relay.log()
    check("overload pressure=queue shed=strangers" in log, "the log tells of strangers")
    check(re.search(r"overload pressure=queue shed=everyone .*do=.*waybill queue list", log), "and what can be done")

    # The marks are kept apart: a queue that stays where it is changes nothing.
    eq(levels_over(relay, "queue", 4), ["everyone"], "no flapping at 95")
    sink = lab.sink("mx1", 11)
    relay.cli("queue", "retry", "--all", "--yes")
    wait_shed(relay, "queue", "nobody")
    sink.wait_count(95)
    eq(mail_reply(lab, relay, stranger)[0], 250, "a stranger afterwards")
    eq(relay.status()["overload"]["shed"], "nobody", "all is well again")
    check("overload eases pressure=queue" in relay.log(), "the log tells that it eased")
    relay.wait_empty()
    relay.verify_custody()


run(test)
