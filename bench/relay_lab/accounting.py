"""accounting.py: what a run cost: the CPU time of one process tree, and the facts of the machine it ran on.

The MTA starts inside a control group of its own, so that all its children count, those that ended too, and no
load tool does. Without one (no root) only a single process is counted, from /proc: enough for waybill.
"""
import hashlib
import os
import pathlib
import platform
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def _group_root():
    """A folder of cgroup v2 where groups can be made, or of the older cpuacct."""
    for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpuacct"):
        root = pathlib.Path(path)
        v2 = (root / "cgroup.controllers").exists()
        if (v2 or (root / "cpuacct.usage").exists()) and os.access(root, os.W_OK):
            return root, v2
    return None, False


class CpuGroup:
    """The processes of the thing measured. join() in the child; close() once they have all ended."""

    def __init__(self, name):
        self.folder, self.child_pid = None, None
        root, self.v2 = _group_root()
        if root is not None:
            try:
                self.folder = root / f"waybill-bench-{name}-{os.getpid()}-{time.monotonic_ns()}"
                self.folder.mkdir()
            except OSError:
                self.folder = None
        self.method = ("cgroup2 cpu.stat" if self.v2 else "cpuacct.usage") if self.folder else "/proc/PID/stat"

    def join(self):
        """Called between fork and exec."""
        if self.folder:
            (self.folder / "cgroup.procs").write_text("0")

    def pids(self):
        if self.folder:
            return [int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()]
        return [self.child_pid] if self.child_pid else []

    def cpu_s(self):
        """CPU seconds used by the group since it began; reaped children included."""
        if not self.folder:
            fields = pathlib.Path(f"/proc/{self.child_pid}/stat").read_text().rpartition(")")[2].split()
            return sum(int(field) for field in fields[11:15]) / TICKS
        if self.v2:
            stat = dict(line.split() for line in (self.folder / "cpu.stat").read_text().splitlines())
            return int(stat["usage_usec"]) / 1e6
        return int((self.folder / "cpuacct.usage").read_text()) / 1e9

    def resident_mb(self):
        """The sum of their proportional set sizes: shared pages count once."""
        total_kb = 0
        for pid in self.pids():
            try:
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total_kb += int(line.split()[1])
            except OSError:
                continue  # it has ended meanwhile
        return round(total_kb / 1024, 1)

    def close(self):
        if not self.folder:
            return
        for _ in range(200):
            try:
                self.folder.rmdir()
                return
            except OSError:
                for pid in self.pids():
                    try:
                        os.kill(pid, 9)
                    except OSError:
                        pass
                time.sleep(0.02)


def flushes(folder):
    """(count, seconds) of cache flushes that the disk under `folder` was asked for since boot, by anybody; None
    where the kernel does not say. What shows whether an MTA syncs, whatever its manual says."""
    device = os.stat(folder).st_dev
    for line in open("/proc/diskstats", encoding="utf-8"):
        fields = line.split()
        if (int(fields[0]), int(fields[1])) == (os.major(device), os.minor(device)) and len(fields) >= 20:
            return int(fields[18]), int(fields[19]) / 1e3
    return None


def _probe(step, rounds=100):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    times.sort()
    return {"p10": round(times[rounds // 10], 3), "median": round(times[rounds // 2], 3), "p99": round(times[-1], 3)}


def sync_cost(folder):
    """What a sync costs on that disk, in milliseconds. `idle_ms` is an fsync with nothing to write: where that is
    not near 0 the processors were busy, and the others tell of them more than of the disk; `device_ms`, by the
    kernel's own count while the probe ran, is the flush alone."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        before = flushes(folder)

        def append():
            os.write(file.fileno(), b"x" * 4096)
            os.fdatasync(file.fileno())
        result = {"append_ms": _probe(append)}
        after = flushes(folder)
        if before and after and after[0] > before[0]:
            result["device_ms"] = round((after[1] - before[1]) / (after[0] - before[0]) * 1e3, 3)
        result["idle_ms"] = _probe(lambda: os.fsync(file.fileno()))
    return result


def _first_line(command, cwd=None):
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False).stdout.strip().split("\n")[0]
    except OSError:
        return ""


def facts(top, folder, binary, built_here):
    """What must be known to read the figures: which code, on what, beside what."""
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    memory_kb = int(open("/proc/meminfo", encoding="utf-8").readline().split()[1])
    commit = _first_line(["git", "rev-parse", "HEAD"], top)
    dirty = _first_line(["git", "status", "--porcelain", "-uno", "--", "src", "cmake", "CMakeLists.txt"], top)
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit + ("+changes" if dirty else "") if built_here else "unknown: the binary was given",
        "binary_sha256": hashlib.sha256(pathlib.Path(binary).read_bytes()).hexdigest(), "waybill": _first_line([binary, "--version"]), "processor": model, "cores": os.cpu_count(),
        "memory_gb": round(memory_kb / 2**20, 1), "kernel": platform.release(),
        "file_system": _first_line(["stat", "-f", "-c", "%T", folder]),
        "sync": sync_cost(folder), "load_average_before": os.getloadavg()[0],
    }
