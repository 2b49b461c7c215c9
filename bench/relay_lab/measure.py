#!/usr/bin/env python3
"""measure.py: one MTA (or none: the baseline) under one load, once. Run by bench/relay, as root in namespaces
of its own; takes its task as JSON and prints one line of JSON.

A first hundred messages warm everything up, a second load of about a second tells the rate, and the third,
as long as asked, is the one measured: from the first connection until the sink has received the last message.
"""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import accounting  # noqa: E402
import cases  # noqa: E402
import mtas  # noqa: E402

World = collections.namedtuple("World", "binary mta_ip mx_port dns_endpoint cert key")
Tools = collections.namedtuple("Tools", "smtp_source smtp_sink smtp_load root")
WARM_MESSAGES = 100
COUNT_MAX = 200_000


class Failure(Exception):
    pass


def listens(ip, port):
    try:
        with socket.create_connection((ip, port), timeout=1):
            return True
    except OSError:
        return False


def wait_listens(child, ip, port, name):
    deadline = time.monotonic() + 20
    while not listens(ip, port):
        if child.poll() is not None:
            raise Failure(f"{name} ended with {child.returncode}")
        if time.monotonic() > deadline:
            raise Failure(f"{name} does not listen on {ip}:{port}")
        time.sleep(0.02)


class Sink:
    """The receiving end; it writes a running counter, whose last value is read without asking it anything."""

    def __init__(self, command, environment, folder, ip, port):
        self.path = folder / "sink.count"
        self.group = accounting.CpuGroup("sink")
        with open(self.path, "wb") as out, open(folder / "sink.log", "wb") as log:
            self.child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                          env=environment, preexec_fn=self.group.join)
        self.group.child_pid = self.child.pid
        wait_listens(self.child, ip, port, "the sink")

    def last(self):
        """The counters of its last line: mesg, and of our own sink tls and resumed."""
        with open(self.path, "rb") as file:
            file.seek(max(0, os.path.getsize(self.path) - 400))
            lines = [line for line in file.read().split(b"\r")[:-1] if b"mesg=" in line]
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", lines[-1].decode())} if lines else {}

    def wait_count(self, count, timeout_s, alive):
        """Returns when that many messages have come; fails when none comes for so long. A pause of the whole machine
        counts as no time."""
        seen, idle_s, last = -1, 0.0, time.monotonic()
        while True:
            now, messages = time.monotonic(), self.last().get("mesg", 0)
            if messages >= count:
                return now
            idle_s = 0.0 if messages > seen else idle_s + min(now - last, 1)
            seen, last = max(seen, messages), now
            if idle_s > timeout_s:
                raise Failure(f"only {messages} of {count} messages arrived; none for {timeout_s:.0f} s")
            if not alive():
                raise Failure(f"the MTA ended, after {messages} of {count} messages")
            time.sleep(0.005)


class Run:
    def __init__(self, task, case=None):
        self.task, self.case = task, case or cases.ALL[task["case"]]
        self.root = os.environ.get("WAYBILL_NAMESPACE") == "1"
        self.folder = pathlib.Path(task["folder"])
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        base = "127.10.10" if self.root else "127.77.77"
        self.mta_ip, self.sink_ip = f"{base}.1", f"{base}.11"
        self.port = 25 if self.root else self._free_port()
        dns = ("127.0.0.1", 5300) if self.root else (f"{base}.53", self._free_port())
        self.world = World(task["binary"], self.mta_ip, self.port, f"{dns[0]}:{dns[1]}", task["cert"], task["key"])
        self.tools = Tools("smtp-source", "smtp-sink", task["smtp_load"], self.root)
        self.environment = dict(os.environ) | task["environment"]
        self.children, self.sent = [], 0
        self.dns_group = self.group = self.sink_group = self.mta = self.child = None

    def _free_port(self):
        with socket.socket() as probe:
            probe.bind(("0.0.0.0", 0))
            return probe.getsockname()[1]

    def more_names(self):
        """Lines of the zone: the case's own destinations."""
        return "".join(f"d{n}.sink MX 10 mx.sink\n" for n in range(self.case.domains if self.case.domains > 1 else 0))

    def start_dns(self):
        ip, port = self.world.dns_endpoint.split(":")
        zone = self.folder / "test.zone"
        zone.write_text("$ORIGIN test.\n$TTL 300\n@ SOA ns.test. hostmaster.test. 1 60 60 3600 300\n@ NS ns\n"
                        f"ns A {ip}\nsink MX 10 mx.sink\nmx.sink A {self.sink_ip}\nmta.bench A {self.mta_ip}\n"
                        f"source A 127.0.0.1\n{self.more_names()}")
        more = "\n  ip-address: 127.0.0.1@53" if self.root else ""
        config = self.folder / "nsd.conf"
        config.write_text(
            f'server:\n  ip-address: {ip}@{port}{more}\n  username: ""\n  chroot: ""\n  zonesdir: "{self.folder}"\n'
            f'  database: ""\n  pidfile: "{self.folder}/nsd.pid"\n  xfrdfile: "{self.folder}/xfrd"\n'
            f'  xfrdir: "{self.folder}"\n  zonelistfile: "{self.folder}/zones"\n  rrl-ratelimit: 0\n  server-count: 1\n'
            f'remote-control:\n  control-enable: no\nzone:\n  name: "test."\n  zonefile: "{zone}"\n')
        self.dns_group = accounting.CpuGroup("dns")
        with open(self.folder / "nsd.log", "wb") as log:
            child = subprocess.Popen(["nsd", "-d", "-c", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     env=self.environment, preexec_fn=self.dns_group.join)
        self.dns_group.child_pid = child.pid
        self.children.append(child)
        wait_listens(child, ip, int(port), "nsd")

    def start_mta(self):
        self.mta = mtas.ALL[self.task["mta"]](self.folder, self.world, self.case.tls)
        why = self.mta.available()
        if why:
            raise Failure(why)
        self.group = accounting.CpuGroup("mta")
        with open(self.folder / "mta.log", "wb") as log:
            self.child = self.mta.start(self.group.join, log)
        self.group.child_pid = self.child.pid
        self.children.append(self.child)
        wait_listens(self.child, self.mta_ip, self.port, self.mta.name)

    def load(self, sink, count):
        """Sends `count` messages and waits for the last; returns (seconds till sent, till received, tool's words)."""
        target = self.mta_ip if self.mta else self.sink_ip
        command = [str(part) for part in self.case.source(self.tools, count, f"{target}:{self.port}")]
        begin = time.monotonic()
        source = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, env=self.environment)
        try:
            # A slow MTA that is still accepting is no failure; one that stands still is.
            said, _ = source.communicate(timeout=self.task["timeout_s"])
        except subprocess.TimeoutExpired:
            source.kill()
            raise Failure(f"the load did not end within {self.task['timeout_s']} s") from None
        sent = time.monotonic()
        if source.returncode != 0:
            raise Failure(f"the load tool failed: {said.strip()[-300:]}")
        self.sent += count
        received = sink.wait_count(self.sent, 30, lambda: self.child is None or self.child.poll() is None)
        return sent - begin, received - begin, said.strip()

    def measure(self):
        sink = Sink(self.case.sink(self.tools, self.world, f"{self.sink_ip}:{self.port}"), self.environment,
                    self.folder, self.sink_ip, self.port)
        self.children.append(sink.child)
        self.sink_group = sink.group
        if self.task["mta"] != "none":
            self.start_dns()
            self.start_mta()
        _, seconds, _ = self.load(sink, WARM_MESSAGES)
        count = self.task["messages"]
        if not count:
            probe = max(50, min(int(WARM_MESSAGES / seconds), 20_000))
            _, seconds, _ = self.load(sink, probe)
            count = max(50, min(int(probe / seconds * self.task["seconds"]), COUNT_MAX))
        before = [group.cpu_s() if group else 0.0 for group in (self.group, self.dns_group, sink.group)]
        flushed = accounting.flushes(self.folder)
        accepted_s, received_s, said = self.load(sink, count)
        if flushed:
            flushed = accounting.flushes(self.folder)[0] - flushed[0]
        after = [group.cpu_s() if group else 0.0 for group in (self.group, self.dns_group, sink.group)]
        mta, dns, sunk = (b - a for a, b in zip(before, after))
        result = {
            "mta": self.task["mta"], "case": self.case.name, "messages": count,
            "seconds": round(received_s, 4), "rate": round(count / received_s, 1),
            "accept_rate": round(count / accepted_s, 1), "sink_counters": sink.last(),
        }
        if self.mta:
            result |= {"version": self.mta.version(), "sync": self.mta.sync, "cpu_method": self.group.method,
                       "cpu_ms": round(mta / count * 1e3, 4), "dns_cpu_ms": round(dns / count * 1e3, 4),
                       "resident_mb": self.group.resident_mb()}
        if flushed is not None:
            result["flushes"] = round(flushed / count, 4)  # of the disk, a message; others' too
        result["sink_cpu_ms"] = round(sunk / count * 1e3, 4)
        if self.case.own_tool:
            result["source"] = json.loads(said.splitlines()[-1])
        return result

    def close(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def tail(self):
        """The last words of the logs, for who wants to know why it failed."""
        parts = []
        for path in [*self.folder.glob("*.log"), *self.folder.glob("logs/*")]:
            lines = path.read_text(errors="replace").splitlines()[-6:]
            if lines:
                parts.append(f"{path.name}: " + " | ".join(lines))
        return "\n".join(parts)[-3000:]


def main(kind=Run):
    """Does the one task of the command line, and prints its result."""
    task = json.loads(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    run = kind(task)
    try:
        result = run.measure()
    except (Failure, OSError, ValueError, subprocess.SubprocessError) as error:
        result = {"mta": task["mta"], "case": task["case"], "error": str(error), "log": run.tail()}
    finally:
        run.close()
        for group in (run.group, run.dns_group, run.sink_group):
            if group:
                group.close()
    if not task["keep"]:
        shutil.rmtree(run.folder, ignore_errors=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
