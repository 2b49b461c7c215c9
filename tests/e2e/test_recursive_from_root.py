#!/usr/bin/env python3
"""Recursion from the root down, by the built-in root hints, in a network that ends at this namespace.

Set up: eleven of the thirteen root servers' well-known addresses are this namespace's own, where NSD serves a root
zone; two are dead. A second NSD serves the TLDs town. and village., a third mail.town., far.village. and
big.town. Proved: waybill finds MX hosts by delegation and glue; with a dead and a lame server among a zone's;
without glue, by a name server below another TLD; along an alias into another zone; and 40 hosts whose answer
fits no UDP packet. Everything dead is "temp_failure", exit 3. Mail is delivered that way. With DNSSEC this root
is a forgery by the keys of the real one, and secure by its own.
"""
import json
import subprocess

from actors import Sink, Waybill
from dns_wire import ask
from lab import check, eq, run
from signed import Signer

# b and e are dead, and so is all of IPv6: libunbound gives priming up after 32 tries at random ones.
ROOTS = {"a": "198.41.0.4", "c": "192.33.4.12", "d": "199.7.91.13", "f": "192.5.5.241", "g": "192.112.36.4", "h": "198.97.190.53",
         "i": "192.36.148.17", "j": "192.58.128.30", "k": "193.0.14.129", "l": "199.7.83.42", "m": "202.12.27.33"}
TLD, HOME, LAME, DEAD = "192.0.2.53", "198.51.100.53", "198.51.100.54", "198.51.100.99"
MX, RELAY = "203.0.113.25", "203.0.113.1"
BIG = 40

SOA = "@ SOA ns hostmaster 1 60 60 3600 1\n"
ZONES = {
    ".": "@ SOA a.root-servers.net. hostmaster.root-servers.net. 1 60 60 3600 1\n"
         + "".join(f"@ NS {name}.root-servers.net.\n{name}.root-servers.net. A {ip}\n" for name, ip in ROOTS.items())
         + f"town NS ns.nic.town.\nns.nic.town. A {TLD}\nvillage NS ns.nic.village.\nns.nic.village. A {TLD}\n",
    "town": f"@ SOA ns.nic hostmaster 1 60 60 3600 1\n@ NS ns.nic\nns.nic A {TLD}\n"
            f"mail NS ns1.mail\nmail NS ns2.mail\nmail NS ns3.mail\n"
            f"ns1.mail A {HOME}\nns2.mail A {DEAD}\nns3.mail A {LAME}\n"
            f"big NS ns1.mail\nalias CNAME far.village.\n"
            f"silent NS ns.silent\nns.silent A {DEAD}\n",
    "village": f"@ SOA ns.nic hostmaster 1 60 60 3600 1\n@ NS ns.nic\nns.nic A {TLD}\nfar NS ns1.mail.town.\n",
    "mail.town": "@ SOA ns1 hostmaster 1 60 60 3600 1\n@ NS ns1\n@ NS ns2\n@ NS ns3\n"
                 f"ns1 A {HOME}\nns2 A {DEAD}\nns3 A {LAME}\n@ MX 10 mx1\nmx1 A {MX}\n",
    "far.village": "@ SOA ns1.mail.town. hostmaster 1 60 60 3600 1\n@ NS ns1.mail.town.\n@ MX 10 mx1.mail.town.\n",
    "big.town": "@ SOA ns1.mail.town. hostmaster 1 60 60 3600 1\n@ NS ns1.mail.town.\n" + "".join(
        f"@ MX 10 host-{n}-{'x' * 40}\nhost-{n}-{'x' * 40} A {MX}\n" for n in range(BIG)),
}
SERVERS = {"root": (list(ROOTS.values()), ["."]), "tld": ([TLD], ["town", "village"]),
           "home": ([HOME], ["mail.town", "far.village", "big.town"]),
           "lame": ([LAME], ["far.village"])}  # knows nothing of mail.town, for which it is named


def own_addresses():
    """Local, yet no interface's: what an interface carries, the relay would take for itself."""
    for network in [*(f"{ip}/32" for ip in ROOTS.values()), f"{TLD}/32", f"{HOME}/32", f"{LAME}/32", "203.0.113.0/24"]:
        subprocess.run(["ip", "route", "add", "local", network, "dev", "lo"], check=True)
    # No route leads to what is dead; there is no other interface, so nothing leaves the namespace.
    left = subprocess.run(["ip", "-o", "link", "show", "up"], check=True, capture_output=True, text=True).stdout
    eq([line.split(":")[1].strip() for line in left.splitlines()], ["lo"], "interfaces")


def write_zone(lab, origin, extra="", folder="plain"):
    (lab.dir / folder).mkdir(exist_ok=True)
    path = lab.dir / folder / f"{origin.rstrip('.') or 'root'}.zone"
    path.write_text(f"$ORIGIN {origin.rstrip('.')}.\n$TTL 60\n{ZONES[origin]}{extra}")
    return path


def serve(lab, files, suffix=""):
    return [lab.nsd(name + suffix, [(ip, 53) for ip in ips], {origin: files[origin] for origin in origins})
            for name, (ips, origins) in SERVERS.items()]


def signed_zones(lab, signer):
    """The same zones, each signed, each with the DS records of those below it; returns files and root key."""
    keys, files = {origin: signer.key(origin) for origin in ZONES}, {}
    parents = {"town": ".", "village": ".", "mail.town": "town", "big.town": "town", "far.village": "village"}
    for origin in ZONES:
        below = "".join(keys[child].ds + "\n" for child, parent in parents.items() if parent == origin)
        files[origin] = signer.sign(write_zone(lab, origin, below, "signed"), origin, keys[origin])
    return files, keys["."]


def lookup(lab, domain, *options, code=0):
    found = json.loads(lab.waybill_cli("lookup", "--json", "--no-ptr", *options, domain, codes=(code,)))
    return found["status"], [host["host"] for host in found["mx"]], found["secure"]


def expect_truth(lab, secure, *options):
    """What there is to find out, whether signed or not."""
    mx1 = ["mx1.mail.town"]
    eq(lookup(lab, "mail.town", *options), ("ok", mx1, secure), "delegation and glue, dead and lame servers")
    eq(lookup(lab, "far.village", *options), ("ok", mx1, secure), "a server below another TLD, without glue")
    eq(lookup(lab, "alias.town", *options), ("ok", mx1, secure), "an alias into another zone")
    status, hosts, _ = lookup(lab, "big.town", *options)
    eq((status, len(hosts)), ("ok", BIG), "an answer over TCP")
    for name in ["nothing.mail.town", "nothing.town", "nothing"]:
        eq(lookup(lab, name, *options, code=1), ("no_domain", [], secure), name)
    status, hosts, _ = lookup(lab, "silent.town", "--dns-timeout", "5s", *options, code=3)
    check(status in ("temp_failure", "bogus") and not hosts, f"a domain whose only server is dead: {status}")


def test(lab):
    own_addresses()
    plain = serve(lab, {origin: write_zone(lab, origin) for origin in ZONES})
    reply = ask((HOME, 53), "big.town", "MX")
    check(reply.truncated, "UDP does not hold big.town's MX records")
    eq(ask((HOME, 53), "big.town", "MX", tcp=True).answers, BIG, "TCP does")
    eq(ask((LAME, 53), "mail.town", "MX").rcode, "REFUSED", "the lame server's answer")
    expect_truth(lab, False, "--no-dnssec")
    eq(lookup(lab, "mail.town", code=3)[0], "bogus", "a root that the real root's keys did not sign")

    # Mail by that road.
    sink = Sink(lab, "mx1", MX)
    config = lab.config("relay", RELAY, dns='mode = "recursive"\nservers = []').replace("127.0.0.0/8", "203.0.113.0/24")
    relay = Waybill(lab, "relay", RELAY, config)
    for recipient in ["a@mail.town", "b@far.village", "c@alias.town"]:
        lab.send(relay, "ann@mail.town", [recipient])
    sink.wait_count(3, timeout_s=60)
    relay.wait_empty()
    relay.verify_custody()

    for server in plain:
        server.stop()
    files, root = signed_zones(lab, Signer(lab))
    serve(lab, files, ".signed")
    expect_truth(lab, True, "--trust-anchor", root.ds_file)
    eq(lookup(lab, "mail.town", code=3)[0], "bogus", "a signed root, but not by the real root's keys")


run(test, needs=["the root servers' addresses"])
