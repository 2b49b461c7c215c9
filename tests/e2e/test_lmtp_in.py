#!/usr/bin/env python3
"""A listener of role "lmtp" (RFC 2033): a reply for each recipient after the data, and no relaying.

Set up: a primary waybill with a second listener on port 24 of its address. Proved: it wants LHLO; a domain that is
not ours is refused though the client is trusted; of four RCPTs, of which one is unknown and one an alias of
two, three are answered after the data, in their order; everybody has one copy.
"""
import smtplib

from lab import eq, run, wait_for


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nmx1.home A {net}.11\n"})
    boxes = lab.dir / "boxes"
    port = 24 if lab.mx_port == 25 else lab.free_port()
    primary = lab.waybill("mx1", 11, hostname="mx1.home.test", more=(
        f'[[listener]]\naddress = "{lab.ip(11)}:{port}"\nrole = "lmtp"\n'
        f'[domain."home.test"]\nrole = "primary"\nusers = ["john", "ann"]\nmailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n'
        'aliases = { both = ["john", "ann"] }\n'))
    with smtplib.LMTP(primary.ip, port, timeout=30) as session:
        eq(session.docmd("EHLO client.test")[0], 500, "EHLO is SMTP's")
        eq(session.docmd("LHLO client.test")[0], 250, "LHLO")
        eq(session.docmd("MAIL FROM:<a@origin.test>")[0], 250, "MAIL")
        eq([session.docmd(f"RCPT TO:<{to}>")[0] for to in
            ("john@home.test", "nobody@home.test", "both@home.test", "john@home.test", "x@origin.test")],
           [250, 550, 250, 250, 550], "replies to RCPT")
        eq(session.docmd("DATA")[0], 354, "DATA")
        session.send(b"Subject: x\r\n\r\nhello\r\n.\r\n")
        eq([session.getreply()[0] for _ in range(3)], [250, 250, 250], "a reply for each recipient that was taken")
        eq(session.docmd("NOOP")[0], 250, "and no more than that")
        eq(session.docmd("MAIL FROM:<a@origin.test>")[0], 250, "MAIL")
        eq(session.docmd("DATA")[0], 554, "DATA without a recipient")
    wait_for(lambda: len(list(boxes.glob("home.test/*/new/*"))) == 2, "two copies")
    primary.wait_empty()
    eq(sorted(path.parts[-3] for path in boxes.glob("home.test/*/new/*")), ["ann", "john"], "who has it")


run(test)
