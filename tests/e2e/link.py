"""link.py: a host of its own: a network namespace joined to ours by a veth pair, whose link can be set down.

Only within the laboratory's namespaces (tools/peers.sh exec): all of it is gone with the test.
"""
import re
import subprocess

from actors import Process
from checks import check, wait_for

OURS, THEIRS = "10.99.0.1", "10.99.0.2"
#: A second one of ours: another backup beside the first.
OURS_TOO = "10.99.0.3"


class FarHost:
    """The other end. `under` is a command prefix that runs a program there."""

    def __init__(self, lab):
        self.process = Process(lab, "far", ["unshare", "--net", "sleep", "infinity"])
        self.pid = str(self.process.child.pid)
        self.under = ["nsenter", "--target", self.pid, "--net"]
        ours = subprocess.run(["readlink", "/proc/self/ns/net"], capture_output=True, text=True, check=True).stdout
        theirs = lambda: subprocess.run(["readlink", f"/proc/{self.pid}/ns/net"], capture_output=True, text=True,
                                        check=True).stdout
        wait_for(lambda: theirs() != ours, "the far host's namespace")
        self._ip("link", "add", "near0", "type", "veth", "peer", "name", "far0")
        self._ip("link", "set", "far0", "netns", self.pid)
        for address in (OURS, OURS_TOO):
            self._ip("addr", "add", f"{address}/24", "dev", "near0")
        self._ip("link", "set", "near0", "up")
        self._ip("link", "set", "lo", "up", there=True)
        self._ip("addr", "add", f"{THEIRS}/24", "dev", "far0", there=True)
        self.up()

    def _ip(self, *words, there=False):
        subprocess.run([*(self.under if there else []), "ip", *words], check=True)

    def down(self):
        """Its cable is pulled: nothing that is sent there is answered."""
        self._ip("link", "set", "far0", "down", there=True)

    def up(self):
        self._ip("link", "set", "far0", "up", there=True)


def log_times(text, pattern):
    """The times (seconds, of one day) of the log lines that match: waybill's and Postfix's both name them."""
    found = []
    for line in text.splitlines():
        if not re.search(pattern, line):
            continue
        stamp = re.search(r"(\d\d):(\d\d):(\d\d)(\.\d+)?", line)
        check(stamp, f"a time in {line!r}")
        hours, minutes, seconds, part = stamp.groups()
        found.append(int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(part or 0))
    return sorted(found)


def check_rate(times, rate, burst, in_flight):
    """In no window did more arrive than the bucket lets begin: rate * its length + burst. What was under way may arrive
    together when a machine stalls: at most one message a connection (`in_flight`)."""
    for length in (1, 2, 5):
        for first, begin in enumerate(times):
            inside = sum(1 for time in times[first:first + 2000] if time < begin + length)
            allowed = rate * length + burst + in_flight
            check(inside <= allowed, f"{inside} messages within {length} s, {allowed} are allowed")
