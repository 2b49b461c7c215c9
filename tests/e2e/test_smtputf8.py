#!/usr/bin/env python3
"""An internationalised address (RFC 6531) through to a Postfix that offers SMTPUTF8; 5.6.7 where it is lacking.

Set up: Postfix with SMTPUTF8; smtp-sink, which never offers it. Proved: the UTF-8 address and the UTF-8 header
arrive in Postfix untouched; the same to the host without it comes back to the sender as a report with 5.6.7,
and nothing is sent downgraded; an ASCII message goes to both.
"""
from lab import check, eq, run, wait_for

HEADER = "From: <ännchen@source.test>\r\nTo: <jürgen@utf.test>\r\nSubject: Grüße\r\n\r\nhällo\r\n"


def test(lab):
    lab.dns({"test": "utf MX 10 mx.utf\nmx.utf A {net}.11\nold MX 10 mx.old\nmx.old A {net}.12\n"
                     "source MX 10 mx.source\nmx.source A {net}.13\n"}, server="nsd")
    utf = lab.postfix("utf", 11, ["utf.test"], {"smtputf8_enable": "yes"})
    old = lab.sink("old", 12)
    home = lab.postfix("home", 13, ["source.test"], {"smtputf8_enable": "yes"})
    relay = lab.waybill("relay", 1)
    with lab.smtp(relay) as session:
        session.ehlo()
        session.sendmail("ann@source.test", ["jürgen@utf.test"], HEADER.encode(), ["SMTPUTF8", "BODY=8BITMIME"])
        session.sendmail("ann@source.test", ["jürgen@old.test"], HEADER.encode(), ["SMTPUTF8", "BODY=8BITMIME"])
        session.sendmail("ann@source.test", ["plain@old.test", "plain@utf.test"], b"Subject: plain\r\n\r\nhello\r\n")
    utf.wait_count(2)
    raw = next(text for text in utf.messages() if "Grüße".encode() in text.encode(errors="surrogateescape"))
    raw = raw.encode(errors="surrogateescape").decode()
    check("jürgen@utf.test" in raw, f"the address arrives untouched:\n{raw}")
    check("UTF8SMTP" in raw, f"RFC 6531 4.3: with UTF8SMTP:\n{raw}")
    old.wait_count(1)
    eq(old.recipients(), ["plain@old.test"], "at the host without SMTPUTF8")
    home.wait_count(1)
    report = home.messages()[0].encode(errors="surrogateescape").decode()
    check("5.6.7" in report, f"5.6.7:\n{report}")
    relay.wait_empty()


run(test, needs=["postfix"])
