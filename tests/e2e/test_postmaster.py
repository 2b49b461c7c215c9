#!/usr/bin/env python3
"""postmaster exists, from the dialogue to the mailbox, though no list of users names it (RFC 5321 4.5.1).

Set up: a primary waybill whose only user is john. Proved: mail to postmaster, bare, with the domain and in any
case, is taken and stands in a mailbox; another name is refused in the dialogue; nothing is left over.
"""
from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nmx1.home A {net}.11\n"})
    boxes = lab.dir / "boxes"
    primary = lab.waybill("mx1", 11, f'[domain."home.test"]\nrole = "primary"\nusers = ["john"]\n'
                                     f'mailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n', hostname="mx1.home.test")
    with lab.smtp(primary) as session:
        session.ehlo()
        for target in ("postmaster", "POSTMASTER", "PostMaster@home.test"):
            eq(session.mail("a@source.test")[0], 250, "MAIL")
            code, text = session.docmd(f"RCPT TO:<{target}>")
            eq(code, 250, f"RCPT TO:<{target}> ({text})")
            eq(session.data(f"Subject: to {target}\r\n\r\nx\r\n")[0], 250, "DATA")
        session.mail("a@source.test")
        code, text = session.rcpt("nobody@home.test")
        check(code == 550 and b"5.1.1" in text, f"an unknown user is refused: {code} {text}")
    wait_for(lambda: len(list(boxes.glob("home.test/postmaster/new/*"))) == 3, "three messages for postmaster")
    primary.wait_empty()
    eq(len(list(boxes.glob("home.test/*/new/*"))), 3, "messages in all mailboxes")


run(test)
