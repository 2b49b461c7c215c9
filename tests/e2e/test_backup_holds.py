#!/usr/bin/env python3
"""A primary is down; the backup takes and holds the mail; the primary returns and receives it.

Set up: home.test has a primary waybill (Maildir, preference 10) and a backup waybill (20). A third waybill
sends. The primary is killed before the mail is sent. Proved: the backup holds every message while the
primary is away, sends nothing to itself or anyone worse; after the return all are in the Maildir, once; both
ledgers account for all of it.
"""
from lab import eq, run, wait_for
from peer import TOKEN, Load, check_once

COUNT = 60


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {net}.11\nmx2.home A {net}.12\n"})
    boxes = lab.dir / "boxes"
    primary = lab.waybill("mx1", 11, f'[domain."home.test"]\nrole = "primary"\nusers = ["john"]\n'
                                     f'mailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n', hostname="mx1.home.test")
    backup = lab.waybill("mx2", 12, '[domain."home.test"]\nrole = "backup"\n', hostname="mx2.home.test")
    sender = lab.waybill("sender", 1)
    box = lambda: list(boxes.glob("home.test/john/new/*"))
    lab.send(sender, "a@source.test", ["john@home.test"])
    wait_for(lambda: len(box()) == 1, "the first message in the Maildir")
    primary.wait_empty()  # else it may die between the mailbox and the ledger, and deliver that one again

    primary.kill()
    load = Load(lab, sender.ip, COUNT, recipient="john@home.test").wait()
    wait_for(lambda: len(backup.open_recipients()) == COUNT, "the backup to hold all", 60)
    sender.wait_empty()
    eq(len(box()), 1, "messages at the primary that is down")

    primary.start()
    wait_for(lambda: len(box()) >= COUNT + 1, "all in the Maildir", 90)
    backup.wait_empty()
    eq(len(box()), COUNT + 1, "messages in the Maildir")
    check_once(load, [token for path in box() for token in TOKEN.findall(path.read_text())])


run(test)
