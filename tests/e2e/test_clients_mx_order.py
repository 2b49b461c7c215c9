#!/usr/bin/env python3
"""One daemon is both MXs of a domain and knows who left out the better one.

Set up: home.test has mx1 (10) and mx2 (20), two addresses of one daemon. A mail server with a reverse name that
agrees tries mx1 first; a spammer without a name comes to mx2 alone. Proved: both are taken while the rules only
observe, and `waybill clients` tells whom wrong_mx = "defer" would have deferred; turned on, it defers the spammer
and nobody else, not postmaster's mail nor trusted clients; a better MX that came up not long ago excuses; tags tell
what was found, and forged ones of the same kind are gone; who talks too early is judged by its domain's policy.
"""
import re
import smtplib
import socket

from actors import Waybill
from checks import check
from lab import eq, run, wait_for

FORGED = ("Authentication-Results: mx1.home.test; iprev=pass policy.iprev=192.0.2.1 (bank.example)\r\n"
          "X-Waybill-Client: wrong_mx=pass\r\nAuthentication-Results: other.test; spf=pass\r\n")


def session(lab, client, door):
    return smtplib.SMTP(lab.ip(door), lab.mx_port, local_hostname="client.test", timeout=30,
                        source_address=(lab.ip(client), 0))


def rcpt(lab, client, door, recipient="john@home.test"):
    """The reply to RCPT of a client at this address of ours."""
    with session(lab, client, door) as smtp:
        smtp.ehlo()
        eq(smtp.mail("a@source.test")[0], 250, "reply to MAIL")
        code, text = smtp.rcpt(recipient)
        return code, text.decode()


def report(daemon, test="wrong_mx"):
    groups = daemon.cli_json("clients")[0]["groups"]
    return next((one for group in groups if group["name"] == "default" for one in group["tests"] if one["test"] == test), None)


def early(lab, client, door, recipient="john@home.test"):
    """What a client hears that says everything before the banner."""
    with socket.create_connection((lab.ip(door), lab.mx_port), timeout=30, source_address=(lab.ip(client), 0)) as talk:
        talk.sendall(f"HELO spam.test\r\nMAIL FROM:<a@source.test>\r\nRCPT TO:<{recipient}>\r\nQUIT\r\n".encode())
        return talk.makefile("rb").read().decode()


def test(lab):
    reverse = ".".join(reversed(lab.net.split("."))) + ".in-addr.arpa"
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {net}.11\nmx2.home A {net}.12\ngood A {net}.31\n",
             reverse: "31 PTR good.test.\n"})
    boxes = lab.dir / "boxes"
    config = lab.config("mx", lab.ip(11), hostname="mx1.home.test", more=(
        f'[[listener]]\naddress = "{lab.ip(12)}:{lab.mx_port}"\n[clients]\nsuspicious_wait = "50ms"\n[policy.default]\nmx_grace = "0s"\n'
        '[domain."home.test"]\nrole = "primary"\nusers = ["john"]\n'
        f'mailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n'))
    daemon = Waybill(lab, "mx", lab.ip(11), config.replace("127.0.0.0/8", f"{lab.ip(99)}/32"))
    good, spammer, trusted = 31, 32, 99

    eq(rcpt(lab, spammer, 12)[0], 250, "the spammer at mx2, observed")
    eq(rcpt(lab, good, 11)[0], 250, "the mail server at mx1")
    eq(rcpt(lab, good, 12)[0], 250, "the mail server at mx2, later")
    eq(rcpt(lab, trusted, 12)[0], 250, "a trusted client at mx2")
    wait_for(lambda: daemon.cli_json("clients")[0]["clients"] == 2, "both clients to be counted")
    wait_for(lambda: report(daemon)["clients"] == 1, "one client that left out mx1")
    wait_for(lambda: report(daemon, "iprev")["clients"] == 1, "one client without a name")
    seen = report(daemon)
    eq((seen["messages"], seen["turned_away"], seen["examples"][0]["client"]), (1, 0, lab.ip(spammer)), "what it did")
    told = daemon.cli("clients")
    check('turning wrong_mx = "defer" on would have deferred 1 of 2 clients, 1 message' in told, told)
    check("left out mx1.home.test (10), which is up" in told, told)
    eq(daemon.cli_json("clients", "--by", "domain")[0]["groups"][0]["name"], "home.test", "the domain")

    daemon.rewrite('mx_grace = "0s"', 'mx_grace = "0s"\nwrong_mx = "defer"')
    daemon.cli("reload")
    code, text = rcpt(lab, spammer, 12)
    eq((code, text.split()[0]), (450, "4.7.1"), text)
    eq(rcpt(lab, good, 12)[0], 250, "the mail server is not deferred")
    eq(rcpt(lab, trusted, 12)[0], 250, "nor a trusted client")
    eq(rcpt(lab, spammer, 12, "postmaster@home.test")[0], 250, "nor mail for postmaster")
    eq(report(daemon)["turned_away"], 1, "messages turned away")
    eq(next(one for one in daemon.status()["clients"] if one["test"] == "wrong_mx")["turned_away"], 1, "in status")

    daemon.rewrite('mx_grace = "0s"', 'mx_grace = "1h"')
    daemon.cli("reload")
    eq(rcpt(lab, spammer, 12)[0], 250, "mx1 came up less than an hour ago")

    daemon.rewrite('mx_grace = "1h"\nwrong_mx = "defer"', 'mx_grace = "0s"\nwrong_mx = "tag"\niprev = "tag"')
    daemon.cli("reload")
    for client, door in ((spammer, 12), (good, 11)):
        with session(lab, client, door) as smtp:
            smtp.sendmail("a@source.test", ["john@home.test"], f"{FORGED}Subject: from {client}\r\n\r\n{FORGED}")
    inbox = lambda: {re.search(r"^Subject: from (\d+)$", text, re.M).group(1): re.sub(r"\n[ \t]+", " ", text)
                     for text in (path.read_text() for path in boxes.glob("home.test/john/new/*"))}
    wait_for(lambda: len(inbox()) == 2, "both messages in the mailbox")
    for client, result, name, order in ((spammer, "permerror", "", "wrong_mx=fail"), (good, "pass", " (good.test)", "wrong_mx=pass")):
        header, body = inbox()[str(client)].split("\n\n", 1)
        check(f"Authentication-Results: mx1.home.test; iprev={result} policy.iprev={lab.ip(client)}{name}\n" in header, header)
        check(f"X-Waybill-Client: {order}" in header, header)
        check("bank.example" not in header, header)
        eq(header.count("X-Waybill-Client:"), 1, header)
        check("Authentication-Results: other.test; spf=pass" in header, header)
        eq(body, FORGED.replace("\r", ""), "the text is left alone")

    check(early(lab, spammer, 12).startswith("554 5.5.0"), "who talks before the banner is refused where every policy says so")
    daemon.rewrite('iprev = "tag"', 'iprev = "tag"\nearly_talker = "defer"')
    daemon.cli("reload")
    check("\r\n450 4.7.1" in early(lab, spammer, 12) or "\r\n450 you" in early(lab, spammer, 12), "deferred by the domain's policy")
    check("\r\n450" not in early(lab, spammer, 12, "postmaster@home.test"), "postmaster's mail is taken")


run(test)
