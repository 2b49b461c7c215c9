#!/usr/bin/env python3
"""STARTTLS in, with a self-signed certificate: smtplib and swaks; and the injection that plagued others.

Proved: EHLO offers STARTTLS before and not after; mail sent inside arrives, its Received line says ESMTPS;
commands pipelined behind STARTTLS in one segment never run (conformance 81); EHLO state is forgotten after
the handshake (82); a second STARTTLS is 503, one with a parameter 501 (84). A renewed certificate is served
after a reload.
"""
import socket
import ssl

from lab import check, eq, run


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    cert, key = lab.certificate("relay.test")
    relay = lab.waybill("relay", 1, f'[tls]\ncertificate = "{cert}"\nkey = "{key}"\n')
    context = ssl.create_default_context(cafile=cert)
    context.check_hostname = False
    with lab.smtp(relay) as session:
        session.ehlo()
        check(session.has_extn("starttls"), "STARTTLS is offered")
        eq(session.docmd("STARTTLS x")[0], 501, "STARTTLS with a parameter")
        session.starttls(context=context)
        eq(session.docmd("MAIL FROM:<a@source.test>")[0], 503, "MAIL right after the handshake, without EHLO")
        session.ehlo()
        check(not session.has_extn("starttls"), "STARTTLS is not offered twice")
        eq(session.docmd("STARTTLS")[0], 503, "a second STARTTLS")
        session.sendmail("a@source.test", ["tls@sink.test"], "Subject: x\r\n\r\nby TLS\r\n")
    sink.wait_count(1)
    check("ESMTPS" in sink.messages()[0], "the Received line says ESMTPS")
    lab.swaks(relay.ip, "--tls", "--from", "s@source.test", "--to", "swaks@sink.test")
    sink.wait_count(2)

    raw = socket.create_connection((relay.ip, lab.mx_port), timeout=20)
    raw.recv(4096)
    raw.sendall(b"EHLO x.test\r\n")
    raw.recv(4096)
    raw.sendall(b"STARTTLS\r\nNOOP injected\r\nRSET\r\n")
    first = raw.recv(4096)
    if first.startswith(b"220"):  # then the plain text behind it must be gone
        check(first.count(b"\r\n") == 1, f"one reply to three commands: {first}")
        try:
            inside = context.wrap_socket(raw)
            inside.sendall(b"EHLO y.test\r\n")
            check(inside.recv(4096).startswith(b"250-"), "the first reply inside is the one to EHLO")
        except (ssl.SSLError, OSError):
            pass  # refused altogether: as good
    else:
        check(first[:1] in b"45", f"refused: {first}")

    def served():
        with lab.smtp(relay) as session:
            session.starttls(context=ssl._create_unverified_context())
            return session.sock.getpeercert(binary_form=True)

    before = served()
    lab.certificate("relay.test")  # renewed, under the same names
    eq(served(), before, "the certificate until a reload")
    said = relay.cli("reload")
    check(served() != before, "the renewed certificate is served after a reload")
    check(str(cert) in said, f"the reload names the file that it read anew:\n{said}")
    check("unchanged" in relay.cli("reload"), "and a second one has nothing to say")


run(test)
