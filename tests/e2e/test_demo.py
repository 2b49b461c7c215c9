#!/usr/bin/env python3
"""`waybill demo` keeps its word: it ends by itself with a balanced account, and what it says to look at can be
looked at.

Proved: exit code 0 within a bound; every letter that was sent is in a mailbox, none missing, none twice;
each host's ledger balances; no process of it stays. With --keep every command line that it prints exits with 0 and
answers; it stays until SIGINT or SIGTERM, then ends with 0 and leaves no file behind.
"""
import os
import pathlib
import re
import shlex
import signal
import subprocess

from actors import Process
from checks import SLOWER
from lab import check, eq, run, wait_for

HOSTS = {"backup1.safe.test", "backup2.safe.test", "mail.hosting.test", "mail.sender.test", "mx1.town.test",
         "mx2.town.test", "plain.test"}
BOUND_S = 120  # it waits for nothing longer than 30 s, and says so with an error; all of it takes seconds


def balanced(told):
    """The account says that nothing is lost, and its own numbers agree."""
    total = re.search(r"(\d+) letters were sent\. In mailboxes, read from disk: (\d+); missing: (\d+); twice: (\d+)\.", told)
    check(total, f"the account:\n{told}")
    sent, found, missing, twice = map(int, total.groups())
    check(sent > 0, "letters were sent")
    eq((found, missing, twice), (sent, 0, 0), "found, missing, twice")
    rows = re.findall(r"^ +(\S+) +accepted +(\d+): delivered +(\d+), bounced +(\d+), still open (\d+)(.*)$", told, re.M)
    eq({row[0] for row in rows}, HOSTS, "hosts in the account")
    for name, accepted, delivered, bounced, still_open, rest in rows:
        eq(int(accepted), int(delivered) + int(bounced) + int(still_open), f"the account of {name}")
        eq(rest, "", f"the end of the line of {name}")
    check("Every letter is accounted for" in told, f"the last word:\n{told}")


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def look_around(lab, told):
    """Runs what the demo says to run, as a shell would; returns {first words behind the program: output}."""
    found = {}
    for line in re.findall(r"^ +(?:Ask it yourself: +)?(\S*waybill'? (?:lookup|route|queue|status|trace)\b.*)$", told, re.M):
        program, *words = shlex.split(line)
        check(program == "waybill" or os.path.samefile(program, lab.binary), f"{line} calls this very program")
        found[" ".join(words[:2])] = lab.waybill_cli(*words)
    return found


def ends_by_itself(lab):
    done = subprocess.run([lab.binary, "demo"], capture_output=True, text=True, timeout=BOUND_S * SLOWER, check=False,
                          stdin=subprocess.DEVNULL)
    eq(done.returncode, 0, f"exit code:\n{done.stdout}{done.stderr}")
    eq(done.stderr, "", "what it complains of")
    balanced(done.stdout)


def stays_until(lab, number):
    demo = Process(lab, f"demo-{number.name}", [lab.binary, "demo", "--keep"])
    wait_for(lambda: "Everything keeps running until" in demo.log() or not demo.running(), "the end of the story", 100)
    check(demo.running(), f"--keep keeps it running:\n{demo.log()}")
    balanced(demo.log())
    folder = pathlib.Path(re.search(r"its files are in (\S+)\.$", demo.log(), re.M)[1])
    check(folder.is_dir(), f"{folder} is there")
    found = look_around(lab, demo.log())
    eq(sorted(found), ["lookup town.test", "queue list", "route bob@town.test", "status --config"], "what there is to look at")
    for host in ("mx1.town.test", "mx2.town.test", "backup1.safe.test"):
        check(host in found["lookup town.test"], f"lookup names {host}: {found['lookup town.test']}")
    check("mx2.town.test" in found["route bob@town.test"] and "bogus" not in found["route bob@town.test"],
          f"route takes the other primary: {found['route bob@town.test']}")
    check("mail.sender.test" in found["status --config"], f"status of the sender: {found['status --config']}")
    eq(found["queue list"].strip(), "The queue is empty.", "the queue of a backup")
    processes = children(demo.child.pid)
    eq(len(processes), len(HOSTS) + 1, "its hosts and its name server")
    demo.signal(number)
    eq(demo.child.wait(timeout=20 * SLOWER), 0, f"exit code after {number.name}")
    check(not folder.exists(), f"{folder} is gone")
    for pid in processes:
        check(not pathlib.Path(f"/proc/{pid}").exists(), f"process {pid} of the demo is gone")


def test(lab):
    ends_by_itself(lab)
    stays_until(lab, signal.SIGINT)
    stays_until(lab, signal.SIGTERM)


run(test)
