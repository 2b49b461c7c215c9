#!/usr/bin/env python3
"""The laboratory itself, without waybill: do the peers work from their unpacked tree?

Set up: NSD with a zone, two Postfix instances, smtp-sink as the MX of a third domain.
Proved: Postfix finds the other Postfix and the sink through MX records that NSD serves; a TLS handshake
between the two; swaks and smtp-source get in. When this fails, the other tests' failures say nothing.
"""
from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "one MX 10 mx.one\nmx.one A {net}.1\ntwo MX 10 mx.two\nmx.two A {net}.2\n"
                     "sink MX 10 mx.sink\nmx.sink A {net}.3\n"}, server="nsd")
    cert, key = lab.certificate("mx.two.test")
    one = lab.postfix("one", 1, ["one.test"], {"smtp_tls_security_level": "may"})
    two = lab.postfix("two", 2, ["two.test"], {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": cert,
                                               "smtpd_tls_key_file": key, "smtpd_tls_received_header": "yes"})
    sink = lab.sink("sink", 3)
    one.submit("a@one.test", ["b@two.test"], "Subject: hello\n\nfrom one to two\n")
    two.wait_count(1)
    check("from one to two" in two.messages()[0], "the message arrives whole")
    check("using TLS" in two.messages()[0], "by TLS")
    two.submit("b@two.test", ["c@sink.test"], "Subject: hello\n\nfrom two to the sink\n")
    sink.wait_count(1)
    eq(sink.recipients(), ["c@sink.test"], "recipients in the sink")
    lab.swaks(one.ip, "--from", "s@two.test", "--to", "a@one.test", "--pipeline")
    one.wait_count(1)
    lab.smtp_source(one.ip, 20, recipient="c@sink.test")
    sink.wait_count(21)
    wait_for(lambda: one.queued() == 0, "Postfix to have sent all")


run(test, needs=["postfix", "no waybill"])
