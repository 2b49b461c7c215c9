"""starved.py: what a daemon uses while something is scarce: processor, memory, descriptors, threads."""
import os
import pathlib
import re
import time

from checks import check, wait_for


def processor_s(daemon):
    """Seconds of processor that the daemon has used until now."""
    fields = pathlib.Path(f"/proc/{daemon.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def check_idle(daemon, while_what, span_s=1.0):
    """Less than an eighth of one processor over the span, which is what is measured and not a wait for something."""
    before = processor_s(daemon)
    time.sleep(span_s)
    used = processor_s(daemon) - before
    print(f"processor {while_what}: {used:.2f} s in {span_s:.0f} s")
    check(used < span_s / 8, f"idle {while_what}: {used:.2f} s of processor in {span_s:.0f} s")


def memory_mib(daemon, what="VmRSS"):
    """What the daemon holds: VmRSS now, VmHWM at most so far, VmSize of address space; MiB."""
    status = pathlib.Path(f"/proc/{daemon.child.pid}/status").read_text()
    return int(re.search(rf"^{what}:\s+(\d+) kB$", status, re.M)[1]) / 1024


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.child.pid}/fd"))


def threads(daemon):
    return len(os.listdir(f"/proc/{daemon.child.pid}/task"))


def wait_sessions(daemon, count, timeout_s=20.0):
    """Until that many SMTP sessions or fewer are open, as the daemon itself says."""
    wait_for(lambda: daemon.status()["sessions"] <= count, f"at most {count} sessions", timeout_s)
