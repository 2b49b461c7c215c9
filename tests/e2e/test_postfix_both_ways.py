#!/usr/bin/env python3
"""Postfix → waybill → Postfix, both directions, by MX records alone.

Set up: Postfix `left` holds left.test; Postfix `right` holds right.test; the world's MX of both is one waybill
(preference 10), a backup MX for them, and the Postfixes are at preference 5 but reached only through it: each
Postfix sends everything to the waybill as its relay. Proved: a local submission at either side arrives in a
Maildir at the other, headers intact, with one Received line from waybill; 100 more by smtp-source likewise, each
Message-ID once, each with its body.
"""
from actors import bodies
from checks import each_once
from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "left MX 5 mx.left\nleft MX 10 mx.waybill\nright MX 5 mx.right\nright MX 10 mx.waybill\n"
                     "mx.left A {net}.11\nmx.right A {net}.12\nmx.waybill A {net}.1\n"}, server="nsd")
    backup = '[domain."left.test"]\nrole = "backup"\n[domain."right.test"]\nrole = "backup"\n'
    between = lab.waybill("between", 1, backup, hostname="mx.waybill.test")
    through = {"relayhost": f"[{between.ip}]:{lab.mx_port}"}
    left = lab.postfix("left", 11, ["left.test"], through)
    right = lab.postfix("right", 12, ["right.test"], through)
    left.submit("ann@left.test", ["bob@right.test"], "From: ann@left.test\nTo: bob@right.test\nSubject: to the right\n\nhello\n")
    right.submit("bob@right.test", ["ann@left.test"], "From: bob@right.test\nTo: ann@left.test\nSubject: to the left\n\nhello\n")
    right.wait_count(1)
    left.wait_count(1)
    check("Subject: to the right" in right.messages()[0], "the header is intact")
    check("Subject: to the left" in left.messages()[0], "the header is intact")
    eq(right.messages()[0].count("by mx.waybill.test"), 1, "Received lines of waybill")
    check("Return-Path: <ann@left.test>" in right.messages()[0], "the reverse-path is intact")
    first, body = right.messages()[0], lab.smtp_source_body(2048)
    eq(bodies([first]), ["hello\n"], "the body at the right")
    eq(bodies(left.messages()), ["hello\n"], "the body at the left")
    lab.smtp_source(left.ip, 100, sender="ann@left.test", recipient="bob@right.test")
    right.wait_count(101, timeout_s=90)
    wait_for(lambda: left.queued() == 0, "Postfix to have handed everything over")
    between.wait_empty()
    each_once(right.message_ids(), 101, "messages at the right")
    check(sorted(bodies(right.messages())) == sorted(["hello\n"] + [body] * 100), "each with its body, octet for octet")
    between.verify_custody()


run(test, needs=["postfix"])
