#!/usr/bin/env python3
"""Clients that drip one octet now and then, at every stage of a session, for ever: none keeps its place.

Set up: command_timeout 1 s, session_deadline 3 s, four clients at each of twelve stages, all at once. Proved: every one
is hung up on, the patient ones with 421; nothing of theirs is accepted and the spool holds nothing of it; beside
them mail is taken and delivered; the processor is idle under them, and the memory small.
"""
from drip import DripClient
from lab import check, eq, run, wait_for
from peer import Load, check_once
from starved import check_idle, memory_mib, wait_sessions

HELLO, MAIL, RCPT = b"EHLO c.test\r\n", b"MAIL FROM:<a@source.test>\r\n", b"RCPT TO:<x@sink.test>\r\n"
STAGES = {  # what is said properly, and what then drips without end
    "before the banner": (None, b"EHLO c.test"),
    "EHLO": ([], b"EHLO " + b"x" * 1000),
    "commands": ([HELLO], b"NOOP\r\n"),
    "MAIL": ([HELLO], b"MAIL FROM:<" + b"x" * 1000),
    "RCPT": ([HELLO, MAIL], b"RCPT TO:<" + b"x" * 1000),
    "DATA": ([HELLO, MAIL, RCPT], b"DATA" + b" " * 1000),
    "a header": ([HELLO, MAIL, RCPT, b"DATA\r\n"], b"X: y\r\n"),
    "a body": ([HELLO, MAIL, RCPT, b"DATA\r\n", ], b"\r\ntext\r\n"),
    "one line": ([HELLO, MAIL, RCPT, b"DATA\r\n"], b"x"),
    "a chunk": ([HELLO, MAIL, RCPT], b"BDAT 1000000 LAST\r\n" + b"x" * 1000),
    "chunks of one octet": ([HELLO, MAIL, RCPT], b"BDAT 1\r\nx"),
    "a TLS handshake": ([HELLO, b"STARTTLS\r\n"], b"\x16\x03\x01\x40\x00\x01" + b"\0" * 1000),
}


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    cert, key = lab.certificate("relay.test")
    relay = lab.waybill("relay", 1, f'[limits]\ncommand_timeout = "1s"\nsession_deadline = "3s"\n'
                                    f'[tls]\ncertificate = "{cert}"\nkey = "{key}"\n')
    before = memory_mib(relay)
    drips = [(name, DripClient(relay.ip, lab.mx_port, says or [], endless, at_once=says is None))
             for name, (says, endless) in STAGES.items() for _ in range(4)]
    load = Load(lab, relay.ip, 50, sessions=5).wait()
    eq(len(load.accepted), 50, f"accepted beside them; refused: {load.refused[:3]}")
    check_idle(relay, "under 48 clients that drip")
    for name, client in drips:
        wait_for(lambda: client.ended, f"the client that drips {name} to be hung up on")
    for name, client in drips:
        if name not in ("before the banner", "a TLS handshake"):
            check(b"\r\n421 4.4.2 " in client.heard, f"{name}: 421 is the last word: {client.heard[-200:]}")
    wait_sessions(relay, 0)
    after = memory_mib(relay)
    check(after - before < 32, f"memory: {before:.0f} MiB before, {after:.0f} after")
    relay.wait_empty()
    check_once(load, sink.tokens())
    eq(len(sink.messages()), 50, "nothing of theirs arrived")


run(test)
