#!/usr/bin/env python3
"""`waybill send`, also as a link named sendmail, takes a message on stdin and hands it to the daemon.

Proved: -t takes the recipients from To, Cc and Bcc and drops Bcc, folded too; -f sets the reverse-path, `-f <>` the
null one; -oi keeps a lone dot, and without it a lone dot ends the message; missing Date, From and Message-ID
are added, present ones kept; exit codes are sysexits': 0, 64 usage, 65 bad address, 67 no such user, 75 no
daemon, 78 bad --config.
"""
import subprocess

from lab import BINARY, check, eq, run


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    relay = lab.waybill("relay", 1, f'[domain."home.test"]\nrole = "primary"\nusers = ["john"]\n'
                                    f'mailboxes = "maildir:{lab.dir}/boxes/{{domain}}/{{user}}"\n')
    sendmail = lab.dir / "sendmail"
    sendmail.symlink_to(BINARY)

    def send(program, *arguments, text="Subject: x\n\nhello\n"):
        done = subprocess.run([*program, *arguments], input=text, text=True, capture_output=True, check=False,
                              timeout=60, env={"WAYBILL_CONFIG": str(relay.config_path), "PATH": "/usr/bin:/bin"})
        return done.returncode

    def arrived(recipient, count):
        sink.wait_count(count)
        return next(text for text in sink.messages() if recipient in text).split("X-Rcpt-Args", 1)[1]

    eq(send([BINARY, "send"], "-f", "ann@source.test", "one@sink.test"), 0, "exit of waybill send")
    text = arrived("one@sink.test", 1)
    for field in ("Date: ", "From: ", "Message-ID: <", "Subject: x"):
        eq(text.count("\n" + field), 1, f"fields {field!r} in:\n{text}")

    eq(send([sendmail], "-oi", "-t", "-f", "ann@source.test",
            text="To: Two <two@sink.test>\nCc: \"A, B\" <three@sink.test>\nBcc: four@sink.test,\n  five@sink.test\n"
                 "Message-ID: <own@source.test>\nSubject: secret\n\nbefore\n.\nafter\n"), 0, "exit of sendmail -t")
    text = arrived("two@sink.test", 5)
    eq(sorted(sink.recipients()), sorted(f"{user}@sink.test" for user in ("one", "two", "three", "four", "five")), "recipients")
    for dump in sink.messages():
        head, _, message = dump.partition("\nReceived:")  # smtp-sink's own lines name the envelope
        check("Bcc" not in message and "five@" not in message, f"Bcc and what is in it is dropped:\n{message}")
        check("four@" not in message, f"nobody named in Bcc is told anywhere:\n{message}")
    check("\nafter\n" in text.replace("\r\n", "\n"), "the text behind a lone dot is kept")
    eq(text.count("Message-ID: "), 1, "Message-ID fields")
    check("<own@source.test>" in text, "the program's Message-ID stays")

    eq(send([sendmail], "-f", "<>", "six@sink.test", text="Subject: dot\n\nbefore\n.\nafter\n"), 0, "exit with -f <>")
    text = arrived("six@sink.test", 6)
    check("after" not in text, "without -i a lone dot ends the message")
    eq(sink.senders().count(""), 1, "null senders")

    eq(send([sendmail], "-f", "ann@source.test"), 64, "exit without recipients")
    eq(send([sendmail], "-t", text="Subject: to nobody\n\nhello\n"), 64, "exit with -t and none in the header")
    eq(send([sendmail], "--no-such-option", "x@sink.test"), 64, "exit for an unknown option")
    eq(send([sendmail], "two words@@sink.test"), 65, "exit for a bad address")
    eq(send([sendmail], "nobody@home.test"), 67, "exit for an unknown user of ours")
    eq(send([sendmail], "-bs"), 69, "exit for a mode that is not ours")
    eq(send([BINARY, "send"], "--config", "/nonexistent/waybill.toml", "x@sink.test"), 78, "exit for a bad --config")
    eq(len(sink.recipients()), 6, "recipients after the refused ones")
    relay.stop()
    eq(send([sendmail], "-f", "ann@source.test", "x@sink.test"), 75, "exit without a daemon")


run(test)
