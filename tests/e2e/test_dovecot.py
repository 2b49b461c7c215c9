#!/usr/bin/env python3
"""Mail comes in by SMTP, goes to Dovecot by LMTP, and curl reads it by IMAP and by POP3.

Set up: Dovecot with virtual users; waybill is the primary of home.test (LMTP over the Unix socket), of tcp.test (LMTP over
TCP) and of box.test, whose Maildirs it writes itself and Dovecot reads. Proved: mail to each arrives whole, plus
addressing and all; of one message to three users, the one whom Dovecot does not know is returned to the sender
alone, the one whose mailbox is full waits alone, and the third has it once; Dovecot serves what waybill wrote.
"""
import re

from dovecot import Dovecot
from lab import check, eq, run, wait_for

LINE = "one line with a dot:\r\n.hidden\r\n"


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\ntcp MX 10 mx1.home\nbox MX 10 mx1.home\nmx1.home A {net}.11\n"
                     "origin MX 10 mx.origin\nmx.origin A {net}.13\n"})
    origin = lab.sink("origin", 13)
    dovecot = Dovecot(lab, "dovecot", 20, {"john@home.test": "", "full@home.test": "userdb_quota_rule=*:messages=1",
                                           "ann@tcp.test": "", "zoe@box.test": ""})
    primary = lab.waybill("mx1", 11, hostname="mx1.home.test", more=(
        f'[domain."home.test"]\nrole = "primary"\nmailboxes = "lmtp:unix:{dovecot.socket}"\naliases = {{ both = ["john", "ann@tcp.test"] }}\n'
        f'[domain."tcp.test"]\nrole = "primary"\nmailboxes = "lmtp:{dovecot.ip}:24"\n'
        f'[domain."box.test"]\nrole = "primary"\nusers = ["zoe"]\nmailboxes = "maildir:{dovecot.boxes}/{{domain}}/{{user}}"\n'))

    # Through each of the three ways, read by each of the two.
    lab.send(primary, "a@origin.test", ["john+tag@home.test", "ann@tcp.test", "zoe@box.test"], subject="three ways", body=LINE)
    for user in ("john@home.test", "ann@tcp.test", "zoe@box.test"):
        wait_for(lambda user=user: dovecot.imap_count(user) == 1, f"{user} to have one message")
        by_imap = dovecot.curl("imap", user, "INBOX;MAILINDEX=1")
        by_pop3 = dovecot.curl("pop3", user, "1")
        for text in (by_imap, by_pop3):
            check("Subject: three ways" in text and "\n.hidden" in text.replace("\r", ""), f"{user} reads it whole: {text}")
            check("Return-Path: <a@origin.test>" in text, f"{user} sees the sender: {text}")
        check(len(re.findall(r"by mx1.home.test", by_imap)) == 1, "one Received line of waybill")
    lab.send(primary, "a@origin.test", ["both@home.test"], subject="by alias")
    for user in ("john@home.test", "ann@tcp.test"):
        wait_for(lambda user=user: dovecot.imap_count(user) == 2, f"{user} to have the alias's message")

    # A reply for each recipient: one is fine, one is full for now, one does not exist.
    lab.send(primary, "a@origin.test", ["full@home.test"], subject="fills it")
    wait_for(lambda: dovecot.imap_count("full@home.test") == 1, "the small mailbox to be full")
    lab.send(primary, "a@origin.test", ["john@home.test", "full@home.test", "nobody@home.test"], subject="in parts")
    wait_for(lambda: dovecot.imap_count("john@home.test") == 3, "john to have his")
    origin.wait_count(1)
    report = origin.messages()[0]
    eq(re.findall(r"^Final-Recipient: rfc822; *(\S+)", report, re.M), ["nobody@home.test"], "who is reported on")
    check("Action: failed" in report, "the unknown one is returned")
    wait_for(lambda: [row["recipient"] for row in primary.open_recipients()] == ["full@home.test"], "the full one to wait alone")
    dovecot.curl("imap", "full@home.test", "INBOX", "--request", "STORE 1 +FLAGS (\\Deleted)")
    dovecot.curl("imap", "full@home.test", "INBOX", "--request", "EXPUNGE")
    primary.wait_empty()
    eq(dovecot.imap_count("full@home.test"), 1, "messages of the one that was full")
    eq(dovecot.imap_count("john@home.test"), 3, "messages of john: none came twice")
    origin.wait_count(1)


run(test, needs=["dovecot"])
