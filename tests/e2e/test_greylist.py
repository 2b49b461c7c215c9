#!/usr/bin/env python3
"""Greylisting: strangers come back once, and a restart forgets nobody.

Set up: one daemon with greylist = "defer" and a short delay. Proved: the first try of a stranger is deferred with the
seconds to wait, impatient tries do not begin anew, the retry passes; so it does after a restart of the daemon, also
for who was told to wait before it; bounces, postmaster and trusted clients never wait; a network whose mail came back
often enough is known.
"""
import re
import smtplib
import time

from actors import Waybill
from checks import check
from lab import eq, run, wait_for

DELAY_S = 2


def rcpt(lab, client, sender="a@source.test", recipient="john@home.test"):
    with smtplib.SMTP(lab.ip(11), lab.mx_port, local_hostname="client.test", timeout=30,
                      source_address=(lab.ip(client), 0)) as smtp:
        smtp.ehlo()
        eq(smtp.mail(sender)[0], 250, "reply to MAIL")
        code, text = smtp.rcpt(recipient)
        return code, text.decode()


def passes(lab, client, *what):
    """Comes back until it is taken; returns the seconds that took."""
    began = time.monotonic()
    wait_for(lambda: rcpt(lab, client, *what)[0] == 250, f"the retry of {what}")
    return time.monotonic() - began


def test(lab):
    reverse = ".".join(reversed(lab.net.split("."))) + ".in-addr.arpa"
    lab.dns({reverse: "", "test": "home MX 10 mx.home\nmx.home A {net}.11\n"})
    config = lab.config("mx", lab.ip(11), more=(
        f'[clients]\nsuspicious_wait = "20ms"\n[policy.grey]\ngreylist = "defer"\ngreylist_delay = "{DELAY_S}s"\ngreylist_known_after = 2\n'
        '[domain."home.test"]\nrole = "relay"\nusers = ["john", "jane", "joe", "jim"]\npolicy = "grey"\n'))
    daemon = Waybill(lab, "mx", lab.ip(11), config.replace("127.0.0.0/8", f"{lab.ip(99)}/32"))
    stranger = 31

    code, text = rcpt(lab, stranger)
    eq(code, 450, text)
    seconds = int(re.fullmatch(r"4\.7\.1 greylisted: come back in (\d+) seconds", text).group(1))
    check(1 <= seconds <= DELAY_S, text)
    check(passes(lab, stranger) <= DELAY_S + 5, "impatient tries do not begin anew")
    eq(rcpt(lab, stranger)[0], 250, "and from then on")
    eq(rcpt(lab, stranger, "b12@source.test")[0], 450, "another sender")
    eq(rcpt(lab, stranger, "")[0], 250, "a bounce")
    eq(rcpt(lab, stranger, "b@source.test", "postmaster@home.test")[0], 250, "postmaster")
    eq(rcpt(lab, stranger, "b@source.test", "nobody@home.test")[0], 550, "an unknown user is not greylisted")
    eq(rcpt(lab, 99, "b@source.test", "jane@home.test")[0], 250, "a trusted client")
    eq(rcpt(lab, stranger, "a@source.test", "jane@home.test")[0], 450, "another recipient")

    eq(daemon.stop(), 0, "exit code")
    daemon.start()
    eq(rcpt(lab, stranger)[0], 250, "who passed before the restart")
    passes(lab, stranger, "b77@source.test")  # the same sender as b12, by all but its number
    eq(rcpt(lab, stranger, "new@source.test", "joe@home.test")[0], 250, "a network that came back twice is known")

    tests = [one for group in daemon.cli_json("clients")[0]["groups"] for one in group["tests"] if one["test"] == "greylist"]
    check(tests[0]["turned_away"] >= 3 and tests[0]["action"] == "defer", f"what was deferred is counted: {tests}")


run(test)
