#!/usr/bin/env python3
"""Several listeners, IPv4 and IPv6, added and removed at reload while a session is open on another.

Set up: a daemon on 127.x.y.1 and on [::1]. Proved: mail comes in by both families, and the Received line has
the client's address; a third listener added at reload takes mail; removed again it refuses connections; the
sessions that were open on the others, and on the removed one, go on to the end of their transaction.
"""
import smtplib

from lab import check, eq, listens, run, wait_for


def message(session, recipient):
    eq(session.mail("a@source.test")[0], 250, "MAIL")
    eq(session.rcpt(recipient)[0], 250, "RCPT")
    eq(session.data("Subject: x\r\n\r\nhello\r\n")[0], 250, "the message")


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    relay = lab.waybill("relay", 1, f'[[listener]]\naddress = "[::1]:{lab.mx_port}"\nrole = "mx"\n')
    relay.rewrite('trusted_networks = ["127.0.0.0/8"]', 'trusted_networks = ["127.0.0.0/8", "::1/128"]')
    check("relay" in relay.cli("reload"), "the reload tells what changed")
    connect = lambda ip: smtplib.SMTP(ip, lab.mx_port, local_hostname="client.test", timeout=30)
    first, second = connect(lab.ip(1)), connect("::1")
    for session in (first, second):
        session.ehlo()
    eq(second.mail("a@source.test")[0], 250, "MAIL by IPv6")

    base = relay.config_path.read_text()
    relay.config_path.write_text(base + f'[[listener]]\naddress = "{lab.ip(2)}:{lab.mx_port}"\nrole = "mx"\n')
    check(f"{lab.ip(2)}:{lab.mx_port}" in relay.cli("reload"), "the new listener is told")
    third = connect(lab.ip(2))
    third.ehlo()
    message(third, "three@sink.test")
    eq(third.mail("a@source.test")[0], 250, "MAIL on the third")
    relay.config_path.write_text(base)
    check(f"{lab.ip(2)}:{lab.mx_port}" in relay.cli("reload"), "the listener that is gone is told")
    wait_for(lambda: not listens(lab.ip(2), lab.mx_port), "the removed listener to be closed")
    eq(third.rcpt("four@sink.test")[0], 250, "the session on the removed listener goes on")
    eq(third.data("Subject: x\r\n\r\nhello\r\n")[0], 250, "to its end")

    eq(second.rcpt("two@sink.test")[0], 250, "the session on IPv6 goes on")
    eq(second.data("Subject: x\r\n\r\nhello\r\n")[0], 250, "to its end")
    message(first, "one@sink.test")
    sink.wait_count(4)
    six = next(text for text in sink.messages() if "two@sink.test" in text)
    check("[IPv6:::1]" in six, f"RFC 5321 4.1.3's form of an IPv6 address in Received:\n{six}")
    eq(sorted(status["address"] for status in relay.status()["listeners"]),
       sorted([f"{lab.ip(1)}:{lab.mx_port}", f"[::1]:{lab.mx_port}"]), "listeners in status")
    for session in (first, second, third):
        session.close()


run(test)
