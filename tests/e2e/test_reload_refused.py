#!/usr/bin/env python3
"""A bad configuration is refused with its place, and the old one stays in force, all of it.

Set up: a running daemon; files with an unknown key, a bad value, broken TOML, a listener whose port is taken.
Proved: `waybill reload` exits with 1 and prints file:line:column of every error; after it, and after SIGHUP
with the same file, a setting that the bad file also changes is the old one and mail flows; a good file then
applies.
"""
import signal
import socket

from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    relay = lab.waybill("relay", 1)
    good = relay.config_path.read_text()
    lines = good.count("\n")
    taken = socket.create_server((lab.ip(1), 0))
    changed = '\n[limits]\nmessage_size = "1 MiB"\n'  # lines + 2 and + 3
    bad = {
        "unknown key": (changed + "sesions = 5\n", f":{lines + 4}:1: error:"),
        "bad value": (changed + 'command_timeout = "soon"\n', f":{lines + 4}:"),
        "broken TOML": (changed + "[domain\n", f":{lines + 4}:"),
        "port taken": (changed + f'[[listener]]\naddress = "{lab.ip(1)}:{taken.getsockname()[1]}"\n', f"{taken.getsockname()[1]}"),
        "no such certificate": (changed + '[tls]\ncertificate = "/nonexistent/x.pem"\nkey = "/nonexistent/x.key"\n', "/nonexistent/x"),
    }

    def size():
        with lab.smtp(relay) as session:
            session.ehlo()
            return session.esmtp_features["size"]

    for what, (text, place) in bad.items():
        relay.config_path.write_text(good + text)
        said = relay.cli("reload", codes=(1,))
        check(str(relay.config_path) in said and place in said, f"{what}: says file and {place}:\n{said}")
        eq(size(), str(50 * 1024 * 1024), f"SIZE after a refused reload ({what})")
        refusals = relay.log().count("reload refused")
        relay.signal(signal.SIGHUP)
        wait_for(lambda: relay.log().count("reload refused") > refusals, f"the log to say so after SIGHUP ({what})")
        eq(size(), str(50 * 1024 * 1024), f"SIZE after a refused SIGHUP ({what})")
        check(relay.running(), "the daemon goes on")
    lab.send(relay, "a@source.test", ["x@sink.test"])
    sink.wait_count(1)
    relay.config_path.write_text(good + changed)
    relay.signal(signal.SIGHUP)
    wait_for(lambda: size() == str(1024 * 1024), "a good file to apply at SIGHUP")


run(test)
