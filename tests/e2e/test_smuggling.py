#!/usr/bin/env python3
"""SMTP smuggling (CVE-2023-51764 and kin): no line end but CRLF ends a message, on either side of waybill.

Set up: for each way to write an end of data that is none, one raw session sends a message with it in the
middle, followed by a whole second transaction as text, to waybills with `bare_newline` reject and replace, and by
BDAT; a real Postfix is the next hop. Proved: never does more than one message arrive for one sent, never one
from the smuggled sender; with reject the answer is 5yz; after the attack the daemon goes on.
"""
import socket

from lab import check, eq, run, wait_for

ENDS = {
    "lf-dot-lf": b"\n.\n", "lf-dot-crlf": b"\n.\r\n", "crlf-dot-lf": b"\r\n.\n", "cr-dot-cr": b"\r.\r",
    "cr-dot-crlf": b"\r.\r\n", "crlf-dot-cr": b"\r\n.\r", "cr-dot-lf": b"\r.\n", "lf-dot-cr": b"\n.\r",
    "crcrlf-dot-crlf": b"\r\r\n.\r\n", "crlf-dot-crcrlf": b"\r\n.\r\r\n", "nul": b"\r\n\0.\r\n", "crlf-dot-nul": b"\r\n.\0\r\n",
}


class Raw:
    def __init__(self, lab, ip):
        self.socket = socket.create_connection((ip, lab.mx_port), timeout=20)
        self.lines = self.socket.makefile("rb")
        self.reply()
        self.say(b"EHLO smuggler.test\r\n")

    def reply(self):
        while True:
            line = self.lines.readline()
            if not line or line[3:4] != b"-":
                return line

    def say(self, octets):
        self.socket.sendall(octets)
        return self.reply()

    def begin(self, recipient):
        check(self.say(b"MAIL FROM:<honest@source.test>\r\n").startswith(b"250"), "MAIL")
        check(self.say(f"RCPT TO:<{recipient}>\r\n".encode()).startswith(b"250"), "RCPT")


def text_with(end, name):
    return (f"Subject: outer {name}\r\n\r\nbefore".encode() + end +
            b"MAIL FROM:<evil@smuggled.test>\r\nRCPT TO:<victim@right.test>\r\nDATA\r\n"
            + f"Subject: smuggled {name}\r\n\r\nsmuggled".encode())


def test(lab):
    lab.dns({"test": "right MX 10 mx.right\nmx.right A {net}.12\n"}, server="nsd")
    right = lab.postfix("right", 12, ["right.test"], {"smtpd_forbid_bare_newline": "no"})
    hosts = {"reject": lab.waybill("reject", 1),
             "replace": lab.waybill("replace", 2, '[limits]\nbare_newline = "replace"\n')}
    expected = 0
    for mode, host in hosts.items():
        for way in ("data", "bdat"):
            for name, end in ENDS.items():
                if way == "data" and b"\r\n.\r\n" in end:
                    continue  # there it is the end
                name = f"{mode}-{way}-{name}"
                text = text_with(end, name)
                raw = Raw(lab, host.ip)
                raw.begin("victim@right.test")
                if way == "data":
                    check(raw.say(b"DATA\r\n").startswith(b"354"), "DATA")
                    answer = raw.say(text + b"\r\n.\r\n")
                else:
                    text += b"\r\n"
                    answer = raw.say(f"BDAT {len(text)} LAST\r\n".encode() + text)
                check(answer[:1] in b"25", f"{name}: an answer: {answer}")
                # The very next reply belongs to this command: nothing of the text was taken for one.
                check(raw.say(b"NOOP\r\n").startswith(b"250"), f"{name}: one reply to one command")
                check(raw.say(b"XYZZY\r\n").startswith(b"500"), f"{name}: one reply to one command")
                raw.socket.close()
                expected += answer.startswith(b"250")
                bare = end.replace(b"\r\n", b"")
                if mode == "reject" and (b"\r" in bare or b"\n" in bare):
                    check(answer.startswith(b"5"), f"{name}: refused: {answer}")
        lab.send(host, "honest@source.test", ["last@right.test"], subject=f"outer {mode} last")
        expected += 1
    for host in hosts.values():
        host.wait_empty(60)
    wait_for(lambda: len(right.messages()) >= expected, f"{expected} messages at Postfix")
    wait_for(lambda: right.queued() == 0, "Postfix to be idle")
    messages = right.messages()
    eq(len(messages), expected, "messages at Postfix, one for each 250")
    for text in messages:
        header = text.split("\n\n", 1)[0]
        check("Subject: outer" in header and "smuggled" not in header, f"no smuggled message:\n{header}")
        check("Return-Path: <honest@source.test>" in header, f"the sender is the honest one:\n{header}")


run(test, needs=["postfix"])
