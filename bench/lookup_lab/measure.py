"""measure.py TASK: inside the namespaces: one NSD, and each tool in turn before it. Prints its results as one JSON line."""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

DOMAINS, HOSTS = 100_000, 5_000
TICKS = os.sysconf("SC_CLK_TCK")


def write_zone(path):
    """Each domain has two MX hosts, each host an A record, every second one an AAAA record besides."""
    lines = ["$ORIGIN bench.test.", "$TTL 3600", "@ SOA ns hostmaster 1 3600 600 86400 300", "@ NS ns", "ns A 127.0.0.1"]
    for host in range(HOSTS):
        lines.append(f"h{host} A 10.{host >> 16}.{host >> 8 & 255}.{host & 255}")
        if host % 2 == 0:
            lines.append(f"h{host} AAAA 2001:db8::{host:x}")
    for domain in range(DOMAINS):
        lines += [f"d{domain} MX 10 h{domain % HOSTS}", f"d{domain} MX 20 h{(domain * 7 + 1) % HOSTS}"]
    path.write_text("\n".join(lines) + "\n")


def answers(port):
    query = b"\0\1\1\0\0\1\0\0\0\0\0\0\4d100\5bench\4test\0\0\17\0\1"
    with socket.socket(type=socket.SOCK_DGRAM) as link:
        link.settimeout(0.2)
        link.connect(("127.0.0.1", port))
        try:
            link.send(query)
            return link.recv(512)[3] & 15 == 0
        except OSError:
            return False


class Nsd:
    def __init__(self, folder):
        zone, config = folder / "bench.zone", folder / "nsd.conf"
        write_zone(zone)
        config.write_text(
            f'server:\n  ip-address: 127.0.0.1@53\n  username: ""\n  chroot: ""\n  zonesdir: "{folder}"\n  database: ""\n'
            f'  pidfile: "{folder}/pid"\n  xfrdfile: "{folder}/xfrd"\n  xfrdir: "{folder}"\n  zonelistfile: "{folder}/zones"\n'
            f'  rrl-ratelimit: 0\n  server-count: 1\n  minimal-responses: yes\nremote-control:\n  control-enable: no\n'
            f'zone:\n  name: "bench.test"\n  zonefile: "{zone}"\n')
        self.log = open(folder / "nsd.log", "w", encoding="utf-8")
        self.child = subprocess.Popen(["nsd", "-d", "-c", config], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while not answers(53):
            if time.monotonic() > deadline or self.child.poll() is not None:
                sys.exit(f"nsd does not answer: {(folder / 'nsd.log').read_text()}")
            time.sleep(0.1)

    def cpu_s(self):
        """Of all processes called nsd in this namespace of ours."""
        total = 0.0
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
            except OSError:
                continue
            if "(nsd" in text:
                fields = text.rpartition(")")[2].split()
                total += sum(int(field) for field in fields[11:13]) / TICKS
        return total


def names(path, count):
    with open(path, "w", encoding="ascii") as file:
        # Neighbours share no host, so that what is shared is found by the client and not by chance.
        for number in range(count):
            file.write(f"d{number * 7919 % DOMAINS}.bench.test\n")
    return path


class Peak(threading.Thread):
    """The most memory that a process held; the kernel's own figure at the end counts what it was forked from."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path, self.kb = pathlib.Path(f"/proc/{pid}/status"), 0
        self.start()

    def run(self):
        while True:
            try:
                found = re.search(r"VmHWM:\s+(\d+)", self.path.read_text())
            except OSError:
                return
            if not found:
                return
            self.kb = max(self.kb, int(found[1]))
            time.sleep(0.02)


def run(command, stdin=None, stdout=None):
    """(seconds, CPU seconds, resident MB at most, its stderr, its exit code)."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True)
    peak = Peak(child.pid)
    error = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    return seconds, usage.ru_utime + usage.ru_stime, peak.kb / 1024, error, child.returncode


def waybill(task, folder):
    path, out = names(folder / "names", task["names"]), folder / "out.jsonl"
    command = [task["binary"], "lookup", "--input", path, "--server", "127.0.0.1:53", "--no-ptr", *task["options"]]
    if task["perf"]:
        command = ["perf", "record", "-q", "-e", "cpu-clock", "-g", "-o", task["perf"], "--", *command]
    with open(out, "w", encoding="utf-8") as file:
        seconds, cpu_s, resident_mb, error, code = run(command, stdout=file)
    lines, found, first = 0, 0, "{}"
    with open(out, encoding="utf-8") as file:  # a long list's does not fit into memory
        for line in file:
            first = line if lines == 0 else first
            lines += 1
            found += '"status":"ok","source":"mx"' in line
    if code != 0 or found != task["names"] or lines != task["names"]:
        sys.exit(f"waybill: exit {code}, {found} of {task['names']} names with their hosts, {lines} lines\n{error}")
    sample = json.loads(first)
    if [len(host["addresses"]) for host in sample["mx"]] not in ([1, 1], [2, 2], [1, 2], [2, 1]):
        sys.exit(f"waybill: no addresses: {sample}")
    out.unlink()
    queries, lost = re.search(r"(\d+) queries, .*?; (\d+) lost", error).groups()
    return {"names": task["names"], "seconds": seconds, "queries": int(queries), "lost": int(lost), "cpu_s": cpu_s,
            "resident_mb": resident_mb, "report": error.splitlines()}


def paced_adnshost(count, window):
    """adnshost reads names and answers from a pipe. Given all at once, it asks all at once and drowns in lost answers
    (about 100 names a second); so it gets a next name when one is done. (seconds, CPU seconds, MB, hosts with addresses)"""
    child = subprocess.Popen(["adnshost", "-a", "-t", "mx", "-f"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    room, found = threading.Semaphore(window), [0]

    def read():
        for line in child.stdout:
            if " $ " in line:  # a name's first line; its records follow
                room.release()
            elif " MX " in line and " INET" in line:
                found[0] += 1

    reader, peak = threading.Thread(target=read), Peak(child.pid)
    begin = time.monotonic()
    reader.start()
    for number in range(count):
        room.acquire()
        child.stdin.write(f"d{number * 7919 % DOMAINS}.bench.test\n")
        child.stdin.flush()
    child.stdin.close()
    reader.join()
    _, _, usage = os.wait4(child.pid, 0)
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, peak.kb / 1024, found[0]


def adnshost(task, _):
    # The number under way that suits it best on this machine.
    window = min((4, 8, 16, 32), key=lambda window: paced_adnshost(1_000, window)[0])
    seconds, cpu_s, resident_mb, found = paced_adnshost(task["adns_names"], window)
    if found != 2 * task["adns_names"]:
        sys.exit(f"adnshost: {found} hosts with addresses of {2 * task['adns_names']}")
    return {"names": task["adns_names"], "seconds": seconds, "queries": 0, "lost": 0, "cpu_s": cpu_s, "resident_mb": resident_mb,
            "under_way": window}


def adnshost_at_once(task, _):
    """As `adnshost -a -t mx -f <names` is used: with nobody who paces it."""
    count = min(task["adns_names"], 2_000)
    seconds, cpu_s, resident_mb, found = paced_adnshost(count, count)
    return {"names": count, "seconds": seconds, "queries": 0, "lost": 2 * count - found, "cpu_s": cpu_s, "resident_mb": resident_mb}


def dnsperf(task, folder):
    path = folder / "dnsperf.queries"
    with open(path, "w", encoding="ascii") as file:
        for number in range(DOMAINS):
            file.write(f"d{number * 7919 % DOMAINS}.bench.test MX\n")
    with open(folder / "dnsperf.out", "w", encoding="utf-8") as file:
        seconds, cpu_s, resident_mb, error, code = run(["dnsperf", "-s", "127.0.0.1", "-d", path, "-l", str(task["seconds"])], stdout=file)
    text = (folder / "dnsperf.out").read_text()
    completed, lost = re.search(r"Queries completed:\s+(\d+)", text), re.search(r"Queries lost:\s+(\d+)", text)
    took = re.search(r"Run time \(s\):\s+([\d.]+)", text)
    if code != 0 or not completed:
        sys.exit(f"dnsperf: exit {code}\n{text}{error}")
    del seconds
    return {"names": int(completed[1]), "seconds": float(took[1]), "queries": int(completed[1]), "lost": int(lost[1]),
            "cpu_s": cpu_s, "resident_mb": resident_mb}


def main():
    task = json.loads(sys.argv[1])
    folder = pathlib.Path(task["folder"])
    nsd = Nsd(folder)
    tools = {"waybill": waybill, "adnshost": adnshost, "adnshost_at_once": adnshost_at_once, "dnsperf": dnsperf}
    results = []
    try:
        for _ in range(task["repeat"]):  # turn by turn: what else the machine does falls on all alike
            for tool in task["tools"]:
                before = nsd.cpu_s()
                result = {"tool": tool} | tools[tool](task, folder)
                result["nsd_cpu_s"] = nsd.cpu_s() - before
                result["names_a_second"] = result["names"] / result["seconds"]
                result["queries_a_second"] = result["queries"] / result["seconds"]
                print(f"{tool:16} {result['names_a_second']:10,.0f} names/s {result['queries_a_second']:10,.0f} queries/s",
                      file=sys.stderr, flush=True)
                results.append(result)
    finally:
        nsd.child.terminate()
        nsd.child.wait()
    print(json.dumps(results))


main()
