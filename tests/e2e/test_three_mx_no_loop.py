#!/usr/bin/env python3
"""Three MXs of one domain, the primary down: mail never goes round among the backups, however they are named.

Set up: home.test has a primary (10) and two backups. The second (20) stands behind NAT: its MX names a public
address that is on none of its interfaces and leads to it; it knows it by `self_addresses`. The third (30) is in the DNS
under an alias that it knows by `self_names`. Proved: what each backup takes climbs to a better MX and stays
at the best that lives; neither ever connects to itself or to the other below it; when the primary returns all arrives
once. Then a backup that has not been told its public address: it keeps the mail and names the fix, and so it does when it
is told and finds itself the best. As a relay, which has no place among MXs, it sends its mail round, until the hop limit.
"""
import re
import socket
import threading

from lab import check, eq, run, wait_for


class Nat:
    """What connects here is led on to an inner address; `clients` are the names that they gave in EHLO."""

    def __init__(self, lab, public, inner):
        self.clients, self._inner, self._lab = [], inner, lab
        self._socket = socket.create_server((public, lab.mx_port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            outer, _ = self._socket.accept()
            try:
                inner = socket.create_connection((self._inner, self._lab.mx_port), timeout=30)
            except OSError:
                outer.close()
                continue
            for source, target in ((outer, inner), (inner, outer)):
                threading.Thread(target=self._lead, args=(source, target), daemon=True).start()

    def _lead(self, source, target):
        try:
            while octets := source.recv(65536):
                self.clients += re.findall(rb"^EHLO (\S+)\r$", octets, re.M)
                target.sendall(octets)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nhome MX 30 backup.home\nmx1.home A {net}.11\n"
                     "mx2.home A {net}.212\nbackup.home A {net}.13\nsource MX 10 mx.source\nmx.source A {net}.14\n"
                     "away MX 10 mx2.away\naway MX 20 mx9.away\nmx2.away A {net}.215\nmx9.away A {net}.216\n"})
    backup = '[domain."home.test"]\nrole = "backup"\nusers = ["john"]\n'
    home = lab.sink("source", 14)
    second = lab.waybill("mx2", 12, backup, hostname="inner.test", top=f'self_addresses = ["{lab.ip(212)}"]')
    third = lab.waybill("mx3", 13, backup, hostname="outer.test", top='self_names = ["backup.home.test"]')
    nat = Nat(lab, lab.ip(212), second.ip)
    for number in range(5):
        lab.send(second, "ann@source.test", ["john@home.test"], subject=f"by the second {number}")
        lab.send(third, "ann@source.test", ["john@home.test"], subject=f"by the third {number}")
    wait_for(lambda: len(second.open_recipients()) == 10, "the second to hold all of them", 30)
    wait_for(lambda: all(row["attempts"] >= 2 for row in second.open_recipients()), "each to be tried again", 30)
    eq(third.open_recipients(), [], "what the third still holds")
    eq(set(nat.clients), {b"outer.test"}, "who came through the second's public address")
    primary = lab.sink("mx1", 11)
    primary.wait_count(10)
    for host in (second, third):
        host.wait_empty()
        host.verify_custody()
    eq(home.messages(), [], "reports to the sender")
    eq(set(nat.clients), {b"outer.test"}, "who came through the second's public address")

    # Nobody told this one of its public address, and its name is not in the DNS: it tries nobody, and says what is wrong.
    lost = lab.waybill("mx8", 15, '[domain."away.test"]\nrole = "backup"\nusers = ["john"]\n', hostname="mx8.test",
                       top="self_addresses = []", deliver="connections_per_destination = 1\n")
    loop = Nat(lab, lab.ip(215), lost.ip)
    waits = lambda words: [row["last_reply"] for row in lost.open_recipients() if words in row["last_reply"]["text"]]
    lab.send(lost, "ann@source.test", ["john@away.test"])
    wait_for(lambda: waits("self_addresses"), "the lost one to say what is wrong", 30)
    eq(waits("self_addresses")[0]["enhanced"], "4.3.5", "and that it is our fault")
    lost.rewrite("self_addresses = []", f'self_addresses = ["{lab.ip(215)}"]')
    lost.cli("reload")
    wait_for(lambda: waits("is its best MX"), "it to find that it is the best", 30)
    eq(waits("is its best MX")[0]["enhanced"], "4.4.6", "which is a loop")
    eq(loop.clients, [], "who came through its public address")
    eq(home.messages(), [], "reports to the sender")

    # A relay has no place to find, so it takes its own public address for another host.
    lost.rewrite(f'self_addresses = ["{lab.ip(215)}"]', "self_addresses = []")
    lost.rewrite('role = "backup"', 'role = "relay"')
    lost.cli("reload")
    wait_for(lambda: home.messages(), "the loop to end in a report", 60)
    lost.wait_empty()
    eq(home.recipients(), ["ann@source.test"], "one report")
    check("5.4.6" in home.messages()[0], f"which speaks of a loop:\n{home.messages()[0][-1500:]}")
    rounds = lost.log().count(" helo=mx8.test ")
    check(90 <= rounds <= 101, f"times around: {rounds}")
    check(loop.clients, "it went through its own public address")
    print(f"a loop ended after {rounds} rounds")


run(test)
