#!/usr/bin/env python3
"""Forged senders get nothing from us: unknown recipients are refused in the dialogue, the primary up or down.

Set up: a backup that knows the users of home.test, and a stranger with forged senders at victim.test. Proved, with the
primary up and with it down: a user that exists is taken, one that does not is refused at RCPT with 550 5.1.1, also
among good ones; a null sender and forged ones alike. The victim's host hears nothing, nothing waits for it, and
everything that was taken arrives at the primary.
"""
from lab import check, eq, run


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {net}.11\nmx2.home A {net}.12\n"
                     "victim MX 10 mx.victim\nmx.victim A {net}.13\n"})
    victim, primary = lab.sink("victim", 13), lab.sink("mx1", 11)
    backup = lab.waybill("mx2", 12, '[domain."home.test"]\nrole = "backup"\nusers = ["john", "jane"]\n', hostname="mx2.home.test")
    taken = 0

    def knock(subject):
        for sender in ("forged@victim.test", "", "john@victim.test"):
            with lab.smtp(backup) as session:
                session.ehlo()
                eq(session.mail(sender)[0], 250, "MAIL")
                for user in ("nobody", "johnx", "root", '"john@home.test"', "jane%home.test", "x" * 64):
                    code, text = session.rcpt(f"{user}@home.test")
                    check(code == 550 and b"5.1.1" in text, f"{user}, sender <{sender}>: {code} {text}")
                eq(session.docmd("DATA")[0] // 100, 5, "DATA without anyone to deliver to")
                for user in ("john", "Jane+list"):
                    eq(session.rcpt(f"{user}@home.test")[0], 250, user)
                eq(session.rcpt("nobody@home.test")[0], 550, "an unknown one behind them")
                eq(session.data(f"Subject: {subject}\r\n\r\nx\r\n")[0], 250, "the message")
        return 3

    taken += knock("primary up")
    primary.wait_count(2 * taken)
    backup.wait_empty()
    primary.kill()
    taken += knock("primary down")
    eq({row["recipient"] for row in backup.open_recipients()}, {"john@home.test", "Jane+list@home.test"}, "what waits")
    primary.start()
    primary.wait_count(2 * taken, timeout_s=60)
    backup.wait_empty()
    eq(victim.messages(), [], "what the victim got")


run(test)
