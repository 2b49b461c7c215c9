#!/usr/bin/env python3
"""A primary that is back asks for its mail by ETRN (RFC 1985), and gets it at once, one message first.

Set up: a backup holds 50 messages for a primary that is down, the pause between attempts is an hour, and the backup was
restarted since: it remembers no host, so it probes none. Proved: ETRN is offered to the primary's network; a node that
does not exist, or of a domain that named no network, is refused with 459; ETRN of the domain answers 253 with the number,
all arrives, and after that it is 251.
"""
from lab import check, eq, run, wait_for
from peer import Load, check_once


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {net}.11\nmx2.home A {net}.12\n"})
    backup = lab.waybill("mx2", 12, '[domain."home.test"]\nrole = "backup"\netrn_from = ["127.0.0.0/8"]\n'
                                    '[domain."other.test"]\nrole = "relay"\n', hostname="mx2.home.test",
                         queue='retry_first = "1h"\nretry_max = "4h"\n')
    load = Load(lab, backup.ip, 50, recipient="john@home.test").wait()
    wait_for(lambda: all(row["attempts"] > 0 for row in backup.open_recipients()), "the first attempts to fail")
    eq(backup.stop(), 0, "exit code")
    backup.start()
    sink = lab.sink("mx1", 11)
    eq(len(backup.open_recipients()), 50, "recipients that wait")
    with lab.smtp(backup) as session:
        eq(session.docmd("ETRN", "home.test")[0], 503, "reply before EHLO")
        session.ehlo()
        check(session.has_extn("etrn"), "ETRN among the extensions")
        eq(session.docmd("ETRN", "nowhere.test")[0], 459, "reply for a node that we know nothing of")
        eq(session.docmd("ETRN", "other.test")[0], 459, "reply for a domain that named nobody")
        code, text = session.docmd("ETRN", "home.test")
        eq((code, b"50 pending" in text), (253, True), f"reply for what waits: {text}")
        backup.wait_empty(60)
        check_once(load, sink.tokens())
        eq(session.docmd("ETRN", "@test")[0], 251, "reply when nothing waits")


run(test)
