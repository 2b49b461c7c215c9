#!/usr/bin/env python3
"""`waybill check --probe` against real servers: what it says of each, and that it never sends mail.

Set up: a zone signed by ldns-signzone on NSD; a waybill daemon with a certificate as the primary, smtp-sink as a
backup without TLS that takes everything, a server that refuses sessions, one whose TLS is broken, an address where
nobody listens, one that stays silent is left to the unit tests; a web server with the MTA-STS policy. Proved: the
good domain is fine in every check of the family; each fault is named with its host, and what gave no session is
unknown; TLSA records are compared with the real certificate, and so are the policy and the MX hosts; a redirect is
no policy; nothing was delivered anywhere.
"""
import hashlib
import http.server
import json
import os
import socketserver
import ssl
import subprocess
import threading

from lab import check, eq, run
from peer import Peer
from signed import Signer

FAMILIES = ["sts", "tlsrpt", "dane", "tls"]


class PolicyHost:
    """https://mta-sts.good.test/.well-known/mta-sts.txt; `policy` and `redirect` say what it serves."""

    def __init__(self, ip, cert, key):
        self.policy, self.redirect, host = "", None, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: the library's name
                found = self.path == "/.well-known/mta-sts.txt"
                self.send_response(301 if host.redirect else 200 if found else 404)
                if host.redirect:
                    self.send_header("Location", host.redirect)
                self.send_header("Content-Type", "text/plain")
                body = host.policy.encode() if found else b""
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        server = Server((ip, 443), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Refuser(Peer):
    """Greets with 554."""

    def _talk(self, connection, _session):
        connection.sendall(b"554 5.7.1 no mail from here\r\n")
        connection.recv(100)


def key_hash(cert):
    """SHA-256 of the certificate's public key, in hex: what TLSA 3 1 1 wants."""
    public = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public, check=True, capture_output=True)
    return hashlib.sha256(der.stdout).hexdigest()


def records(good_key):
    return ("good MX 10 mx1.good\nmx1.good A {net}.11\n"
            '_mta-sts.good TXT "v=STSv1; id=1"\nmta-sts.good A {net}.80\n'
            '_smtp._tls.good TXT "v=TLSRPTv1; rua=mailto:tls@good.test"\n'
            f"_25._tcp.mx1.good TLSA 3 1 1 {good_key}\n"
            "weak MX 10 mx1.good\nweak MX 20 backup.weak\nbackup.weak A {net}.12\n"
            "stale MX 10 mx1.stale\nmx1.stale A {net}.11\n"
            f"_25._tcp.mx1.stale TLSA 3 1 1 {'0' * 64}\n_25._tcp.mx1.stale TLSA 1 1 1 {'0' * 64}\n"
            "odd MX 10 refuses.odd\nodd MX 10 broken.odd\nodd MX 10 gone.odd\n"
            "refuses.odd A {net}.13\nbroken.odd A {net}.14\ngone.odd A {net}.15\n")


def test(lab):
    cert, key = lab.certificate("mx1.good.test")
    policy_cert, policy_key = lab.certificate("mta-sts.good.test")
    roots = lab.dir / "roots.pem"
    roots.write_text(cert.read_text() + policy_cert.read_text())
    os.environ["SSL_CERT_FILE"] = str(roots)

    signer = Signer(lab)
    zone_key = signer.key("test")
    place = ("127.0.0.1", 5300)
    lab.dns_endpoint = f"{place[0]}:{place[1]}"
    zone = signer.sign(lab.zone_file("test", records(key_hash(cert))), "test", zone_key)
    lab.nsd("nsd", [place], {"test": zone})

    primary = lab.waybill("primary", 11, f'[tls]\ncertificate = "{cert}"\nkey = "{key}"\n'
                          + "".join(f'[domain."{name}.test"]\nrole = "primary"\nusers = ["john"]\n'
                                    f'mailboxes = "maildir:{lab.dir}/mail/{{domain}}/{{user}}"\n'
                                    for name in ("good", "weak", "stale")), hostname="mx1.good.test")
    backup = lab.sink("backup", 12)
    refuser = Refuser(lab, lab.ip(13))
    broken = Peer(lab, lab.ip(14), starttls="garbage")
    web = PolicyHost(lab.ip(80), policy_cert, policy_key)
    web.policy = "version: STSv1\r\nmode: enforce\r\nmx: mx1.good.test\r\nmax_age: 604800\r\n"

    def ask(domain, *arguments, codes=(0, 1, 3)):
        """Findings by (id, level, the host in its subject), and the summary."""
        lines = lab.waybill_cli("check", domain, "--probe", "--allow-loopback", "--json", "--server", lab.dns_endpoint,
                                "--trust-anchor", zone_key.ds, *arguments, codes=codes).splitlines()
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        return [row for row in rows if "id" in row], rows[-1]["summary"]

    def found(rows):
        return sorted((row["id"], row["level"], row["subject"].split(" ")[0]) for row in rows)

    only = [part for family in FAMILIES for part in ("--only", family)]

    rows, summary = ask("good.test", *only, codes=(0,))
    eq(found(rows), [], "findings about the good domain")
    # Without the root to validate, dane.unsigned-zone has nothing to say; all others are fine.
    eq((summary["unknown"], summary["findings"]), (0, 0), "unknown checks and findings")
    check(summary["fine"] >= 14, f"nearly all checks of the family are fine: {summary}")

    rows, _ = ask("weak.test", "--only", "tls", "--only", "redundancy.weaker-backup")
    eq(found(rows), [("redundancy.weaker-backup", "warning", "backup.weak.test"),
                     ("redundancy.weaker-backup", "warning", "backup.weak.test"),
                     ("tls.no-starttls", "error", "backup.weak.test")], "findings about the backup without TLS")

    rows, _ = ask("stale.test", "--only", "dane", "--only", "tls")
    eq(found(rows), [("dane.no-match", "error", "mx1.stale.test"),
                     ("dane.unusable", "warning", "_25._tcp.mx1.stale.test"),
                     ("tls.certificate", "warning", "mx1.stale.test")], "findings about the stale TLSA record")
    match = [row for row in rows if row["id"] == "dane.no-match"][0]
    check(key_hash(cert) in match["fix"], f"the fix has the record to publish: {match['fix']}")

    rows, _ = ask("odd.test", "--only", "tls.no-starttls")
    eq(found(rows), [("tls.no-starttls", "error", "broken.odd.test"), ("tls.no-starttls", "unknown", "gone.odd.test"),
                     ("tls.no-starttls", "unknown", "refuses.odd.test")], "findings about the odd hosts")
    check("554 5.7.1 no mail from here" in json.dumps(rows), "what the refusing server said")

    web.policy = web.policy.replace("mx1.good", "mx9.good").replace("604800", "3600")
    rows, _ = ask("good.test", *only)
    eq(found(rows), [("dane.contradicts-sts", "error", "mx1.good.test"), ("sts.lists-no-mx", "warning", "mx9.good.test"),
                     ("sts.mx-not-listed", "error", "mx1.good.test"), ("sts.short-max-age", "warning", "good.test")],
       "findings about a policy for other hosts")
    web.redirect = "https://good.test/policy"
    rows, _ = ask("good.test", "--only", "sts")
    eq([row["id"] for row in rows], ["sts.policy-unreachable"], "findings about a redirect")
    check("301" in rows[0]["got"], rows[0]["got"])

    # Never mail: no transaction got as far as DATA, here or there.
    eq(backup.messages(), [], "messages at the backup")
    eq(primary.open_recipients(), [], "messages at the primary")
    eq([peer.texts() for peer in (refuser, broken)], [[], []], "messages at the odd hosts")
    check("waybill-check-" in primary.log(), "the primary was asked for a recipient that nobody has")


run(test, needs=["root: port 443 and names of its own"])
