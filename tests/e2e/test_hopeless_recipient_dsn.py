#!/usr/bin/env python3
"""A hopeless recipient ends in a DSN (RFC 3464) that a mail program can read, delivered to the sender.

Set up: two recipients' domain has smtp-sink rejecting RCPT for good (-f rcpt); another recipient of the same
message is fine. Proved, with Python's own parser: one multipart/report of three parts, with Auto-Submitted,
from the null sender; Reporting-MTA and one group of fields for each failed recipient: Final-Recipient, Action,
Status of class 5, Remote-MTA, Diagnostic-Code with the host's reply; the original's header, and its ENVID; no word
of the delivered one; a domain that does not exist gives 5.1.2.
"""
import email
import email.policy

from lab import check, eq, run


def parse(dump):
    """The message in smtp-sink's dump: behind its X- lines and its own Received field."""
    report = email.message_from_string(dump.partition("\n")[2] if dump.startswith("X-") else dump,
                                       policy=email.policy.default)
    eq(report.defects, [], "defects of the report")
    return report


def check_report(dump, failed, status):
    report = parse(dump)
    eq(report.get_content_type(), "multipart/report", "Content-Type")
    eq(report.get_param("report-type"), "delivery-status", "report-type")
    check(str(report["Auto-Submitted"]).startswith("auto-"), f"Auto-Submitted (RFC 3834): {report['Auto-Submitted']}")
    for field in ("Date", "From", "To", "Subject", "Message-ID"):
        eq(len(report.get_all(field, [])), 1, f"fields {field}")
    text, fields, original = report.get_payload()
    eq(text.get_content_type(), "text/plain", "the first part")
    eq(fields.get_content_type(), "message/delivery-status", "the second part")
    check(original.get_content_type() in ("text/rfc822-headers", "message/rfc822", "message/global-headers"),
          f"the third part: {original.get_content_type()}")
    groups = fields.get_payload()
    check(str(groups[0]["Reporting-MTA"]).startswith("dns; relay.test"), f"Reporting-MTA: {groups[0]['Reporting-MTA']}")
    eq(sorted(str(group["Final-Recipient"]) for group in groups[1:]), sorted(f"rfc822; {one}" for one in failed), "Final-Recipients")
    for group in groups[1:]:
        eq(str(group["Action"]), "failed", "Action")
        check(str(group["Status"]).startswith(status), f"Status: {group['Status']}")
    for recipient in failed:
        check(recipient in text.get_content(), f"the text for people names {recipient}")
    return groups, original.get_content() if original.get_content_maintype() == "text" else str(original.get_payload(0))


def test(lab):
    lab.dns({"test": "bad MX 10 mx.bad\nmx.bad A {net}.11\ngood MX 10 mx.good\nmx.good A {net}.12\n"
                     "source MX 10 mx.source\nmx.source A {net}.13\n"})
    lab.sink("bad", 11, "-f", "rcpt")
    good, home = lab.sink("good", 12), lab.sink("home", 13)
    relay = lab.waybill("relay", 1)
    with lab.smtp(relay) as session:
        session.ehlo()
        eq(session.mail("ann@source.test", ["RET=HDRS", "ENVID=QQ-1+2Bx"])[0], 250, "MAIL with ENVID")
        for recipient in ("hopeless@bad.test", "fine@good.test", "lost@bad.test"):
            eq(session.rcpt(recipient)[0], 250, "RCPT")
        eq(session.data("From: <ann@source.test>\r\nTo: <hopeless@bad.test>\r\nSubject: the original's subject\r\n"
                        "X-Token: dsn\r\n\r\nthe body\r\n")[0], 250, "the message")
    good.wait_count(1)
    home.wait_count(1)
    eq(home.recipients(), ["ann@source.test"], "the report goes to")
    eq(home.senders(), [""], "the report comes from")
    dump = home.messages()[0]
    groups, original = check_report(dump, ["hopeless@bad.test", "lost@bad.test"], "5.")
    eq(str(groups[0]["Original-Envelope-Id"]), "QQ-1+x", "Original-Envelope-Id, decoded (RFC 3464 2.2.1)")
    for group in groups[1:]:
        check("mx.bad.test" in str(group["Remote-MTA"]), f"Remote-MTA: {group['Remote-MTA']}")
        check(str(group["Diagnostic-Code"]).startswith("smtp; 5"), f"Diagnostic-Code: {group['Diagnostic-Code']}")
    check("Subject: the original's subject" in original and "X-Token: dsn" in original, f"the original's header: {original}")
    check("the body" not in original, "RET=HDRS: no body")
    check("fine@good.test" not in dump, "no word of the delivered recipient")

    lab.send(relay, "ann@source.test", ["x@no-such-domain.test"])
    home.wait_count(2)
    check_report(next(text for text in home.messages() if "no-such-domain" in text), ["x@no-such-domain.test"], "5.1.2")
    relay.wait_empty()


run(test)
