"""memory.py: samples of one process, and what they say of flatness."""
import os
import pathlib
import statistics
import threading
import time

STANDSTILL_S = 5.0


def read(pid):
    """Resident and anonymous memory in MB, descriptors and threads of a process; None once it has ended."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return {"rss_mb": int(fields["VmRSS"].split()[0]) / 1024, "anon_mb": int(fields["RssAnon"].split()[0]) / 1024,
                "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(fields["Threads"])}
    except (OSError, KeyError):
        return None


class Sampler:
    """Samples the process that watch() named every period_s, with its age, in a thread of its own. Where that thread
    itself was not run for long, everything stood still: the machine was suspended, or all of us were stopped."""

    def __init__(self, period_s):
        self.samples = []  # dicts of read(), with life (0, 1, …) and age_s
        self.standstills = []  # (begin, end), Unix time
        self.period_s, self._pid, self._born, self._life = period_s, None, 0.0, -1
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def watch(self, pid):
        self._life += 1
        self._born, self._pid = time.monotonic(), pid

    def rest(self):
        self._pid = None

    def close(self):
        self._ended.set()
        self._thread.join()

    def of(self, life, from_s=0.0):
        return [sample for sample in self.samples if sample["life"] == life and sample["age_s"] >= from_s]

    def _run(self):
        last = time.time()
        while not self._ended.wait(self.period_s):
            now = time.time()
            if now - last > self.period_s + STANDSTILL_S:
                self.standstills.append((last, now))
            last = now
            pid, life, age_s = self._pid, self._life, time.monotonic() - self._born
            found = read(pid) if pid else None
            if found:
                self.samples.append({"life": life, "age_s": round(age_s, 1)} | found)


def slope(points):
    """Least squares through (x, y): (growth of y over the span of x by that line, mean of y)."""
    if len(points) < 3:
        return 0.0, points[-1][1] if points else 0.0
    xs, ys = zip(*points)
    line = statistics.linear_regression(xs, ys)
    return line.slope * (max(xs) - min(xs)), statistics.fmean(ys)


def growth(samples, key):
    """{'grew': over the span, 'mean', 'share': grew / mean, 'span_s'} of one figure over the samples of one life."""
    grew, mean = slope([(sample["age_s"], sample[key]) for sample in samples])
    span_s = samples[-1]["age_s"] - samples[0]["age_s"] if samples else 0.0
    return {"grew": round(grew, 2), "mean": round(mean, 2), "share": round(grew / mean if mean else 0.0, 4),
            "span_s": round(span_s, 1)}
