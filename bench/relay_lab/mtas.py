"""mtas.py: each MTA of the comparison: its configuration, how it starts, what it does about sync.

All get the same: port 25 of MTA_IP, relaying for loopback to whatever MX records say, the queue and an info
log in one folder of the same disk, limits that would slow a load from one address lifted, else as it comes.
"""
import json
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
from actors import MASTER_CF  # noqa: E402: the master.cf of the laboratory's Postfix

HOSTNAME = "mta.bench.test"


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class Mta:
    """One MTA in one folder. start() returns the process that stays; it ends with the group."""
    name, peer, sync = "", "", ""

    def __init__(self, folder, world, tls):
        self.folder, self.world, self.tls = folder, world, tls

    def available(self):
        """"" when it can be had here, else the reason."""
        return ""

    def version(self):
        return ""

    def command(self):
        raise NotImplementedError

    def start(self, join, log):
        return subprocess.Popen([str(part) for part in self.command()], stdin=subprocess.DEVNULL, stdout=log,
                                stderr=log, preexec_fn=join, cwd=self.folder)


def _output(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()


class Waybill(Mta):
    name, sync = "waybill", "one sync for all messages that arrive together"
    limits = {"messages_per_session": 1_000_000, "commands": 10_000_000}
    queue = {}

    def command(self):
        tls = ""
        if self.tls:
            tls = f'[tls]\ncertificate = "{self.world.cert}"\nkey = "{self.world.key}"\n'
        config = (f'hostname = "{HOSTNAME}"\ndata_dir = "{self.folder}/data"\n'
                  f'[log]\nlevel = "info"\n'
                  f'[dns]\nmode = "forward"\nservers = ["{self.world.dns_endpoint}"]\ndnssec = false\n'
                  f'[[listener]]\naddress = "{self.world.mta_ip}:{self.world.mx_port}"\nrole = "mx"\n{tls}'
                  f'[relay]\ntrusted_networks = ["127.0.0.0/8"]\n'
                  f'[deliver]\nport = {self.world.mx_port}\nsource_ipv4 = "{self.world.mta_ip}"\n'
                  f'{self.section("limits", self.limits)}{self.section("queue", self.queue)}')
        return [self.world.binary, "serve", "--config", _write(self.folder / "waybill.toml", config)]

    @staticmethod
    def section(name, values):
        return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())

    def version(self):
        return "waybill " + _output([self.world.binary, "--version"])


class Postfix(Mta):
    name, sync = "postfix", "fsync of each queue file"

    def available(self):
        return "" if shutil.which("postfix") else "Postfix is not unpacked (tools/peers.sh prepare)"

    def version(self):
        return "Postfix " + _output(["postconf", "-dh", "mail_version"])

    def command(self):
        etc, queue, data = self.folder / "etc", self.folder / "queue", self.folder / "data"
        for part in (etc, queue, data):
            part.mkdir()
        shutil.chown(data, "postfix")
        self.log = self.folder / "postfix.log"
        main = {
            "compatibility_level": "3.6", "queue_directory": queue, "data_directory": data,
            "command_directory": "/usr/sbin", "daemon_directory": "/usr/lib/postfix/sbin",
            "meta_directory": "/etc/postfix", "shlib_directory": "/usr/lib/postfix", "mail_owner": "postfix",
            "setgid_group": "postdrop", "maillog_file": self.log, "maillog_file_prefixes": self.folder,
            "inet_interfaces": "127.0.0.1", "proxy_interfaces": self.world.mta_ip, "inet_protocols": "ipv4",
            "smtp_bind_address": self.world.mta_ip, "myhostname": HOSTNAME, "mydestination": "", "alias_maps": "",
            "alias_database": "", "mynetworks": "127.0.0.0/8", "smtp_host_lookup": "dns",
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "smtpd_client_connection_rate_limit": "0", "smtpd_client_connection_count_limit": "0",
            "message_size_limit": "52428800",  # as waybill's; its default is 10 MB
        }
        if self.tls:
            main |= {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": self.world.cert,
                     "smtpd_tls_key_file": self.world.key, "smtp_tls_security_level": "may",
                     "smtp_tls_session_cache_database": "btree:${data_directory}/smtp_scache",
                     "smtpd_tls_session_cache_database": "btree:${data_directory}/smtpd_scache"}
        _write(etc / "main.cf", "".join(f"{key} = {value}\n" for key, value in main.items()))
        _write(etc / "master.cf", MASTER_CF.format(ip=self.world.mta_ip, port=self.world.mx_port))
        return ["postfix", "-c", etc, "start-fg"]


class Exim(Mta):
    name, peer, sync = "exim", "exim", "fsync of the -D and the -H file of each message"

    def available(self):
        return "" if shutil.which("exim4") else "exim4-daemon-light is not unpacked (tools/peers.sh prepare-mta exim)"

    def version(self):
        return " ".join(_output(["exim4", "-bV"]).split()[:3])

    def command(self):
        spool = self.folder / "spool"
        spool.mkdir()
        shutil.chown(spool, "Debian-exim", "Debian-exim")
        logs = self.folder / "logs"
        logs.mkdir()
        shutil.chown(logs, "Debian-exim", "Debian-exim")
        tls = ""
        if self.tls:
            cert, key = (shutil.copy(path, self.folder) for path in (self.world.cert, self.world.key))
            shutil.chown(key, "Debian-exim")
            tls = f"tls_advertise_hosts = *\ntls_certificate = {cert}\ntls_privatekey = {key}\n"
        else:
            tls = "tls_advertise_hosts =\n"
        config = (
            f"primary_hostname = {HOSTNAME}\nspool_directory = {spool}\nlog_file_path = {logs}/%slog\n"
            f"exim_user = Debian-exim\nexim_group = Debian-exim\nkeep_environment =\n"
            f"local_interfaces = {self.world.mta_ip}\ndaemon_smtp_ports = {self.world.mx_port}\ndisable_ipv6 = true\n"
            f"{tls}acl_smtp_rcpt = accept_all\nhost_lookup =\nrfc1413_hosts =\nsmtp_accept_max = 200\n"
            f"smtp_accept_queue_per_connection = 0\nsmtp_accept_max_per_connection = 0\n"
            f"begin acl\naccept_all:\n  accept\n"
            f"begin routers\nmx:\n  driver = dnslookup\n  domains = *\n  transport = remote\n  self = send\n"
            f"begin transports\nremote:\n  driver = smtp\n  tls_tempfail_tryclear = true\n"
            f"begin retry\n* * F,2h,1m\n")
        return ["exim4", "-bdf", "-q5s", "-C", _write(self.folder / "exim.conf", config)]


class OpenSmtpd(Mta):
    name, peer = "opensmtpd", "opensmtpd"
    # As strace shows it, and as the count of flushes does: its only fsync is that of envelope.tmp.
    sync = "does not sync a new message or its envelope before the 250, only an envelope that it changes later"

    def available(self):
        if self.tls:
            return "OpenSMTPD 6.8 of Debian 12 fails each TLS handshake ('EVP lib'), with an EC and with an RSA key"
        return "" if shutil.which("smtpd") else "opensmtpd is not unpacked (tools/peers.sh prepare-mta opensmtpd)"

    def version(self):
        return " ".join(_output(["smtpd", "-h"]).split()[1:3])

    def command(self):
        spool = self.folder / "spool"
        spool.mkdir(mode=0o711)
        place = pathlib.Path("/var/spool/smtpd")  # compiled in; the namespace is ours
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", spool, place], check=True)
        # Its resolver asks for no addresses where 127.0.0.1 is all that there is.
        subprocess.run(["ip", "address", "add", "192.0.2.1/32", "dev", "lo"], check=True)
        pathlib.Path("/var/lib/opensmtpd/empty").mkdir(parents=True, exist_ok=True)
        config = (f"smtp limit max-mails 10000000\n"
                  f"listen on {self.world.mta_ip} port {self.world.mx_port} hostname {HOSTNAME}\n"
                  f'action "out" relay\nmatch from any for any action "out"\n')
        path = _write(self.folder / "smtpd.conf", config)
        path.chmod(0o600)
        return ["smtpd", "-d", "-f", path]


class Haraka(Mta):
    name, sync = "haraka", "fsync of each queue file (so strace shows of 3.3.4)"
    script = TOP / "build/peers/haraka/node_modules/Haraka/bin/haraka"

    def available(self):
        if not shutil.which("node"):
            return "there is no node"
        return "" if self.script.exists() else "Haraka is not fetched (tools/peers.sh prepare-mta haraka)"

    def version(self):
        return "Haraka " + _output(["node", "-p", f"require('{self.script.parents[1]}/package.json').version"])

    def command(self):
        config, queue = self.folder / "config", self.folder / "queue"
        queue.mkdir()
        _write(config / "smtp.ini", f"listen={self.world.mta_ip}:{self.world.mx_port}\nnodes=cpus\n")
        _write(config / "plugins", "tls\nrelay\n" if self.tls else "relay\n")
        _write(config / "relay.ini", "[relay]\nacl=true\n")
        _write(config / "relay_acl_allow", "127.0.0.0/8\n")
        _write(config / "me", HOSTNAME + "\n")
        _write(config / "queue_dir", f"{queue}\n")
        _write(config / "outbound.ini", f"local_mx_ok=true\nenable_tls={'true' if self.tls else 'false'}\n")
        shutil.copy(self.script.parents[1] / "config" / "connection.ini", config)
        _write(config / "log.ini", "[main]\nlevel=info\n")
        _write(config / "host_list", "")
        if self.tls:
            _write(config / "tls.ini", f"key={self.world.key}\ncert={self.world.cert}\n")
        return ["node", self.script, "-c", self.folder]


ALL = {kind.name: kind for kind in (Waybill, Postfix, Exim, OpenSmtpd, Haraka)}
