"""actors.py: the processes of the laboratory: waybill daemons, smtp-sink, and Postfix instances.

Each writes one log into the lab's folder and is ended by its pid.
"""
import json
import os
import re
import shutil
import socket
import subprocess

from checks import SLOWER, Failure, answers, check, eq, listens, wait_for


class Process:
    """A process of the lab, its output in a file. stop() and kill() are the only ends it has."""

    def __init__(self, lab, name, command, environment=None, ready=None, timeout_s=20.0):
        self.lab, self.name, self.command = lab, name, [str(part) for part in command]
        self.log_path = lab.dir / f"{name}.log"
        self.environment = environment
        self.ready, self.timeout_s = ready, timeout_s
        self.child = None
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=self.environment, cwd=self.lab.dir)
        self.lab.processes.append(self)
        if self.ready:
            wait_for(lambda: self._check_alive() and self.ready(), f"{self.name} to be ready", self.timeout_s)

    def _check_alive(self):
        if self.child.poll() is not None:
            raise Failure(f"{self.name} ended with {self.child.returncode}")
        return True

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def running(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        """As a power cut does: no chance to tidy up."""
        if self.running():
            self.child.kill()
            self.child.wait()

    def stop(self, timeout_s=40.0):
        """SIGTERM, and waits; returns the exit code."""
        if self.running():
            self.child.terminate()
            try:
                self.child.wait(timeout_s * SLOWER)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failure(f"{self.name} did not end within {timeout_s:.0f} s of SIGTERM") from None
        return self.child.returncode


class Waybill(Process):
    """A `waybill serve` with a generated configuration."""

    def __init__(self, lab, name, ip, config, under=()):
        self.ip, self.config_path = ip, lab.dir / f"{name}.toml"
        self.data_dir = lab.dir / f"{name}.data"
        self.config_path.write_text(config)
        super().__init__(lab, name, [*under, lab.binary, "serve", "--config", self.config_path],
                         ready=lambda: listens(ip, lab.mx_port) and answers(self.data_dir / "control.sock"))

    def cli(self, *arguments, codes=(0,)):
        """Runs a verb that asks this daemon; returns its output. Fails unless it exits with one of `codes`."""
        return self.lab.waybill_cli(*arguments, "--config", self.config_path, codes=codes)

    def cli_json(self, *arguments, codes=(0,)):
        """The same with --json: a list of the objects printed, one a line."""
        return [json.loads(line) for line in self.cli(*arguments, "--json", codes=codes).splitlines() if line.startswith("{")]

    def rewrite(self, old, new):
        text = self.config_path.read_text()
        check(old in text, f"{old!r} stands in {self.config_path}")
        self.config_path.write_text(text.replace(old, new))

    def status(self):
        return self.cli_json("status")[0]

    def healthy(self):
        """What GET /v1/health says."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.data_dir / "control.sock"))
            control.sendall(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return control.makefile("rb").readline().split()[1] == b"200"

    def open_recipients(self):
        """Every recipient that still waits here, as `queue list --json` prints it."""
        return [row for row in self.cli_json("queue", "list", "--limit", "0") if "recipient" in row]

    def wait_empty(self, timeout_s=30.0):
        wait_for(lambda: not self.open_recipients(), f"the queue of {self.name} to be empty", timeout_s)

    def verify_custody(self):
        """Proves that nothing accepted is unaccounted for."""
        return self.cli("custody", "verify")


def message_ids(texts):
    found = [re.findall(r"^message-id: *(\S+)$", text.split("\n\n")[0], re.M | re.I) for text in texts]
    check(all(len(ids) == 1 for ids in found), "one Message-ID in each message")
    return [ids[0] for ids in found]


def bodies(texts):
    return [text.split("\n\n", 1)[1] for text in texts]


class Sink(Process):
    """Postfix's smtp-sink, each transaction dumped to a file of its own."""

    def __init__(self, lab, name, ip, port=None, arguments=()):
        self.ip, self.port = ip, port or lab.mx_port
        self.dump = lab.dir / f"{name}.mail"
        self.dump.mkdir(exist_ok=True)
        user = ["-u", "root"] if os.getuid() == 0 else []
        super().__init__(lab, name, ["smtp-sink", *user, *arguments, "-d", f"{self.dump}/m.%H.", f"{ip}:{self.port}", "1024"],
                         environment=lab.peer_environment, ready=lambda: listens(ip, self.port))

    def messages(self):
        """The complete transactions as text (smtp-sink writes its X-… lines first, then the message)."""
        texts = [path.read_text(errors="surrogateescape") for path in sorted(self.dump.iterdir())]
        return [text for text in texts if "X-Rcpt-Args:" in text and "\n\n" in text]

    def recipients(self):
        """Recipients of every transaction, without brackets, in lower case."""
        return [match.lower() for text in self.messages()
                for match in re.findall(r"^X-Rcpt-Args: *<?([^>\s]*)>?", text.split("\n\n")[0], re.M)]

    def tokens(self):
        """The tokens of the messages of a Load (peer.py)."""
        return [match for text in self.messages() for match in re.findall(r"^X-Token: (\S+)$", text, re.M)]

    def message_ids(self):
        """The Message-ID of each message: smtp-source gives every one its own."""
        return message_ids(self.messages())

    def bodies(self):
        """Each message's text behind its header, without the empty line with which smtp-sink parts messages."""
        return [body.removesuffix("\n") for body in bodies(self.messages())]

    def senders(self):
        return [match.lower() for text in self.messages()
                for match in re.findall(r"^X-Mail-Args: *<([^>]*)>", text.split("\n\n")[0], re.M)]

    def wait_count(self, count, timeout_s=30.0):
        """Waits until that many recipients arrived, and fails at once when there are more."""
        wait_for(lambda: len(self.recipients()) >= count, f"{count} recipients in {self.name}", timeout_s)
        eq(len(self.recipients()), count, f"recipients in {self.name}")


class Postfix:
    """A Postfix instance of its own: one configuration folder, one queue, one log. Needs the namespace.
    Its address is no interface's (a waybill beside it would take it for its own), so master.cf names it; `services`
    are more lines of that file."""

    def __init__(self, lab, name, ip, domains=(), settings=None, under=(), services=""):
        self.lab, self.name, self.ip, self.under = lab, name, ip, under
        self.etc, self.queue = lab.dir / name, lab.dir / f"{name}.queue"
        self.data, self.mail = lab.dir / f"{name}.data", lab.dir / f"{name}.mail"
        self.log_path = lab.dir / f"{name}.log"
        for folder in (self.etc, self.queue, self.data, self.mail):
            folder.mkdir()
        shutil.chown(self.data, "postfix")
        shutil.chown(self.mail, "postfix")
        main = {
            "compatibility_level": "3.6", "queue_directory": self.queue, "data_directory": self.data,
            "command_directory": "/usr/sbin", "daemon_directory": "/usr/lib/postfix/sbin",
            "meta_directory": "/etc/postfix", "shlib_directory": "/usr/lib/postfix",
            "mail_owner": "postfix", "setgid_group": "postdrop", "maillog_file": self.log_path,
            "maillog_file_prefixes": lab.dir, "inet_interfaces": "127.0.0.1", "proxy_interfaces": ip, "inet_protocols": "ipv4",
            "smtp_bind_address": ip, "myhostname": f"{name}.test", "mydestination": "", "alias_maps": "",
            "alias_database": "", "local_recipient_maps": "", "mynetworks": "127.0.0.0/8",
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "virtual_mailbox_domains": " ".join(domains), "virtual_mailbox_base": self.mail,
            "virtual_mailbox_maps": "static:all/", "virtual_uid_maps": "static:64901",
            "virtual_gid_maps": "static:64901", "virtual_minimum_uid": "100", "smtp_host_lookup": "dns",
            "minimal_backoff_time": "5s", "maximal_backoff_time": "10s", "queue_run_delay": "5s",
            "smtpd_client_connection_rate_limit": "0", "smtpd_client_connection_count_limit": "0",
        }
        main.update(settings or {})
        (self.etc / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in main.items()))
        (self.etc / "master.cf").write_text(MASTER_CF.format(ip=ip, port=lab.mx_port) + services)
        self._command("start")
        lab.postfixes.append(self)
        wait_for(lambda: listens(ip, lab.mx_port), f"postfix {name} to listen")

    def _command(self, verb):
        done = subprocess.run([*self.under, "postfix", "-c", self.etc, verb], capture_output=True, text=True, check=False)
        if done.returncode != 0 and verb == "start":
            raise Failure(f"postfix {verb}: {done.stdout}{done.stderr}{self.log()}")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def stop(self):
        self._command("stop")

    def start(self):
        self._command("start")

    def submit(self, sender, recipients, text):
        """Gives Postfix a message as a local program does."""
        subprocess.run(["sendmail", "-C", self.etc, "-f", sender, *recipients], input=text, text=True, check=True)

    def messages(self):
        """What arrived in its mailboxes."""
        return [path.read_text(errors="surrogateescape")
                for path in sorted(self.mail.glob("**/new/*")) if path.is_file()]

    def message_ids(self):
        return message_ids(self.messages())

    def wait_count(self, count, timeout_s=40.0):
        wait_for(lambda: len(self.messages()) >= count, f"{count} messages in {self.name}", timeout_s)
        eq(len(self.messages()), count, f"messages in {self.name}")

    def queued(self):
        return len([p for q in ("active", "deferred", "incoming", "maildrop") for p in (self.queue / q).glob("**/*")
                    if p.is_file()])


MASTER_CF = """\
{ip}:{port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
local     unix  - n n - - local
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
