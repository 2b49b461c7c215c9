#!/usr/bin/env python3
"""Started as root, the daemon binds port 25, becomes `user` for good, and works: queue, keys, reload.

Set up: as root in the namespace, `user = "nobody"`, a TLS key that root alone can read, port 25. Proved: every
uid and gid in /proc/PID/status is nobody's, no capability and no supplementary group of root is left, in every thread;
mail waits on disk, survives a restart and is delivered; STARTTLS works; a reload applies, and one that would
need root is refused as a whole.
"""
import pwd
import pathlib

from lab import check, eq, run, wait_for


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    cert, key = lab.certificate("relay.test")
    key.chmod(0o600)
    relay = lab.waybill("relay", 1, f'[tls]\ncertificate = "{cert}"\nkey = "{key}"\n', top='user = "nobody"')
    eq(lab.mx_port, 25, "the port")
    nobody = pwd.getpwnam("nobody")
    for status in pathlib.Path(f"/proc/{relay.child.pid}/task").glob("*/status"):
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        eq(fields["Uid"].split(), [str(nobody.pw_uid)] * 4, f"uids in {status}")
        eq(fields["Gid"].split(), [str(nobody.pw_gid)] * 4, f"gids in {status}")
        check("0" not in fields["Groups"].split(), f"root's group in {status}")
        for name in ("CapPrm", "CapEff", "CapAmb", "CapInh"):
            eq(int(fields[name], 16), 0, f"{name} in {status}")
    owners = {path.stat().st_uid for path in relay.data_dir.rglob("*")} | {relay.data_dir.stat().st_uid}
    eq(owners, {nobody.pw_uid}, "owners of the spool")

    with lab.smtp(relay) as session:
        session.starttls()
        session.ehlo()
    lab.send(relay, "a@source.test", ["x@sink.test"])
    wait_for(lambda: len(relay.open_recipients()) == 1, "one to wait")
    eq(relay.stop(), 0, "exit code")
    relay.start()
    eq(len(relay.open_recipients()), 1, "waiting after a restart")
    relay.config_path.write_text(relay.config_path.read_text() + '[limits]\nmessage_size = "1 MiB"\n')
    check("limits" in relay.cli("reload"), "the reload applies")
    with lab.smtp(relay) as session:
        session.ehlo()
        eq(session.esmtp_features["size"], "1048576", "SIZE after the reload")
        session.starttls()
        session.ehlo()
    good = relay.config_path.read_text()
    relay.config_path.write_text(good + f'[[listener]]\naddress = "{lab.ip(2)}:25"\n')
    said = relay.cli("reload", codes=(1,))
    check(f"{lab.ip(2)}:25" in said and "denied" in said, f"a new port below 1024 is refused, and why is said:\n{said}")
    relay.config_path.write_text(good)
    sink = lab.sink("mx1", 11)
    sink.wait_count(1)
    relay.wait_empty()


run(test, needs=["root"])
