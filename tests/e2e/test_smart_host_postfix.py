#!/usr/bin/env python3
"""An authenticated smart host that is no work of ours: Postfix with STARTTLS, whose users Dovecot knows.

Set up: a Postfix on the submission port that takes mail only from whom it has authenticated, and authenticates nobody
without TLS (smtpd_tls_auth_only); it asks Dovecot by its SASL socket. One address offers PLAIN and LOGIN, another LOGIN
alone. Proved: each mechanism's message arrives, and Postfix's log and the message's own Received line name the user; with
a wrong password the mail waits, `queue why` says why in words that help, and nothing bounces; no form of either
password stands in our log or in an answer.
"""
import base64
import re

from dovecot import SECRET, Dovecot
from lab import check, eq, run, wait_for

WRONG = "battery-staple"
USER = "joe@isp.test"
DOMAINS = ["plain.example", "login.example", "wrong.example"]


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
    right, wrong = lab.dir / "right.password", lab.dir / "wrong.password"
    for path, text in ((right, SECRET), (wrong, WRONG)):
        path.write_text(text + "\n")
        path.chmod(0o600)
    relay = lab.waybill("router", 1, route("plain.example", "relay", right, certs) + route("login.example", "login", right, certs)
                        + route("wrong.example", "relay", wrong, certs))
    ids = {domain: lab.message_id(lab.send(relay, "a@source.test", [f"x@{domain}"])) for domain in DOMAINS}

    for domain, mechanism in (("plain.example", "PLAIN"), ("login.example", "LOGIN")):
        wait_for(lambda domain=domain: arrived(postfix, domain), f"the message to {domain} in its mailbox")
        [text] = arrived(postfix, domain)
        received = re.search(r"^Received: from router\.test .*?(?=^\S)", text, re.M | re.S)[0]
        check(f"Authenticated sender: {USER}" in received and "ESMTPSA" in received, f"who sent it, and by TLS:\n{received}")
        check(re.search(rf"sasl_method={mechanism}, sasl_username={re.escape(USER)}", postfix.log()), f"Postfix saw {mechanism}")

    waiting = lambda: [row for row in relay.open_recipients() if row["attempts"] > 0]
    wait_for(waiting, "the wrong password to be tried")
    eq([(row["recipient"], row["last_reply"]["code"]) for row in relay.open_recipients()], [("x@wrong.example", 535)], "what waits")
    check("SASL PLAIN authentication failed" in postfix.log(), "Postfix's own word for it")
    why = relay.cli("queue", "why", ids["wrong.example"])
    check("535 5.7.8" in why and "authentication failed" in why, f"the server's answer:\n{why}")
    eq(arrived(postfix, "wrong.example"), [], "mail without a password")
    relay.verify_custody()

    said = relay.log() + why + relay.cli("status", "--json") + relay.cli("queue", "list", "--json", "--limit", "0")
    for secret in (SECRET, WRONG):
        for form in (secret, *(base64.b64encode(text.encode()).decode().rstrip("=") for text in
                               (secret, f"\0{USER}\0{secret}"))):
            check(form not in said, f"{form} stands in a log or an answer")
    relay.cli("queue", "delete", "--all", "--reason", "the test is over", "--yes")


run(test, needs=["postfix"])
