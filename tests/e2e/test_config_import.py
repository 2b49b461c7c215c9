#!/usr/bin/env python3
"""`waybill config import`: Postfix's folder, and sendmail's, become a configuration that serves mail as they did.

Set up: main.cf, master.cf and a transport table of a relay in front of another server; local-host-names and the like of
a sendmail. Proved: the TOML passes `config check`; a waybill started with it takes mail for the relayed domain from
strangers and hands it to the host that the table names, relays anywhere for mynetworks, and for nobody else; a setting
that decides where mail goes and can't be carried makes the exit code 1, is told with file and line, by --json too;
what exists is never overwritten; odd places end in a sentence.
"""
import json
import smtplib
import subprocess

from actors import Waybill
from lab import check, eq, run

MAIN_CF = """\
# a relay in front of another server
myhostname = gate.test
mydestination =
relay_domains = inside.test,
    other.test
transport_maps = hash:{etc}/transport
mynetworks = {trusted}/32
message_size_limit = 1048576
inet_interfaces = all
smtpd_banner = $myhostname ESMTP
"""


def imported(lab, *arguments):
    done = subprocess.run([lab.binary, "config", "import", *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def replies(lab, relay, source, recipient):
    """The replies to RCPT and to the message."""
    with smtplib.SMTP(relay.ip, lab.mx_port, local_hostname="c.test", source_address=(source, 0), timeout=30) as session:
        session.ehlo()
        eq(session.mail("a@source.test")[0], 250, "MAIL")
        code, text = session.rcpt(recipient)
        return (code, session.data("Subject: x\r\n\r\nx\r\n")[0]) if code == 250 else (code, text.decode())


def as_lab(lab, toml, name):
    """The same in this lab: its DNS, its folder."""
    return (f'data_dir = "{lab.dir}/{name}.data"\n{toml}\n'
            f'[dns]\nmode = "forward"\nservers = ["{lab.dns_endpoint}"]\ndnssec = false\n'
            f'[deliver]\nport = {lab.mx_port}\n')


def postfix(lab):
    etc, trusted, stranger = lab.dir / "etc", lab.ip(2), lab.ip(3)
    etc.mkdir()
    (etc / "main.cf").write_text(MAIN_CF.format(etc=etc, trusted=trusted))
    (etc / "master.cf").write_text(f"{lab.ip(1)}:{lab.mx_port} inet n - y - - smtpd\npickup unix n - y 60 1 pickup\n")
    (etc / "transport").write_text(f"inside.test smtp:[{lab.ip(11)}]:{lab.mx_port}\n")
    toml = lab.dir / "made.toml"
    code, out, said = imported(lab, "postfix", etc, "-o", toml)
    eq((code, out), (0, ""), f"a whole import: {said}")
    eq(imported(lab, "postfix", etc)[1], toml.read_text(), "without -o it goes to standard output")
    check(f"# {etc}/main.cf:6: transport_maps" not in toml.read_text() and f"# {etc}/transport:1: " in toml.read_text(),
          f"a route's origin is its line of the table:\n{toml.read_text()}")
    before = toml.read_text()
    code, _, said = imported(lab, "postfix", etc, "-o", toml)
    check(code == 1 and "exists already" in said and toml.read_text() == before, f"never overwritten: {code} {said}")
    config = as_lab(lab, before, "gate")
    (lab.dir / "check.toml").write_text(config)
    lab.waybill_cli("config", "check", "--offline", lab.dir / "check.toml")  # no DNS has its domains
    inside, outside = lab.sink("inside", 11), lab.sink("outside", 12)
    relay = Waybill(lab, "gate", lab.ip(1), config)
    eq(replies(lab, relay, stranger, "ann@inside.test"), (250, 250), "a stranger's mail to the relayed domain")
    check("5.7.1" in str(replies(lab, relay, stranger, "x@outside.test")[1]), "a stranger's mail to elsewhere")
    check(replies(lab, relay, lab.ip(4), "x@outside.test")[0] == 550, "another stranger's")
    eq(replies(lab, relay, trusted, "x@outside.test"), (250, 250), "mynetworks' mail to elsewhere")
    inside.wait_count(1)
    outside.wait_count(1)
    eq(inside.recipients() + outside.recipients(), ["ann@inside.test", "x@outside.test"], "what arrived where")

    with open(etc / "main.cf", "a", encoding="ascii") as main:
        main.write("content_filter = scan:[127.0.0.1]:10024\nmynetworks = !10.1.2.3, 10.0.0.0/8\n")
    code, out, said = imported(lab, "postfix", etc)
    eq(code, 1, "something that decides was left out")
    check(f"{etc}/main.cf:11: content_filter = scan:[127.0.0.1]:10024: not carried: " in said, f"its place:\n{said}")
    check("10.0.0.0/8\"," not in out, f"a network with exceptions is not trusted:\n{out}")
    told = [json.loads(line) for line in imported(lab, "postfix", etc, "--json")[1].splitlines()]
    eq({(one["line"], one["decides"]) for one in told}, {(11, True), (12, True)}, f"as JSON: {told}")


def sendmail(lab):
    etc = lab.dir / "mail"
    etc.mkdir()
    (etc / "local-host-names").write_text("home.test\n")
    (etc / "passwd").write_text("ann:x:1000:1000::/home/ann:/bin/sh\n")
    (etc / "relay-domains").write_text("inside.test\n192.168.7\n")
    (etc / "mailertable").write_text("inside.test esmtp:[192.0.2.9]\n")
    code, out, said = imported(lab, "sendmail", etc)
    check(code == 1 and "mbox files are not written" in said, f"mailboxes are told: {code} {said}")
    for line in ('[domain."home.test"]', 'users = ["ann", "root"]', '"192.168.7.0/24",', 'via = "[192.0.2.9]"'):
        check(line in out, f"{line} in\n{out}")
    (lab.dir / "sendmail.toml").write_text(f'data_dir = "{lab.dir}/s.data"\n{out}')
    lab.waybill_cli("config", "check", lab.dir / "sendmail.toml", codes=(0, 1))


def test(lab):
    lab.dns({"test": "outside MX 10 mx.outside\nmx.outside A {net}.12\n"})
    postfix(lab)
    sendmail(lab)
    code, _, said = imported(lab, "postfix", lab.dir / "nowhere")
    check(code == 2 and "main.cf" in said, f"no such folder: {code} {said}")
    code, _, said = imported(lab, "sendmail", "/dev/null")
    check(code == 2, f"not a folder of sendmail's: {code} {said}")


run(test)
