#!/usr/bin/env python3
"""Real clients get in: swaks (plain and pipelined) and Python's smtplib, several recipients, hard bodies.

Set up: waybill relays to one smtp-sink. Proved: the 250 carries an id that `trace` knows; leading dots, a lone
dot line, 998-octet lines and 8-bit text arrive octet for octet; bad commands are answered and the session
goes on; mail for a foreign domain from an untrusted network is refused (5.7.1).
"""
import smtplib

from lab import check, eq, run


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    relay = lab.waybill("relay", 1)
    lab.swaks(relay.ip, "--from", "s@source.test", "--to", "plain@sink.test")
    lab.swaks(relay.ip, "--from", "s@source.test", "--to", "p1@sink.test,p2@sink.test", "--pipeline")
    sink.wait_count(3)

    body = "first\r\n.leading dot\r\n..two\r\n.\r\nafter the lone dot\r\n" + "x" * 998 + "\r\nZür\r\nlast\r\n"
    with lab.smtp(relay) as session:
        eq(session.docmd("NONSENSE")[0], 500, "unknown command")
        eq(session.docmd("MAIL FROM:<a@source.test>")[0] // 100, 5, "MAIL before EHLO")
        session.ehlo()
        for extension in ("pipelining", "size", "8bitmime", "smtputf8", "chunking", "enhancedstatuscodes", "dsn"):
            check(session.has_extn(extension), f"EHLO offers {extension}")
        eq(session.docmd("RCPT TO:<x@sink.test>")[0], 503, "RCPT before MAIL")
        session.sendmail("a@source.test", ["hard@sink.test"],
                         f"Subject: hard\r\n\r\n{body}".encode("utf-8"), mail_options=["BODY=8BITMIME"])
    sink.wait_count(4)
    text = next(text for text in sink.messages() if "hard@sink.test" in text)
    want = body.encode("utf-8").decode("utf-8", "surrogateescape").replace("\r\n", "\n").rstrip("\n")
    check(want in text.replace("\r\n", "\n"), "the body arrives octet for octet")

    reply = lab.send(relay, "a@source.test", ["traced@sink.test"])
    events = relay.cli_json("trace", lab.message_id(reply))
    check(events, f"trace knows the id of: {reply}")

    closed = lab.waybill("closed", 2)
    closed.rewrite('trusted_networks = ["127.0.0.0/8"]', 'trusted_networks = ["192.0.2.0/24"]')
    closed.stop()
    closed.start()
    with lab.smtp(closed) as session:
        session.ehlo()
        session.mail("a@source.test")
        for target in ("x@sink.test", "x%sink.test@closed.test", '"x@sink.test"@other.test', "@closed.test:x@sink.test"):
            code, text = session.rcpt(target)
            check(code // 100 == 5, f"RCPT <{target}> is refused: {code} {text}")
        check(b"5.7.1" in session.rcpt("x@sink.test")[1], "5.7.1")
    try:
        lab.send(relay, "a@source.test", ["u@sink.test"])
    except smtplib.SMTPException as error:
        check(False, f"the trusted one goes on: {error}")


run(test)
