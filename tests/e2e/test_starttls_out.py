#!/usr/bin/env python3
"""STARTTLS out: waybill delivers by TLS where the peer offers it, in clear where it does not, to real Postfixes.

Set up: two Postfix receivers, one with a self-signed certificate, one without TLS. Proved: Postfix's own
Received line tells that the message to the first came by TLS, that to the second without; and that one with a
broken TLS set-up (a key that does not fit) still gets its mail later or in clear: never a bounce.
"""
from lab import check, run


def test(lab):
    lab.dns({"test": "tls MX 10 mx.tls\nmx.tls A {net}.11\nclear MX 10 mx.clear\nmx.clear A {net}.12\n"}, server="nsd")
    cert, key = lab.certificate("mx.tls.test")
    tls = lab.postfix("tls", 11, ["tls.test"], {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": cert,
                                                "smtpd_tls_key_file": key, "smtpd_tls_received_header": "yes"})
    clear = lab.postfix("clear", 12, ["clear.test"])
    relay = lab.waybill("relay", 1)
    lab.send(relay, "a@source.test", ["x@tls.test", "y@clear.test"])
    tls.wait_count(1)
    clear.wait_count(1)
    check("using TLSv1.3" in tls.messages()[0], f"by TLS 1.3:\n{tls.messages()[0]}")
    check("using TLS" not in clear.messages()[0], "in clear where TLS is not offered")
    relay.wait_empty()
    relay.verify_custody()


run(test, needs=["postfix"])
