#!/usr/bin/env python3
"""capacity.py: one case of bench/capacity: what a full queue, many sessions or large messages cost waybill. Run by
bench/capacity, as root in namespaces of its own; takes its task as JSON and prints one line of JSON.
"""
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cases  # noqa: E402
import daemon  # noqa: E402
import measure  # noqa: E402

FILL_SESSIONS = 20


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


class Capacity(measure.Run):
    def __init__(self, task):
        super().__init__(task, cases.Case("kept20", "4 KB messages, 20 kept sessions"))
        self.task = task
        self.daemons = []

    def more_names(self):
        """Domains each of whose one MX refuses connections: 127.20.x.y, where nothing listens."""
        return "".join(f"d{n}.down MX 10 mx.d{n}.down\nmx.d{n}.down A 127.20.{n // 250}.{n % 250 + 1}\n"
                       for n in range(self.task.get("domains", 0)))

    def daemon(self, name, ip, spool=None, **more):
        made = daemon.Daemon(self.folder / name, self.world._replace(mta_ip=ip), **more)
        self.daemons.append(made)
        if spool:
            made.take_spool(spool)
        made.start()
        return made

    def sink(self, own=False):
        endpoint = f"{self.sink_ip}:{self.port}"
        command = [self.tools.smtp_load, "sink", endpoint] if own else self.case.sink(self.tools, self.world, endpoint)
        made = measure.Sink(command, self.environment, self.folder, self.sink_ip, self.port)
        self.children.append(made.child)
        self.sink_group = made.group
        return made

    def send(self, to, *words):
        """Runs our own load against a daemon until it is accepted; its answer."""
        command = [self.tools.smtp_load, "source", *(str(word) for word in words), f"{to.world.mta_ip}:{self.port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise measure.Failure(f"the load failed: {done.stderr.strip()[-300:]}")
        return json.loads(done.stdout.splitlines()[-1])

    def close(self):
        for one in self.daemons:
            if one.child is not None and one.child.poll() is None:
                one.end(signal.SIGKILL)
        super().close()

    def measure(self):
        self.start_dns()
        answer = getattr(self, "measure_" + self.task["case"])()
        return {"mta": "waybill", "case": self.task["case"]} | answer

    # ---- a queue of many deferred recipients ----------------------------------------------------------------

    def fill(self, full, recipients):
        """By SMTP, to domains whose host refuses: each is tried once and waits for its next attempt."""
        each = self.task["recipients_per_message"]
        begin = time.monotonic()
        self.send(full, "--kept", "--sessions", FILL_SESSIONS, "--messages", recipients // each, "--recipients", each, "--first", 1,
                  "--domains", self.task["domains"], "--suffix", "down.test", "--size", self.task["size"])
        accepted_s = time.monotonic() - begin
        full.wait_status(lambda now: now["deferred"] >= recipients)
        status = self.wait_waiting(full, recipients)
        return {"accepted_s": round(accepted_s, 1), "deferred_s": round(time.monotonic() - begin, 1),
                "spool_mb": round(status["spool_octets"] / daemon.MEGA)}

    @staticmethod
    def wait_waiting(full, recipients):
        """The status once nothing is under way; all the recipients must be there."""
        status = full.wait_status(lambda now: now["deliveries"] == 0)
        if status["recipients_queued"] != recipients:
            raise measure.Failure(f"{status['recipients_queued']} of {recipients} recipients are queued")
        return status

    def rate(self, sink, to, count):
        """Messages a second, end to end, and the daemon's CPU milliseconds a message."""
        self.mta, self.mta_ip, self.child = to.mta, to.world.mta_ip, to.child
        before = to.group.cpu_s()
        _, received_s, _ = self.load(sink, count)
        return count / received_s, (to.group.cpu_s() - before) / count * 1e3

    def compare(self, sink, empty, full):
        """The same load at the daemon with the empty queue and at the one with the full one, in turn."""
        for one in (empty, full):
            self.rate(sink, one, 1000)
        count = int(self.rate(sink, empty, 3000)[0] * self.task["seconds"])
        pairs = []
        for turn in range(self.task["repeat"]):
            order = [("empty", empty), ("full", full)]
            got = {name: self.rate(sink, one, count) for name, one in (order if turn % 2 == 0 else reversed(order))}
            pairs.append(got)
            say(f"{got['empty'][0]:,.0f} msg/s empty, {got['full'][0]:,.0f} full: {got['full'][0] / got['empty'][0]:.0%}")
        median = lambda values: statistics.median(values)  # noqa: E731
        return {"messages": count, "pairs": [[round(got["empty"][0]), round(got["full"][0])] for got in pairs],
                "empty_rate": round(median(got["empty"][0] for got in pairs)),
                "full_rate": round(median(got["full"][0] for got in pairs)),
                "ratio": round(median(got["full"][0] / got["empty"][0] for got in pairs), 3),
                "cpu_ms": [round(median(got[name][1] for got in pairs), 4) for name in ("empty", "full")]}

    def listing(self, full):
        out = {}
        for name, words in (("list", ()), ("list_limit_50", ("--limit", "50")), ("list_domain", ("--domain", "d5.down.test"))):
            times, lines = [], 0
            for _ in range(15):
                took, text = full.cli("queue", "list", *words)
                times.append(took)
                lines = text.count("\n")
            out[name + "_ms"] = {"min": round(min(times), 1), "median": round(statistics.median(times), 1), "max": round(max(times), 1), "lines": lines}
        return out

    def restart(self, full, how, recipients):
        ended_s = full.end(how)
        banner_s, answer_s = full.start()
        queued = full.status()["recipients_queued"]
        if queued != recipients:
            raise measure.Failure(f"after the restart {queued} of {recipients} recipients are queued")
        time.sleep(2)  # what a start does in the background belongs to its memory
        out = {"ended_s": ended_s, "banner_s": banner_s, "answer_s": answer_s, "resident_mb": full.resident_mb()}
        say(f"{how.name}: {out}")
        return out

    def measure_deferred(self):
        recipients = self.task["recipients"]
        sink = self.sink()
        # No retry may fall into the measurement: what is compared is the queue's size.
        queue = {"retry_first": "6h", "retry_max": "6h"}
        empty = self.daemon("empty", "127.10.10.1", queue=queue)
        filled = self.task["filled"]
        full = self.daemon("full", "127.10.10.2", spool=filled, queue=queue)
        out = {"recipients": recipients, "recipients_per_message": self.task["recipients_per_message"],
               "domains": self.task["domains"], "size": self.task["size"]}
        if filled:
            self.wait_waiting(full, recipients)
        else:
            out["fill"] = self.fill(full, recipients)
        out["resident_filled_mb"] = full.resident_mb()
        say(f"filled: {out.get('fill', filled)}, resident {out['resident_filled_mb']} MB now and at most")
        out["listing"] = self.listing(full)
        say(f"listing: {out['listing']}")
        full.forget_peak()
        out["throughput"] = self.compare(sink, empty, full)
        out["resident_loaded_mb"], out["resident_empty_mb"] = full.resident_mb(), empty.resident_mb()
        say(f"resident {out['resident_loaded_mb']} MB, with the empty queue {out['resident_empty_mb']}")
        out["after_kill"] = self.restart(full, signal.SIGKILL, recipients)
        out["listing_after_kill"] = self.listing(full)
        full.wait_status(lambda now: now["deliveries"] == 0)
        out["after_term"] = self.restart(full, signal.SIGTERM, recipients)
        out["listing_after_term"] = self.listing(full)
        if self.task["custody"]:
            out["custody"] = self.custody(full)
            say(f"custody: {out['custody']}")
        return out

    def custody(self, full):
        """The check that all is accounted for, and a list that is asked for meanwhile: nobody may wait behind it."""
        begin, cpu = time.monotonic(), full.group.cpu_s()
        verify = subprocess.Popen([full.world.binary, "custody", "verify", "--config", full.folder / "waybill.toml"],
                                  stdout=subprocess.PIPE, text=True)
        times = []
        while verify.poll() is None and len(times) < 15:
            times.append(full.cli("queue", "list")[0])
        text = verify.communicate()[0]
        out = {"seconds": round(time.monotonic() - begin, 1), "cpu_s": round(full.group.cpu_s() - cpu, 1), "exit": verify.returncode,
               "says": text.strip().splitlines()[-1], "list_meanwhile_ms": round(statistics.median(times), 1) if times else None}
        if verify.returncode != 0:
            raise measure.Failure(f"custody verify: {out['says']}")
        return out

    # ---- many sessions that wait ----------------------------------------------------------------------------

    def measure_idle(self):
        sessions, out = self.task["sessions"], {"sessions": self.task["sessions"]}
        self.sink(own=True)
        for name, words, tls in (("after_ehlo", (), False), ("after_message", ("--with-message",), False), ("tls", ("--tls",), True)):
            one = self.daemon(name, "127.10.10.1", limits={"sessions": sessions + 100}, tls=tls)
            before = one.resident_mb()[0]
            command = [self.tools.smtp_load, "idle", "--sessions", str(sessions), *words, f"{one.world.mta_ip}:{self.port}"]
            load = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            said = load.stdout.readline()
            if not said:
                raise measure.Failure(f"{name}: the sessions can't be opened")
            status = one.wait_status(lambda now: now["deliveries"] == 0)
            if status["sessions"] < sessions:
                raise measure.Failure(f"{name}: {status['sessions']} of {sessions} sessions are open")
            cpu = one.group.cpu_s()
            time.sleep(5)
            cpu = one.group.cpu_s() - cpu
            now, most = one.resident_mb()
            load.communicate()
            out[name] = {"before_mb": before, "resident_mb": now, "most_mb": most, "octets_each": round((now - before) * daemon.MEGA / sessions),
                         "opened_s": json.loads(said)["seconds"], "idle_cpu_percent": round(cpu / 5 * 100, 2)}
            one.wait_status(lambda now: now["sessions"] == 0)
            out[name]["after_mb"] = one.resident_mb()[0]
            say(f"{name}: {out[name]}")
            one.end()
        return out

    # ---- large messages -------------------------------------------------------------------------------------

    def measure_large(self):
        at_once, size, sink = self.task["at_once"], self.task["size"], self.sink(own=True)
        one = self.daemon("large", "127.10.10.1")
        before = one.resident_mb()[0]
        rounds = []
        for number in range(1, 4):
            one.forget_peak()
            begin = time.monotonic()
            self.send(one, "--sessions", at_once, "--messages", at_once, "--size", size)
            accepted_s = time.monotonic() - begin
            sink.wait_count(at_once * number, 120, lambda: one.child.poll() is None)
            rounds.append({"accepted_s": round(accepted_s, 2), "seconds": round(time.monotonic() - begin, 2), "most_mb": one.resident_mb()[1]})
            say(f"{at_once} messages of {size / daemon.MEGA:.0f} MB: {rounds[-1]}")
        # In and out at the same time: three messages in each session, one after the other.
        one.forget_peak()
        begin = time.monotonic()
        self.send(one, "--kept", "--sessions", at_once, "--messages", at_once * 3, "--size", size)
        sink.wait_count(at_once * 6, 120, lambda: one.child.poll() is None)
        both = {"seconds": round(time.monotonic() - begin, 2), "most_mb": one.resident_mb()[1]}
        say(f"three in each session: {both}")
        return {"at_once": at_once, "size": size, "before_mb": before, "rounds": rounds, "three_each": both, "after_mb": one.resident_mb()[0]}


if __name__ == "__main__":
    measure.main(Capacity)
