#!/usr/bin/env python3
"""An authenticated smart host that is no work of ours: Postfix with STARTTLS, whose users Dovecot knows.

Set up: a Postfix on the submission port that takes mail only from whom it has authenticated, and authenticates nobody
without TLS (smtpd_tls_auth_only); it asks Dovecot by its SASL socket. One address offers PLAIN and LOGIN, another LOGIN
alone. Proved: each mechanism's message arrives, and Postfix's log and the message's own Received line name the user; with
a wrong password the mail waits, and the log, `status` and `queue why` name the route, the user and what to do; so does a
password file that others can read; a reload once both are mended releases the mail, though its next attempt were hours
away; no form of either password stands in our
log or in an answer.
"""
import base64
import re

from dovecot import SECRET, Dovecot
from lab import check, eq, run, wait_for

WRONG = "battery-staple"
USER = "joe@isp.test"
DOMAINS = ["plain.example", "login.example", "wrong.example", "open.example"]


def smart_host(lab):
    """The Postfix, and the certificates of its two names."""
    certs = {name: lab.certificate(f"{name}.test") for name in ("relay", "login")}
    # TLS belongs to the service: each name has its certificate.
    services = "".join(
        f"{lab.ip(number)}:587 inet n - n - - smtpd\n  -o smtpd_tls_cert_file={certs[name][0]}\n"
        f"  -o smtpd_tls_key_file={certs[name][1]}\n  -o smtpd_sasl_mechanism_filter={mechanisms}\n"
        for name, number, mechanisms in (("relay", 21, "plain,login"), ("login", 22, "login")))
    postfix = lab.postfix("isp", 20, DOMAINS, {
        "smtpd_tls_security_level": "may", "smtpd_tls_auth_only": "yes", "smtpd_tls_received_header": "yes",
        "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth",
        "smtpd_sasl_authenticated_header": "yes",
        "smtpd_relay_restrictions": "permit_sasl_authenticated, reject"}, services=services)
    Dovecot(lab, "accounts", 23, {USER: ""}, settings=f"""\
auth_mechanisms = plain login
service auth {{
  unix_listener {postfix.queue}/private/auth {{
    mode = 0600
    user = postfix
  }}
}}
""")
    return postfix, certs


def route(domain, name, password_file, certs):
    return (f'[route."{domain}"]\nvia = "[{name}.test]:587"\nauth = {{ user = "{USER}", password_file = "{password_file}" }}\n'
            f'ca_file = "{certs[name][0]}"\n')


def arrived(postfix, domain):
    return [text for text in postfix.messages() if f"Delivered-To: x@{domain}" in text]


def test(lab):
    lab.dns({"test": "relay A {net}.21\nlogin A {net}.22\n"})
    postfix, certs = smart_host(lab)
    right, wrong, bare = (lab.dir / f"{name}.password" for name in ("right", "wrong", "bare"))
    for path, text, mode in ((right, SECRET, 0o600), (wrong, WRONG, 0o600), (bare, SECRET, 0o644)):
        path.write_text(text + "\n")
        path.chmod(mode)
    relay = lab.waybill("router", 1, route("plain.example", "relay", right, certs) + route("login.example", "login", right, certs)
                        + route("wrong.example", "relay", wrong, certs) + route("open.example", "relay", bare, certs),
                        queue='retry_first = "6h"\nretry_max = "6h"\n')
    ids = {domain: lab.message_id(lab.send(relay, "a@source.test", [f"x@{domain}"])) for domain in DOMAINS}

    for domain, mechanism in (("plain.example", "PLAIN"), ("login.example", "LOGIN")):
        wait_for(lambda domain=domain: arrived(postfix, domain), f"the message to {domain} in its mailbox")
        [text] = arrived(postfix, domain)
        received = re.search(r"^Received: from router\.test .*?(?=^\S)", text, re.M | re.S)[0]
        check(f"Authenticated sender: {USER}" in received and "ESMTPSA" in received, f"who sent it, and by TLS:\n{received}")
        check(re.search(rf"sasl_method={mechanism}, sasl_username={re.escape(USER)}", postfix.log()), f"Postfix saw {mechanism}")

    tried = lambda: sorted((row["recipient"], row["last_reply"]["code"]) for row in relay.open_recipients() if row["attempts"] > 0)
    wait_for(lambda: len(tried()) >= 2, "what can't be sent to be tried")
    eq(tried(), [("x@open.example", 451), ("x@wrong.example", 535)], "what waits")
    check("SASL PLAIN authentication failed" in postfix.log(), "Postfix's own word for it")
    why = relay.cli("queue", "why", ids["wrong.example"])
    remedy = f'the route "wrong.example" signs in as {USER} with the password in {wrong}: correct whichever is wrong, then '
    for text in (why, relay.cli("status")):
        check("relay.test does not take our credentials (535 5.7.8" in text and remedy in text, f"what is wrong, and what to do:\n{text}")
    check("does not take our credentials" in relay.log(), "the log has it")
    for text in (relay.cli("queue", "why", ids["open.example"]), relay.cli("status")):
        check(f"chmod 0600 {bare}" in text, f"what is wrong with the file:\n{text}")
    eq(arrived(postfix, "wrong.example") + arrived(postfix, "open.example"), [], "mail without a password")
    relay.verify_custody()

    said = why + relay.cli("status", "--json") + relay.cli("queue", "list", "--json", "--limit", "0")
    wrong.write_text(SECRET + "\n")
    bare.chmod(0o600)
    relay.cli("reload")
    for domain in ("wrong.example", "open.example"):
        wait_for(lambda domain=domain: arrived(postfix, domain), f"the mail to {domain} once its password is right")
    wait_for(lambda: not relay.open_recipients(), "the queue to be empty")
    check("does not take our credentials" not in relay.cli("status"), "a fault that is mended is told no more")

    said += relay.log()
    for secret in (SECRET, WRONG):
        for form in (secret, *(base64.b64encode(text.encode()).decode().rstrip("=") for text in
                               (secret, f"\0{USER}\0{secret}"))):
            check(form not in said, f"{form} stands in a log or an answer")


run(test, needs=["postfix"])
