"""daemon.py: one waybill of a capacity run: its start and end by the clock, its memory, its control API."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import accounting
import mtas
from measure import Failure

MEGA = 1e6


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """`world` as in measure.py, with this daemon's own address."""

    def __init__(self, folder, world, limits=None, queue=None, tls=False):
        folder.mkdir()
        self.world = world
        self.mta = mtas.Waybill(folder, world, tls)
        self.mta.limits = self.mta.limits | (limits or {})
        self.mta.queue = queue or {}
        self.folder, self.child, self.group = folder, None, None

    def take_spool(self, data):
        """Begins with a copy of another waybill's data folder (it is not running): files that RocksDB never changes
        are linked, so that a million messages cost no time."""
        def link(source, target):
            if source.endswith((".sst", ".blob")):
                os.link(source, target)
            else:
                shutil.copy2(source, target)
        shutil.copytree(data, self.folder / "data", copy_function=link, ignore=shutil.ignore_patterns("control.sock"))

    def start(self):
        """Seconds from the start of the process until mail is taken (the banner), and until its API answers."""
        self.group = accounting.CpuGroup("mta")
        begin = time.monotonic()
        with open(self.folder / "mta.log", "ab") as log:
            self.child = self.mta.start(self.group.join, log)
        self.group.child_pid = self.child.pid
        taken = answered = None
        while taken is None or answered is None:
            if self.child.poll() is not None:
                raise Failure(f"waybill ended with {self.child.returncode}")
            if time.monotonic() - begin > 300:
                raise Failure("waybill does not answer within 300 s")
            taken = taken or self._since(begin, self._banner)
            answered = answered or self._since(begin, self.status)
            time.sleep(0.002)
        return round(taken, 3), round(answered, 3)

    @staticmethod
    def _since(begin, question):
        try:
            return time.monotonic() - begin if question() else None
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def _banner(self):
        with socket.create_connection((self.world.mta_ip, self.world.mx_port), timeout=5) as connection:
            return connection.recv(100).startswith(b"220")

    def status(self):
        connection = UnixConnection(self.folder / "data/control.sock")
        connection.request("GET", "/v1/status")
        status = json.loads(connection.getresponse().read())
        connection.close()
        return status

    def wait_status(self, good, stands_still_s=120):
        """The first status that is `good`; fails when the counters stand still for so long."""
        last, since = None, time.monotonic()
        while True:
            status = self.status()
            if good(status):
                return status
            now = [status[key] for key in ("accepted", "deferred", "delivered", "recipients_queued", "transactions")]
            if now != last:
                last, since = now, time.monotonic()
            if time.monotonic() - since > stands_still_s:
                raise Failure(f"waybill stands still: {status}")
            time.sleep(0.2)

    def resident_mb(self):
        """(now, the most so far) in 10^6 octets, by the kernel's count (VmRSS, VmHWM)."""
        text = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        kb = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if line.startswith(("VmRSS", "VmHWM"))}
        return tuple(round(kb[key] * 1024 / MEGA, 1) for key in ("VmRSS", "VmHWM"))

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.child.pid}/clear_refs").write_text("5")

    def cli(self, *words):
        """Runs a verb; returns (milliseconds, what it printed)."""
        begin = time.perf_counter()
        done = subprocess.run([self.world.binary, *words, "--config", self.folder / "waybill.toml"], capture_output=True,
                              text=True, check=False)
        took = (time.perf_counter() - begin) * 1e3
        if done.returncode != 0:
            raise Failure(f"waybill {' '.join(words)}: {done.stderr.strip()}")
        return took, done.stdout

    def end(self, how=signal.SIGTERM):
        """Seconds that it took to end."""
        begin = time.monotonic()
        self.child.send_signal(how)
        self.child.wait(120)
        took = time.monotonic() - begin
        self.group.close()
        return round(took, 3)
