#!/usr/bin/env python3
"""Postfix looks up the MX itself and finds two waybills; one of them is down.

Set up: in.test has two MXs of equal preference: a waybill with a Maildir, and an address where nobody listens.
Proved: Postfix's mail ends in the Maildir of waybill (role primary), and an unknown user is refused in the
dialogue, so that the bounce is Postfix's own and waybill sends none.
"""
import re

from actors import bodies, message_ids
from checks import each_once
from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "in MX 10 mx1.in\nin MX 10 mx2.in\nmx1.in A {net}.1\nmx2.in A {net}.2\nout MX 10 mx.out\nmx.out A {net}.11\n"},
            server="nsd")
    boxes = lab.dir / "boxes"
    primary = lab.waybill("mx1", 1, f'[domain."in.test"]\nrole = "primary"\nusers = ["john"]\n'
                                    f'mailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n', hostname="mx1.in.test")
    sender = lab.postfix("out", 11, ["out.test"])
    for number in range(5):
        sender.submit("ann@out.test", ["john@in.test"], f"Subject: number {number}\n\nhello\n")
    wait_for(lambda: len(list(boxes.glob("in.test/john/new/*"))) == 5, "5 messages in the Maildir", 40)
    texts = [path.read_text() for path in boxes.glob("in.test/john/new/*")]
    eq(sorted(re.findall(r"^Subject: (.*)$", "\n".join(texts), re.M)), [f"number {number}" for number in range(5)],
       "subjects in the Maildir")
    each_once(message_ids(texts), 5, "messages in the Maildir")
    eq(set(bodies(texts)), {"hello\n"}, "bodies in the Maildir")
    sender.submit("ann@out.test", ["nobody@in.test"], "Subject: wrong\n\nhello\n")
    sender.wait_count(1)
    bounce = sender.messages()[0]
    check("Undelivered" in bounce and "nobody@in.test" in bounce, "Postfix bounces what waybill refused")
    check("5.1.1" in bounce or "550" in bounce, "with waybill's reason")
    eq(primary.open_recipients(), [], "nothing left at waybill")


run(test, needs=["postfix"])
