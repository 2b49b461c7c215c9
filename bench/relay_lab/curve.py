#!/usr/bin/env python3
"""curve.py: one MTA along one axis: offered load, sessions, queue depth or message size. Run by bench/curves, as root
in namespaces of its own; takes its task as JSON and prints one line of JSON: a point for each value of the axis.
"""
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cases  # noqa: E402
import daemon  # noqa: E402
import measure  # noqa: E402

SESSIONS, SIZE = 20, 4096
OPEN_SESSIONS = 100  # of an open load: enough that an arrival seldom waits for a session, unless the MTA is slow
COUNT_MAX, OCTETS_MAX = 60_000, 2_000_000_000


def percentiles(nanoseconds):
    """p50, p99 and the most, in milliseconds."""
    if not nanoseconds:
        return None
    values = sorted(nanoseconds)
    return [round(values[int(part * (len(values) - 1))] / 1e6, 3) for part in (0.5, 0.99, 1)]


class Curve(measure.Run):
    def __init__(self, task):
        super().__init__(task, cases.Case("curve", "one axis"))
        self.sink_times = self.folder / "sink.times"
        self.source_times = self.folder / "source.times"
        self.full = None

    def more_names(self):
        return "".join(f"d{n}.down MX 10 mx.d{n}.down\nmx.d{n}.down A 127.20.{n // 250}.{n % 250 + 1}\n" for n in range(10_000))

    def start_sink(self):
        command = [self.tools.smtp_load, "sink", "--times", self.sink_times, f"{self.sink_ip}:{self.port}"]
        self.sink = measure.Sink(command, self.environment, self.folder, self.sink_ip, self.port)
        self.children.append(self.sink.child)
        self.sink_group = self.sink.group

    def source(self, *words):
        command = [self.tools.smtp_load, "source", "--kept", *(str(word) for word in words), f"{self.mta_ip}:{self.port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=self.task["timeout_s"])
        if done.returncode != 0:
            raise measure.Failure(f"the load failed: {done.stderr.strip()[-300:]}")
        return json.loads(done.stdout.splitlines()[-1])

    def point(self, count, *words):
        """One load; its rates, and how long its messages took until accepted, and from there to the sink."""
        before, offset = self.group.cpu_s(), self.sink_times.stat().st_size
        begin = time.monotonic()
        self.source("--messages", count, "--times", self.source_times, *words)
        accepted_s = time.monotonic() - begin
        self.sent += count
        received_s = self.sink.wait_count(self.sent, 60, lambda: self.child.poll() is None) - begin
        arrived = {}
        with open(self.sink_times, encoding="ascii") as file:
            file.seek(offset)
            for text in file:
                number, at = text.split()
                arrived.setdefault(int(number), int(at))  # a second copy is no second message
        accept, relay, whole = [], [], []
        for text in self.source_times.read_text().splitlines():
            number, offered, acknowledged = (int(word) for word in text.split())
            accept.append(acknowledged - offered)
            relay.append(max(0, arrived[number] - acknowledged))  # it may be through before its client has read the 250
            whole.append(arrived[number] - offered)
        return {"messages": count, "accept_rate": round(count / accepted_s, 1), "rate": round(count / received_s, 1),
                "accept_ms": percentiles(accept), "relay_ms": percentiles(relay), "whole_ms": percentiles(whole),
                "cpu_ms": round((self.group.cpu_s() - before) / count * 1e3, 4), "resident_mb": self.group.resident_mb()}

    def closed(self, sessions=SESSIONS, size=SIZE):
        """As fast as the MTA takes them; the number of messages follows from a first, shorter load."""
        words = ("--sessions", sessions, "--size", size)
        few = max(2 * sessions, min(300, OCTETS_MAX // size // 20))
        first = self.point(few, *words)
        count = int(first["rate"] * self.task["seconds"])
        return self.point(max(few, min(count, COUNT_MAX, OCTETS_MAX // size)), *words)

    def offered(self, rate):
        count = max(100, min(COUNT_MAX, int(rate * self.task["seconds"])))
        return self.point(count, "--sessions", OPEN_SESSIONS, "--size", SIZE, "--rate", rate)

    # ---- the axes -------------------------------------------------------------------------------------------

    def along_load(self, points):
        """Rates that rise until twice in a row less goes through than is offered."""
        missed = 0
        for rate in self.task["values"]:
            points.append({"x": rate} | self.offered(rate))
            missed = missed + 1 if points[-1]["rate"] < 0.85 * rate else 0
            if missed == 2:
                break

    def along_sessions(self, points):
        for value in self.task["values"]:
            points.append({"x": value} | self.closed(sessions=value))

    def along_size(self, points):
        for value in self.task["values"]:
            points.append({"x": value} | self.closed(size=value))

    def along_depth(self, points):
        """Deferred recipients are added by SMTP before each point; throughput under a closed load, latency at a rate
        that the MTA bears easily."""
        there = 0
        for depth in self.task["values"]:
            if depth > there:
                self.source("--sessions", SESSIONS, "--messages", depth - there, "--first", there + 1, "--size", 1024,
                            "--domains", 10_000, "--suffix", "down.test")
                self.full.wait_status(lambda now: now["recipients_queued"] >= depth and now["deliveries"] == 0 and now["deferred"] >= depth)  # noqa: B023
                there = depth
            bare = self.closed()
            steady = self.offered(self.task["steady_rate"])
            points.append({"x": depth} | steady | {"rate": bare["rate"], "cpu_ms": bare["cpu_ms"], "steady_rate": self.task["steady_rate"]})

    def start(self):
        if self.task["case"] != "depth":
            return self.start_mta()
        # The queue is asked how full it is, so it is a waybill of the capacity runs.
        self.full = daemon.Daemon(self.folder / "full", self.world, queue={"retry_first": "6h", "retry_max": "6h"})
        self.full.start()
        self.mta, self.child, self.group = self.full.mta, self.full.child, self.full.group
        self.children.append(self.child)
        return None

    def measure(self):
        self.start_sink()
        self.start_dns()
        self.start()
        self.point(1000, "--sessions", SESSIONS, "--size", SIZE)  # warm
        points, ended = [], {}
        try:
            getattr(self, "along_" + self.task["case"])(points)
        except (measure.Failure, subprocess.TimeoutExpired) as failure:
            if not points:
                raise
            ended = {"ended_by": str(failure)[:300]}  # what was measured before stands
        return {"mta": self.task["mta"], "case": self.task["case"], "version": self.mta.version(), "points": points} | ended


if __name__ == "__main__":
    measure.main(Curve)
