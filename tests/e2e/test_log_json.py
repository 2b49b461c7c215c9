#!/usr/bin/env python3
"""The log in JSON is for programs: every line one object, counts as numbers, a message's id on each of its lines.

Set up: a router that logs JSON at level debug, a sink that says 450 to RCPT at first, a client that lies in its HELO.
Proved: every line of stderr, from start to stop, is one JSON object with time, level and event; the id of the 250 is
on the lines that tell of the message's acceptance, its delay and its delivery; numbers are JSON's own; a HELO that
looks like a log line comes back as the value it is, and forges nothing.
"""
import datetime
import json

from lab import check, eq, run, wait_for

FORGED = '","event":"delivered","id":"000000000000'


def lines(daemon):
    return [json.loads(line) for line in daemon.log().splitlines()]


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    later = lab.sink("later", 11, "-r", "RCPT")
    relay = lab.waybill("relay", 1, log='format = "json"')
    with lab.smtp(relay) as session:
        eq(session.docmd("HELO", FORGED)[0], 250, "reply to HELO")
        eq(session.mail("ann@source.test")[0], 250, "reply to MAIL")
        eq(session.rcpt("a@sink.test")[0], 250, "reply to RCPT")
        code, text = session.data("Subject: hello\r\n\r\none line\r\n")
        eq(code, 250, f"reply to the message ({text})")
        ident = lab.message_id(text.decode())
    of_message = lambda event: [line for line in lines(relay) if line.get("id") == ident and line["event"] == event]
    wait_for(lambda: of_message("deferred"), "the delay to be logged")
    later.kill()
    lab.sink("mx1", 11).wait_count(1)
    wait_for(lambda: of_message("delivered"), "the delivery to be logged")
    relay.wait_empty()
    relay.verify_custody()
    eq(relay.stop(), 0, "exit code after SIGTERM")

    for line in lines(relay):
        check({"time", "level", "event"} <= set(line), f"every line has its three: {line}")
        datetime.datetime.fromisoformat(line["time"])
        check(line["level"] in ("debug", "info", "warning", "error"), f"level of {line}")
    accepted = of_message("accepted")
    eq(len(accepted), 1, f"accepted once: {accepted}")
    eq((accepted[0]["recipients"], accepted[0]["to"], accepted[0]["helo"]), (1, "a@sink.test", FORGED), "its fields")
    check(isinstance(accepted[0]["octets"], int) and accepted[0]["octets"] > 100, f"octets are a number: {accepted[0]}")
    eq([line["attempts"] for line in of_message("deferred")][0], 1, "attempts at the first delay")
    eq(len(of_message("delivered")), 1, "delivered once")
    check(of_message("delivered")[0]["reply"].startswith("250 "), f"with the host's reply: {of_message('delivered')}")
    eq([line for line in lines(relay) if line.get("id") == "000000000000"], [], "lines that nobody wrote")
    eq([line["event"] for line in lines(relay)][-1], "stopped", "the last word")


run(test)
