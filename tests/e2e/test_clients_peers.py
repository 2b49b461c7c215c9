#!/usr/bin/env python3
"""Two daemons are the MXs of one domain, and each asks the other whom it saw.

Set up: mx1 (10) and mx2 (20) are daemons of their own; mx2 names the other's http.listen in clients.peers and defers
who left out a better MX. Proved: a client that comes to mx2 alone is deferred, one that tried mx1 before is not;
while the other daemon does not answer nobody is blamed, nor just after it came back.
"""
import smtplib

from actors import Waybill
from lab import eq, run, wait_for


def rcpt(lab, client, door):
    with smtplib.SMTP(lab.ip(door), lab.mx_port, local_hostname="client.test", timeout=30,
                      source_address=(lab.ip(client), 0)) as smtp:
        smtp.ehlo()
        eq(smtp.mail("a@source.test")[0], 250, "reply to MAIL")
        return smtp.rcpt("john@home.test")[0]


def test(lab):
    reverse = ".".join(reversed(lab.net.split("."))) + ".in-addr.arpa"
    lab.dns({reverse: "", "test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {net}.11\nmx2.home A {net}.12\n"})
    asked = f"{lab.ip(11)}:{lab.free_port()}"
    domain = '[domain."home.test"]\nrole = "relay"\n'

    def daemon(name, number, more):
        text = lab.config(name, lab.ip(number), more + domain, hostname=f"{name}.home.test")
        return Waybill(lab, name, lab.ip(number), text.replace("127.0.0.0/8", f"{lab.ip(99)}/32"))

    mx1 = daemon("mx1", 11, f'[http]\nlisten = "{asked}"\n')
    mx2 = daemon("mx2", 12, f'[clients]\npeers = ["{asked}"]\nsuspicious_wait = "50ms"\n'
                            '[policy.default]\nwrong_mx = "defer"\nmx_grace = "0s"\n')
    eq(rcpt(lab, 31, 12), 450, "a client that left out mx1")
    eq(rcpt(lab, 32, 11), 250, "another at mx1")
    eq(rcpt(lab, 32, 12), 250, "and then at mx2")
    eq(rcpt(lab, 31, 12), 450, "the first has not tried it yet")

    eq(mx1.stop(), 0, "exit code")
    eq(rcpt(lab, 31, 12), 250, "mx1 is down: who comes to mx2 does right")
    mx2.rewrite('mx_grace = "0s"', 'mx_grace = "1h"')
    mx2.cli("reload")
    mx1.start()
    eq(rcpt(lab, 31, 12), 250, "mx1 was down not long ago")
    mx2.rewrite('mx_grace = "1h"', 'mx_grace = "0s"')
    mx2.cli("reload")
    eq(rcpt(lab, 31, 12), 450, "and when that is over")
    told = wait_for(lambda: [one for group in mx2.cli_json("clients")[0]["groups"] for one in group["tests"]
                             if one["test"] == "wrong_mx" and one["clients"]], "the report")
    eq((told[0]["clients"], told[0]["turned_away"]), (1, 3), "what mx2 counted")


run(test)
