#!/usr/bin/env python3
"""No threads left, at the start and while it runs: a clear word, no crash, nothing lost.

Set up: the daemon becomes a user that no other process has, whose number of threads is bounded (RLIMIT_NPROC, by
prlimit), from none to plenty. Proved: with too few it does not start, says what is lacking in one line, ends with 1
and leaves the spool as it was; with enough it starts. While it runs, all threads are taken away: mail goes on
through the threads that there are; mail for a mailbox, which needs a new one, waits; a reload that needs one is refused and
the daemon goes on; when there are threads again, everything arrives and the reload works.
"""
import pwd
import subprocess

from lab import check, eq, run, wait_for
from starved import threads

USER = "nsd"  # of the namespace's own /etc/passwd: no process of another test has it


def serve_with(lab, relay, limit):
    """What `waybill serve` says and ends with under that limit; None when it runs."""
    relay.command = ["prlimit", f"--nproc={limit}:{limit}", *COMMAND]
    relay.ready = None
    relay.log_path.unlink(missing_ok=True)
    relay.start()
    wait_for(lambda: not relay.running() or '"ready"' in relay.log() or " ready " in relay.log(), "it to start or to end")
    if relay.running():
        eq(relay.stop(), 0, "exit code of one that ran")
        return None
    return relay.child.returncode, relay.log()


def set_limit(relay, limit):
    """As the daemon's own user: root without CAP_SYS_RESOURCE may not do it to another's process."""
    subprocess.run(["setpriv", f"--reuid={USER}", f"--regid={pwd.getpwnam(USER).pw_gid}", "--clear-groups", "prlimit",
                    "--pid", str(relay.child.pid), f"--nproc={limit}:10000"], check=True)


def test(lab):
    global COMMAND
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\nhere MX 10 relay\nrelay A {net}.1\n"})
    sink = lab.sink("mx1", 11)
    mail = lab.dir / "mail"
    mail.mkdir()
    mail.chmod(0o777)
    home = f'[domain."here.test"]\nrole = "primary"\nmailboxes = "maildir:{mail}/{{user}}"\nusers = ["ann"]\n'
    relay = lab.waybill("relay", 1, home, top=f'user = "{USER}"', under=["prlimit", "--nproc=1000:10000"])
    COMMAND = relay.command[2:]
    eq(subprocess.run(["pgrep", "-cu", USER], capture_output=True, text=True, check=False).stdout.strip(), "1", "processes of the user")

    running = threads(relay)
    set_limit(relay, 1)
    lab.send(relay, "a@source.test", ["x@sink.test"], subject="through threads that there are")
    sink.wait_count(1)
    lab.send(relay, "a@source.test", ["ann@here.test"], subject="waits for a thread")
    wait_for(lambda: any(row["attempts"] > 0 for row in relay.open_recipients()), "mail for a mailbox to be put off")
    check("thread" in str(relay.open_recipients()[0]["last_reply"]), f"and why: {relay.open_recipients()}")
    relay.rewrite('dnssec = false', 'dnssec = false\ntimeout = "7s"')
    said = relay.cli("reload", codes=(1,))
    check("thread" in said, f"a reload that needs a thread is refused: {said}")
    eq(threads(relay), running, "threads")
    lab.send(relay, "a@source.test", ["y@sink.test"])
    sink.wait_count(2)

    set_limit(relay, 1000)
    wait_for(lambda: list(mail.glob("ann/new/*")), "the mailbox's mail to arrive", 30)
    relay.cli("reload")
    lab.send(relay, "a@source.test", ["z@sink.test"])
    sink.wait_count(3)
    sink.kill()
    lab.send(relay, "a@source.test", ["waiting@sink.test"])
    eq(relay.stop(), 0, "exit code")

    started = None
    for limit in [1, 2, 3, 5, 8, 12, 16, 20, 24, 40]:
        ended = serve_with(lab, relay, limit)
        if ended is None:
            started = limit
            break
        code, log = ended
        eq(code, 1, f"exit code with {limit} threads: {log}")
        words = [line for line in log.splitlines() if line.startswith("waybill serve: ")]
        eq(len(words), 1, f"one line says why with {limit} threads: {log}")
        check("cannot start a thread" in words[0], words[0])
    print(f"{running} threads when it runs; starts with a limit of {started}")
    check(started is not None and started > running, f"it starts with enough: {started}")
    relay.command = COMMAND
    relay.start()
    wait_for(lambda: "control.sock" in " ".join(map(str, relay.data_dir.iterdir())), "the daemon")
    sink = lab.sink("again", 11)
    wait_for(lambda: "waiting@sink.test" in sink.recipients(), "what waited through all of it", 30)


run(test, needs=["root"])
