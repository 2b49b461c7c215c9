"""checks.py: how tests of the laboratory demand and wait. Nothing sleeps blindly."""
import collections
import os
import re
import socket
import subprocess
import time

SLOWER = float(os.environ.get("WAYBILL_TEST_SLOWER", "1"))  # multiplies every deadline
SANITIZED = os.environ.get("WAYBILL_SANITIZED") == "1"  # the binary is built with a sanitizer


class Failure(AssertionError):
    """What the test demands does not hold."""


def check(truth, what):
    if not truth:
        raise Failure(what)


def eq(got, want, what):
    if got != want:
        raise Failure(f"{what}: got {got!r}, want {want!r}")


def each_once(names, count, what):
    """`count` different names and no name twice: none missing, none double."""
    twice = sorted(name for name, times in collections.Counter(names).items() if times > 1)
    check(not twice, f"{what}: {len(twice)} came more than once, such as {twice[:5]}")
    eq(len(names), count, f"{what}: how many came")


def wait_for(condition, what, timeout_s=20.0):
    """Polls until condition() is true; returns its value. Fails with `what` and its last value."""
    deadline = time.monotonic() + timeout_s * SLOWER
    pause_s = 0.01
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not within {timeout_s * SLOWER:.0f} s: {what} (last: {value!r})")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.2)


def listens(ip, port):
    try:
        with socket.create_connection((ip, port), timeout=1):
            return True
    except OSError:
        return False


def answers(path):
    """A Unix socket with somebody behind it: after a SIGKILL the file alone says nothing."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def sanitizers_report_to(folder):
    """What processes started from here find by a sanitizer they write into `folder`, whoever they run as: a report
    on stderr could be overlooked, and the exit code of a daemon that is killed tells nothing."""
    folder.mkdir()
    folder.chmod(0o777)
    for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
        # A process that looks up names of functions stands still for seconds: sanitizer_reports() does that.
        own = [f"log_path={folder}/report", *(["symbolize=0"] if name == "TSAN_OPTIONS" else [])]
        os.environ[name] = ":".join([part for part in (os.environ.get(name),) if part] + own)


def sanitizer_reports(folder, binary):
    """What is in that folder, with the names of the binary's functions and their lines."""
    found = "\n".join(path.read_text(errors="replace") for path in sorted(folder.iterdir()))
    place = re.compile(rf"<null> <null> \({re.escape(os.path.basename(binary))}\+(0x[0-9a-f]+)\)")
    places = sorted(set(place.findall(found)))
    if not places:
        return found
    named = subprocess.run(["addr2line", "-Cfpe", binary, *places], capture_output=True, text=True, check=False).stdout
    names = dict(zip(places, named.splitlines()))
    return place.sub(lambda hit: names.get(hit.group(1), hit.group(0)), found)
