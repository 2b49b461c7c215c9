#!/usr/bin/env python3
"""A Maildir with a quota, and one that belongs to somebody else.

Set up: a primary waybill, run as root, with two messages to a mailbox and 20 KB; john's folder belongs to another
user. Proved: the third message waits with 452 4.2.2 and arrives when a Maildir++ program has removed one; one that could
never fit is returned with 552 5.2.2; all that waybill made in john's folder is john's.
"""
import os

from lab import IN_NAMESPACE, check, eq, run, wait_for

JOHN = 64909


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nmx1.home A {net}.11\norigin MX 10 mx.origin\nmx.origin A {net}.13\n"})
    origin = lab.sink("origin", 13)
    boxes = lab.dir / "boxes"
    john = boxes / "home.test" / "john"
    john.mkdir(parents=True)
    if IN_NAMESPACE:
        os.chown(john, JOHN, JOHN)
    primary = lab.waybill("mx1", 11, hostname="mx1.home.test", more=(
        f'[domain."home.test"]\nrole = "primary"\nusers = ["john"]\nmailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n'
        'quota_messages = 2\nquota_octets = "20 kB"\n'))
    new = john / "new"
    for number in range(2):
        lab.send(primary, "a@origin.test", ["john@home.test"], subject=f"number {number}")
    wait_for(lambda: new.is_dir() and len(list(new.iterdir())) == 2, "two messages")
    lab.send(primary, "a@origin.test", ["john@home.test"], subject="one too many")
    wait_for(lambda: any("4.2.2" in row["last_reply"]["text"] or row["last_reply"].get("enhanced") == "4.2.2"
                         for row in primary.open_recipients() if row.get("last_reply")), "the third to be deferred")
    eq(len(list(new.iterdir())), 2, "messages in the full mailbox")
    lab.send(primary, "a@origin.test", ["john@home.test"], subject="huge", body="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 400)
    origin.wait_count(1)
    check("552 5.2.2" in origin.messages()[0], "returned, for it would never fit")

    # As a program that keeps to Maildir++ removes a message.
    first = sorted(new.iterdir())[0]
    size = first.stat().st_size
    check(f",S={size}" in first.name, f"its size stands in its name: {first.name}")
    first.unlink()
    with open(john / "maildirsize", "a", encoding="ascii") as account:
        account.write(f"-{size} -1\n")
    primary.cli("queue", "retry", "--all", "--yes")
    primary.wait_empty()
    check(any("one too many" in path.read_text() for path in new.iterdir()), "the one that waited")
    for path in [john / "new", john / "tmp", john / "cur", john / "maildirsize", *new.iterdir()]:
        eq(path.stat().st_uid, JOHN if IN_NAMESPACE else os.getuid(), f"owner of {path.name}")


run(test)
