#!/usr/bin/env python3
"""A Maildir with a quota, and one that belongs to somebody else.

Set up: a primary waybill, run as root, with two messages to a mailbox and 20 KB; john's folder belongs to another
user. Proved: a message that could never fit is refused at RCPT with 552 5.2.2 when it tells its size, and returned with
the same when it does not; RCPT for the full mailbox gets 452 4.2.2, unless an alias has another who has room; what is
submitted to it waits with 452 4.2.2 and arrives when a Maildir++ program has removed messages, and RCPT finds room
again; all that waybill made in john's folder is john's.
"""
import os
import smtplib

from lab import IN_NAMESPACE, check, eq, run, wait_for

JOHN = 64909
BIG = "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 400


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nmx1.home A {net}.11\norigin MX 10 mx.origin\nmx.origin A {net}.13\n"})
    origin = lab.sink("origin", 13)
    boxes = lab.dir / "boxes"
    john = boxes / "home.test" / "john"
    john.mkdir(parents=True)
    if IN_NAMESPACE:
        os.chown(john, JOHN, JOHN)
    port = 587 if lab.mx_port == 25 else lab.free_port()
    primary = lab.waybill("mx1", 11, hostname="mx1.home.test", more=(
        f'[[listener]]\naddress = "{lab.ip(11)}:{port}"\nrole = "submission"\n'
        f'[domain."home.test"]\nrole = "primary"\nusers = ["john", "ann"]\nmailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n'
        'aliases = { both = ["john", "ann"] }\nquota_messages = 2\nquota_octets = "20 kB"\n'))
    new = john / "new"
    messages = lambda: sorted(new.iterdir()) if new.is_dir() else []

    def rcpt(to, *options, at=lab.mx_port):
        """The reply to RCPT of a message that is not sent."""
        with smtplib.SMTP(primary.ip, at, local_hostname="client.test", timeout=30) as session:
            session.ehlo()
            eq(session.mail("a@origin.test", options)[0], 250, "MAIL")
            code, text = session.rcpt(to)
            return f"{code} {text.decode()}"

    check(rcpt("john@home.test", "SIZE=20001").startswith("552 5.2.2 the message has 20001 octets"), "it would never fit")
    lab.send(primary, "a@origin.test", ["john@home.test"], subject="huge", body=BIG)
    origin.wait_count(1)
    check("552 5.2.2" in origin.messages()[0], "returned, for it would never fit")
    for number in range(2):
        lab.send(primary, "a@origin.test", ["john@home.test"], subject=f"number {number}")
    wait_for(lambda: len(messages()) == 2, "two messages")

    # The client keeps what has no room, but a mail program could not.
    wait_for(lambda: rcpt("john@home.test") == "452 4.2.2 the mailbox is full", "the full mailbox to be told of at RCPT")
    eq(rcpt("John+lists@home.test"), "452 4.2.2 the mailbox is full", "by another way of writing it")
    eq(rcpt("both@home.test")[:3], "250", "an alias of which one has room")
    eq(rcpt("john@home.test", at=port)[:3], "250", "submitted")
    with smtplib.SMTP(primary.ip, port, timeout=30) as session:
        session.sendmail("a@origin.test", ["john@home.test"], "Subject: one too many\r\n\r\nx\r\n")
    wait_for(lambda: any("4.2.2" in row["last_reply"]["text"] or row["last_reply"].get("enhanced") == "4.2.2"
                         for row in primary.open_recipients() if row.get("last_reply")), "the third to be deferred")
    eq(len(messages()), 2, "messages in the full mailbox")

    # As a program that keeps to Maildir++ removes messages: both, for one that waits takes a place at once.
    for path in messages():
        size = path.stat().st_size
        check(f",S={size}" in path.name, f"its size stands in its name: {path.name}")
        path.unlink()
        with open(john / "maildirsize", "a", encoding="ascii") as account:
            account.write(f"-{size} -1\n")
    primary.cli("queue", "retry", "--all", "--yes", codes=(0, 1))  # 1: it has gone by itself
    primary.wait_empty()
    wait_for(lambda: rcpt("john@home.test")[:3] == "250", "room to be seen at RCPT")
    check(any("one too many" in path.read_text() for path in messages()), "the one that waited")
    for path in [john / "new", john / "tmp", john / "cur", john / "maildirsize", *messages()]:
        eq(path.stat().st_uid, JOHN if IN_NAMESPACE else os.getuid(), f"owner of {path.name}")
    eq(len(origin.messages()), 1, "reports to the sender in all")


run(test)
