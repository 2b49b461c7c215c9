"""prepare.py: what every bench script needs before it can measure: the peers unpacked, a waybill, the load tool,
a certificate; and how one measurement runs, in namespaces of its own, as a task in JSON that answers in JSON.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PEERS = TOP / "tools" / "peers.sh"


def say(text):
    print(text, file=sys.stderr, flush=True)


def waybill_binary(given):
    if given:
        return given.resolve()
    subprocess.run([TOP / "run", "--", "--version"], check=True, stdout=subprocess.DEVNULL)
    return TOP / "build/release/src/cli/waybill"


def smtp_load():
    """Our own load tool, built where there is none or an older one."""
    sources, binary = sorted((TOP / "bench/smtp_load").iterdir()), TOP / "build/bench/smtp_load"
    if not binary.exists() or binary.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        binary.parent.mkdir(parents=True, exist_ok=True)
        code = [path for path in sources if path.suffix == ".cc"]
        subprocess.run(["c++", "-std=c++20", "-O2", "-Wall", "-Wextra", *code, "-o", binary, "-lssl", "-lcrypto", "-pthread"],
                       check=True)
    return binary


def certificate(folder):
    cert, key = folder / "bench.crt", folder / "bench.key"
    if not cert.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "3650", "-subj", "/CN=mta.bench.test", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
    return cert, key


def peer_environment():
    """Without root the load tools and NSD run straight from the unpacked tree."""
    lines = subprocess.check_output([PEERS, "env"], text=True).splitlines()
    return dict(line.split("=", 1) for line in lines)


class Ground:
    """The prepared machine. Options: binary, dir, timeout, keep."""

    def __init__(self, options):
        self.options = options
        subprocess.run([PEERS, "prepare"], check=True, stdout=sys.stderr)
        reason = subprocess.run([PEERS, "can-exec"], capture_output=True, text=True, check=False)
        self.why_no_root = reason.stdout.strip() if reason.returncode else ""
        self.root = reason.returncode == 0
        self.binary = waybill_binary(options.binary)
        self.folder = options.dir.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cert, self.key = certificate(self.folder)
        self.environment = {} if self.root else peer_environment()
        self.smtp_load = smtp_load()
        self.number = 0

    def run(self, program, mta, case, peer="", **more):
        """Runs `program` (of relay_lab/) with its task; its answer, or what went wrong under "error"."""
        self.number += 1
        folder = self.folder / f"run-{os.getpid()}-{self.number}-{mta}-{case}"
        task = {"mta": mta, "case": case, "folder": str(folder), "binary": str(self.binary), "cert": str(self.cert),
                "key": str(self.key), "smtp_load": str(self.smtp_load), "environment": self.environment,
                "timeout_s": self.options.timeout, "keep": self.options.keep} | more
        command = [sys.executable, TOP / "bench/relay_lab" / program, json.dumps(task)]
        environment = dict(os.environ)
        if self.root:
            command = [PEERS, "exec", *command]
            if peer:
                environment["WAYBILL_PEER"] = peer
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=None if more.get("loud") else subprocess.PIPE, text=True,
                              env=environment, check=False)
        try:
            result = json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            result = {"mta": mta, "case": case, "error": "the run broke off", "log": (done.stdout + (done.stderr or ""))[-2000:]}
        if not self.options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        return result
