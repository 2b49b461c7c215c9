#!/usr/bin/env python3
"""An authenticated smart host: AUTH PLAIN and LOGIN, over verified TLS only; whatever is wrong with it, mail waits.

Set up: submission servers with one account each: one with STARTTLS on port 587, one that knows LOGIN alone, one with
TLS from the first octet (465), one without TLS, one whose certificate nobody vouches for. Proved: each of the first three
gets its mail from the user it knows, by TLS; the last two see neither password nor mail; a wrong password defers
(never bounces), is said loudly, is not tried for every message, and is mended by the password file and a reload; so is
a password file that can't be used; the password stands in no log and in no answer of the command line.
"""
import base64

from lab import check, eq, run, wait_for
from smart_host import SmartHost

PASSWORD = "open sesame 4711"


def route(domain, host, file, ca, port=587):
    return (f'[route."{domain}"]\nvia = "[{host}]:{port}"\nauth = {{ user = "joe", password_file = "{file}" }}\n'
            + (f'ca_file = "{ca}"\n' if ca else ""))


def last_reply(relay, recipient):
    rows = [row for row in relay.open_recipients() if row["recipient"] == recipient and row["attempts"] > 0]
    return rows[0]["last_reply"] if rows else None


def test(lab):
    hosts = {"relay": 21, "login": 22, "early": 23, "clear": 24, "forged": 25}
    lab.dns({"test": "".join(f"{name} A {{net}}.{number}\n" for name, number in hosts.items())})
    certs = {name: lab.certificate(f"{name}.test") for name in hosts}
    accounts = {"joe": PASSWORD}
    relay_host = SmartHost(lab.ip(21), 587, certs["relay"], accounts)
    login = SmartHost(lab.ip(22), 587, certs["login"], accounts, mechanisms="LOGIN")
    early = SmartHost(lab.ip(23), 465, certs["early"], accounts, from_start=True)
    clear = SmartHost(lab.ip(24), 587, certs["clear"], accounts, starttls=False)
    forged = SmartHost(lab.ip(25), 587, certs["forged"], accounts)
    file, wrong, closed = (lab.dir / f"{name}.password" for name in ("relay", "wrong", "open"))
    for path, text in ((file, PASSWORD), (wrong, "shut sesame"), (closed, PASSWORD)):
        path.write_text(text + "\n")
        path.chmod(0o600)
    closed.chmod(0o644)
    relay = lab.waybill("router", 1, route("*", "relay.test", file, certs["relay"][0])
                        + route("login.example", "login.test", file, certs["login"][0])
                        + route("early.example", "early.test", file, certs["early"][0], 465)
                        + route("clear.example", "clear.test", file, certs["clear"][0])
                        + route("forged.example", "forged.test", file, None)
                        + route("wrong.example", "relay.test", wrong, certs["relay"][0])
                        + route("open.example", "relay.test", closed, certs["relay"][0]))
    names = ["any", "login", "early", "clear", "forged", "wrong", "open"]
    for name in names:
        lab.send(relay, "a@source.test", [f"x@{name}.example"])
    for host, recipient in ((relay_host, "x@any.example"), (login, "x@login.example"), (early, "x@early.example")):
        wait_for(lambda host=host, recipient=recipient: recipient in host.recipients(), f"{recipient} at its smart host")
        eq([message[:2] for message in host.messages], [("joe", True)], f"who sent {recipient}, and by TLS")
        check(not host.said("AUTH", tls=False), f"no password in the clear to {recipient}'s host")
    for recipient, words in (("x@clear.example", "STARTTLS"), ("x@forged.example", "certificate"), ("x@wrong.example", "credentials invalid"),
                             ("x@open.example", f"chmod 0600 {closed}")):
        wait_for(lambda recipient=recipient: last_reply(relay, recipient), f"{recipient} to be tried")
        check(words in last_reply(relay, recipient)["text"], f"{recipient} waits, with the reason: {last_reply(relay, recipient)}")
    for host in (clear, forged):
        check(not any(verb in ("AUTH", "MAIL") for _, verb in host.commands), f"nothing was said to {host.commands}")
    eq(last_reply(relay, "x@wrong.example")["code"], 535, "the server's own word")
    check("does not take our credentials" in relay.log(), "it is said loudly")
    eq(sorted(row["recipient"] for row in relay.open_recipients()), ["x@clear.example", "x@forged.example", "x@open.example", "x@wrong.example"],
       "nothing bounced: what could not go waits")

    status = relay.cli("status")
    for words in ('the route "wrong.example" signs in as joe', 'the route "open.example" can\'t be used, so its mail waits'):
        check(words in status, f"{words} in\n{status}")
    before = relay_host.refused
    for number in range(20):
        lab.send(relay, "a@source.test", [f"n{number}@wrong.example"])
    wait_for(lambda: len([row for row in relay.open_recipients() if row["attempts"] > 0]) == 24, "each to be tried")
    check(relay_host.refused - before < 5, f"one refusal answers for all: {relay_host.refused - before} for 20 messages")

    wrong.write_text(PASSWORD + "\n")
    closed.chmod(0o600)
    relay.cli("reload")
    for recipient in ("x@wrong.example", "x@open.example", *(f"n{number}@wrong.example" for number in range(20))):
        wait_for(lambda recipient=recipient: recipient in relay_host.recipients(), f"{recipient} once the password is right")

    said = relay.log() + relay.cli("status", "--json") + relay.cli("queue", "list", "--json", "--limit", "0")
    said += lab.waybill_cli("config", "check", relay.config_path, "--json", codes=(0, 1, 2, 3, 4))
    said += lab.waybill_cli("route", "--config", relay.config_path, "x@any.example", "--json")
    for secret in (PASSWORD, "shut sesame", base64.b64encode(PASSWORD.encode()).decode(),
                   base64.b64encode(f"\0joe\0{PASSWORD}".encode()).decode()):
        check(secret not in said, "a password stands in no log and no answer")

    wrong.chmod(0o644)
    open_to_all = lab.waybill_cli("config", "check", relay.config_path, codes=(0, 1, 2, 3, 4))
    check(f"chmod 0600 {wrong}" in open_to_all, f"config check tells a password file that others can read:\n{open_to_all}")
    relay.cli("queue", "delete", "--all", "--reason", "the test is over", "--yes")


run(test, needs=["ports 465 and 587"])
