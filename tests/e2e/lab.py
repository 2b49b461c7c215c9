"""lab.py: a small internet for one test: waybill daemons, DNS servers, and mail software of others.

Everything listens on loopback addresses of this test alone (127.A.B.n) and lives in one temporary folder.
Nothing sleeps blindly: wait_for() polls with a deadline. Every process that was started is ended by its pid,
whatever happens; as root the test moreover runs in namespaces of its own (tools/peers.sh exec), where port 25,
port 53 and Postfix are free to use, and which end every process with the test.

A test file defines one function and calls run():

    def test(lab): ...
    run(test, needs=["postfix"])

Exit codes: 0 passed, 1 failed, 77 skipped (only for want of root or of the peers; loudly).
"""
import os
import pathlib
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import traceback

from actors import Postfix, Process, Sink, Waybill
from checks import SANITIZED, SLOWER, Failure, check, eq, listens, sanitizer_reports, sanitizers_report_to, wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]
PEERS = TOP / "tools" / "peers.sh"
IN_NAMESPACE = os.environ.get("WAYBILL_NAMESPACE") == "1"
BINARY = os.environ.get("WAYBILL_BINARY", str(TOP / "build/dev/src/cli/waybill"))
DISK_SHIM = os.environ.get("WAYBILL_DISK_SHIM", str(TOP / "build/dev/tests/e2e/libdisk_shim.so"))
CLOCK_SHIM = os.environ.get("WAYBILL_CLOCK_SHIM", str(TOP / "build/dev/tests/e2e/libclock_shim.so"))


def peer_environment():
    """Variables under which peers that need no root run: straight from the unpacked tree, or as installed."""
    environment = dict(os.environ)
    if not IN_NAMESPACE:
        for line in subprocess.check_output([PEERS, "env"], text=True).splitlines():
            name, _, value = line.partition("=")
            environment[name] = value
    return environment


def with_defaults(text, defaults):
    """TOML lines with those of `defaults` in front that `text` does not set itself."""
    missing = [f"{key} = {value}\n" for key, value in defaults.items() if not re.search(rf"^{key}\s*=", text, re.M)]
    return "".join(missing) + text


class Lab:
    def __init__(self, name):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"waybill-{name}-"))
        self.dir.chmod(0o755)
        self.reports = self.dir / "sanitizers"
        sanitizers_report_to(self.reports)
        self.processes, self.postfixes, self.mounts = [], [], []
        # 127.A.B.n with A.B of this process alone, never 127.0.x.y: tests run side by side.
        self.net = f"127.{1 + os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
        if IN_NAMESPACE:
            self.net = "127.10.10"
        self.mx_port = 25 if IN_NAMESPACE else self.free_port()
        self.dns_endpoint = None
        self.peer_environment = peer_environment()
        self.binary, self.clock_shim, self.disk_shim = BINARY, CLOCK_SHIM, DISK_SHIM

    def ip(self, number):
        return f"{self.net}.{number}"

    def free_port(self):
        with socket.socket() as probe:
            probe.bind(("0.0.0.0", 0))
            return probe.getsockname()[1]

    # ---- DNS -------------------------------------------------------------------------------------------

    def zone_file(self, origin, records):
        """Writes a zone; `records` are its lines after SOA and NS, with {net} for this lab's addresses."""
        path = self.dir / f"{origin.rstrip('.')}.zone"
        path.write_text(f"$ORIGIN {origin.rstrip('.')}.\n$TTL 5\n"
                        f"@ SOA ns.{origin.rstrip('.')}. hostmaster.{origin.rstrip('.')}. 1 60 60 3600 1\n"
                        f"@ NS ns\nns A {self.ip(53)}\n" + records.replace("{net}", self.net))
        return path

    def dns(self, zones, server="waybill", arguments=()):
        """Serves {origin: records} by `waybill dns` or by NSD. In the namespace NSD answers on port 53 too,
        for /etc/resolv.conf. waybill is given the other port: by that it knows that this loopback is a lab."""
        files = {origin: self.zone_file(origin, records) for origin, records in zones.items()}
        ip, port = ("127.0.0.1", 5300) if IN_NAMESPACE else (self.ip(53), self.free_port())
        self.dns_endpoint = f"{ip}:{port}"
        if server == "nsd":
            return self.nsd("nsd", [(ip, port)] + ([("127.0.0.1", 53)] if IN_NAMESPACE else []), files)
        zone_options = [part for path in files.values() for part in ("--zone", path)]
        return Process(self, "dns", [BINARY, "dns", *zone_options, "--listen", self.dns_endpoint, *arguments],
                       ready=lambda: listens(ip, port))

    def nsd(self, name, places, files):
        """NSD at these (address, port) places, with {origin: zone file}. On SIGHUP it reads changed files again."""
        folder = self.dir / name
        folder.mkdir(exist_ok=True)
        addresses = "".join(f"\n  ip-address: {ip}@{port}" for ip, port in places)
        config = [f'server:{addresses}\n  username: ""\n  chroot: ""\n  zonesdir: "{self.dir}"',
                  f'  database: ""\n  pidfile: "{folder}/pid"\n  xfrdfile: "{folder}/xfrd"\n  xfrdir: "{folder}"',
                  f'  zonelistfile: "{folder}/zones"\n  rrl-ratelimit: 0\n  server-count: 1\n  hide-version: yes',
                  "remote-control:\n  control-enable: no"]
        config += [f'zone:\n  name: "{origin}"\n  zonefile: "{path}"' for origin, path in files.items()]
        path = folder / "nsd.conf"
        path.write_text("\n".join(config) + "\n")
        return Process(self, name, ["nsd", "-d", "-c", path], environment=self.peer_environment,
                       ready=lambda: all(listens(ip, port) for ip, port in places))

    # ---- mail ------------------------------------------------------------------------------------------

    def config(self, name, ip, more="", hostname=None, queue="", deliver="", dns="", log="", top="", recovery=""):
        """A configuration for a daemon of this lab; `top` is TOML before its tables, `more` behind them. What
        `dns`, `queue`, `log` and `recovery` set takes the place of this lab's own setting of that name. The slow start
        after an outage is fast here: only its own tests (test_recovery_*.py) want to see it."""
        dns = with_defaults(dns, {"mode": '"forward"', "servers": f'["{self.dns_endpoint}"]', "dnssec": "false"})
        queue = with_defaults(queue, {"retry_first": '"1s"', "retry_max": '"2s"'})
        log = with_defaults(log, {"level": '"debug"'})
        recovery = with_defaults(recovery, {"start_rate": "2000", "rate_max": "20000", "pause": '"1s"'})
        return (f'hostname = "{hostname or name + ".test"}"\ndata_dir = "{self.dir}/{name}.data"\nthreads = 2\n{top}\n'
                f'[log]\n{log}\n'
                f'[dns]\n{dns}\n'
                f'[[listener]]\naddress = "{ip}:{self.mx_port}"\nrole = "mx"\n'
                f'[relay]\ntrusted_networks = ["127.0.0.0/8"]\n'
                f'[deliver]\nport = {self.mx_port}\nsource_ipv4 = "{ip}"\n{deliver}\n'
                f'[queue]\n{queue}\n[recovery]\n{recovery}\n{more}\n')

    def waybill(self, name, number, more="", under=(), **options):
        """A running daemon; `under` is a command that starts it, such as prlimit."""
        ip = self.ip(number)
        return Waybill(self, name, ip, self.config(name, ip, more, **options), under)

    def sink(self, name, number, *arguments):
        return Sink(self, name, self.ip(number), arguments=arguments)

    def postfix(self, name, number, domains=(), settings=None, services=""):
        return Postfix(self, name, self.ip(number), domains, settings, services=services)

    def waybill_cli(self, *arguments, codes=(0,)):
        """Runs a verb; returns what it printed on stdout, then what on stderr."""
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60 * SLOWER,
                              check=False, stdin=subprocess.DEVNULL)
        if done.returncode not in codes:
            raise Failure(f"waybill {' '.join(map(str, arguments))} exited {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def smtp_source(self, ip, count, sender="load@source.test", recipient="user@sink.test", sessions=5, size=2048,
                    wait=True, arguments=()):
        """Postfix's load generator. Returns when all were accepted, or a running process with wait=False."""
        command = ["smtp-source", "-s", sessions, "-m", count, "-l", size, "-f", sender, "-t", recipient,
                   "-M", "source.test", *arguments, f"{ip}:{self.mx_port}"]
        source = Process(self, f"source{len(self.processes)}", command, environment=self.peer_environment)
        if wait:
            wait_for(lambda: not source.running(), "smtp-source to finish", 60)
            eq(source.child.returncode, 0, f"smtp-source: {source.log()}")
        return source

    def smtp_source_body(self, size):
        """The body of smtp-source's messages of that size, as it comes to a sink with nothing between."""
        sink = self.sink(f"straight{size}", 200)
        self.smtp_source(sink.ip, 1, size=size, sessions=1)
        sink.wait_count(1)
        sink.kill()
        check(len(sink.bodies()[0]) > size / 2, f"a body of about {size} octets")
        return sink.bodies()[0]

    def smtp(self, daemon, timeout_s=30):
        """A smtplib session with a daemon."""
        return smtplib.SMTP(daemon.ip, self.mx_port, local_hostname="client.test", timeout=timeout_s)

    def send(self, daemon, sender, recipients, subject="hello", body="one line\r\n"):
        """One message by smtplib; returns the text of the 250, which carries the id."""
        with self.smtp(daemon) as session:
            session.ehlo()
            eq(session.mail(sender)[0], 250, "reply to MAIL")
            for recipient in recipients:
                eq(session.rcpt(recipient)[0], 250, f"reply to RCPT {recipient}")
            code, text = session.data(f"From: <{sender or 'mailer-daemon@source.test'}>\r\nTo: <{recipients[0]}>\r\n"
                                      f"Subject: {subject}\r\n\r\n{body}")
            eq(code, 250, f"reply to the message ({text})")
            return text.decode()

    def message_id(self, reply_text):
        """The id in a 250's text."""
        words = re.findall(r"\b[0-9a-hjkmnp-tv-z]{12}\b", reply_text, re.I)
        check(words, f"a message id in {reply_text!r}")
        return words[-1]

    def swaks(self, ip, *arguments, codes=(0,)):
        done = subprocess.run(["swaks", "--server", ip, "--port", str(self.mx_port), "--helo", "swaks.test",
                               *map(str, arguments)], capture_output=True, text=True, timeout=60 * SLOWER,
                              env=self.peer_environment, check=False, stdin=subprocess.DEVNULL)
        if done.returncode not in codes:
            raise Failure(f"swaks exited {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def certificate(self, name):
        """A self-signed certificate and its key, as PEM files."""
        cert, key = self.dir / f"{name}.crt", self.dir / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                        "-keyout", key, "-out", cert], check=True, capture_output=True)
        return cert, key

    def tmpfs(self, name, size):
        """A small file system of its own in the lab's folder; needs the namespace."""
        path = self.dir / name
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=True)
        self.mounts.append(path)

    # ---- the end ---------------------------------------------------------------------------------------

    def verify_custody(self):
        """After every test: each daemon that still runs accounts for all that it accepted."""
        for daemon in {process.name: process for process in self.processes if isinstance(process, Waybill)}.values():
            if daemon.running():
                daemon.verify_custody()

    def verify_sanitizers(self):
        """After every test: no process had anything to report, and a daemon of a sanitizer's build ends by itself,
        for leaks are looked for at the end and races happen there too."""
        for daemon in {process.name: process for process in self.processes if isinstance(process, Waybill)}.values():
            if SANITIZED and daemon.running():
                eq(daemon.stop(), 0, f"exit code of {daemon.name} after SIGTERM, the test being over")
        found = list(self.reports.iterdir())
        check(not found, f"{len(found)} processes with findings of a sanitizer")

    def close(self):
        for postfix in self.postfixes:
            postfix.stop()
        for process in reversed(self.processes):
            process.kill()
        for path in self.mounts:
            subprocess.run(["umount", path], check=False)

    def print_logs(self):
        if found := sanitizer_reports(self.reports, BINARY):
            print("---- what the sanitizers found ----", found, sep="\n")
        for path in sorted(self.dir.glob("*.log")):
            text = path.read_text(errors="replace").splitlines()
            if text:
                print(f"---- {path.name}, its last lines ----", *text[-40:], sep="\n")


def run(test, needs=(), timeout_s=170):
    """Runs the test: as root in namespaces of its own; without, on free ports, unless it `needs` more."""
    name = pathlib.Path(sys.argv[0]).stem
    if not IN_NAMESPACE:
        reason = subprocess.run([PEERS, "can-exec"], capture_output=True, text=True, check=False)
        if reason.returncode == 0:
            os.execv(PEERS, [str(PEERS), "exec", sys.executable, *sys.argv])
        if needs:
            print(f"SKIPPED {name}: it needs {needs[0]}, and {reason.stdout.strip()}")
            print("Run the tests as root to have it run.")
            sys.exit(77)
        if not shutil.which("smtp-sink", path=peer_environment()["PATH"]):
            print(f"SKIPPED {name}: the peers are not unpacked: run tools/peers.sh prepare")
            sys.exit(77)
    if not os.access(BINARY, os.X_OK) and "no waybill" not in needs:
        print(f"FAILED: {BINARY} is not built")
        sys.exit(1)
    # With a pid namespace this process is number 1, which must take SIGTERM (ctest's time-out) itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(int(timeout_s * SLOWER))
    lab = Lab(name)
    passed = False
    try:
        test(lab)
        lab.verify_custody()
        lab.verify_sanitizers()
        passed = True
    except Exception:  # noqa: every failure is told the same way: what, then the logs
        traceback.print_exc(file=sys.stdout)
        lab.print_logs()
    finally:
        lab.close()
    if passed or not os.environ.get("WAYBILL_KEEP"):
        shutil.rmtree(lab.dir, ignore_errors=True)
    print(f"{'passed' if passed else 'FAILED'} {name}")
    sys.exit(0 if passed else 1)
