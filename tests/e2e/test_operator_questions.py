#!/usr/bin/env python3
"""What an operator is told is what is so: why, retry, release, reload, send, and a second daemon.

Set up: a next hop where nobody listens, later one that takes mail. Proved: a refused connection is a failure, not
somebody's answer; `retry` names what is held, `release` counts only that; an ended recipient has the attempts it had;
a key that needs a restart is named until it is as it was at the start; mail that SMTP would refuse is refused on the
control socket; a second daemon on the same spool says so and nothing else.
"""
import subprocess

from checks import SLOWER
from lab import check, eq, run, wait_for


def send(relay, text):
    done = subprocess.run([relay.lab.binary, "send", "--config", relay.config_path, "x@down.test"], input=text,
                          capture_output=True, timeout=60 * SLOWER, check=False)
    return done.returncode, done.stderr.decode()


def looks_at_failures(lab, relay):
    ids = [lab.message_id(lab.send(relay, "ann@source.test", [f"{name}@down.test"])) for name in "ab"]
    wait_for(lambda: [row["attempts"] for row in relay.open_recipients()] == [1, 1], "both to be tried")
    why = relay.cli("queue", "why", ids[0])
    check("mx.down.test failed: 4" in why and "was answered" not in why, f"nobody answered:\n{why}")
    relay.cli("queue", "hold", "--to", "a@down.test", "--yes")
    said = relay.cli("queue", "retry", "--to", "a@down.test", "--yes")
    check("1 is held: release it first" in said and "so already" not in said, f"a held one is no success:\n{said}")
    said = relay.cli("queue", "release", "--all", codes=(4,))
    check("release: 1 recipient" in said, f"one is held:\n{said}")
    sink = lab.sink("down", 11)
    relay.cli("queue", "release", "--all", "--yes")
    relay.cli("queue", "retry", "--all", "--yes", codes=(0, 1))  # 1: the host's return was noticed already
    sink.wait_count(2)
    relay.wait_empty()
    for ident in ids:
        ended = relay.cli_json("queue", "why", ident)[0]["recipients"]
        check(ended[0]["state"] == "delivered" and ended[0]["attempts"] >= 2, f"it was tried twice: {ended}")


def reloads(relay):
    relay.rewrite("threads = 2", "threads = 3")
    for what in ("the first", "the second"):
        said = relay.cli_json("reload")[0]
        eq(said["restart_needed"], ["threads"], f"after {what} reload")
    relay.rewrite("threads = 3", "threads = 2")
    eq(relay.cli_json("reload")[0]["restart_needed"], [], "once it is as it was")


def injects(relay):
    for text, word in ((b"Subject: x\n\nnu\0l\n", "NUL"), (b"Subject: x\n\n" + b"x" * 200_000 + b"\n", "longer than"),
                       (b"Received: from a by b\n" * 150 + b"\nx\n", "circles")):
        code, said = send(relay, text)
        eq(code, 65, f"exit code for {word}")
        check(said.startswith("waybill send: ") and word in said, f"why: {said}")
    eq(relay.open_recipients(), [], "nothing of it was taken")


def second_daemon(lab, relay):
    text = relay.config_path.read_text().replace(relay.ip, lab.ip(2)) + f'[control]\nsocket = "{lab.dir}/second.sock"\n'
    path = lab.dir / "second.toml"
    path.write_text(text)
    said = lab.waybill_cli("serve", "--config", path, codes=(1,))
    check("another waybill has this spool open" in said, f"why not:\n{said}")
    check("stopped" not in said and "IO error" not in said, f"nothing else:\n{said}")


def test(lab):
    lab.dns({"test": "down MX 10 mx.down\nmx.down A {net}.11\n"})
    relay = lab.waybill("relay", 1, queue='retry_first = "1h"\nretry_max = "4h"')
    looks_at_failures(lab, relay)
    reloads(relay)
    injects(relay)
    second_daemon(lab, relay)
    relay.verify_custody()


run(test)
