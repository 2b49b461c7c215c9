#!/usr/bin/env python3
"""DNSSEC with real keys: what is proved is secure, what is broken is bogus, and bogus waits, never bounces.

Set up: NSD serves test., signed by ldns-signzone (NSEC), whose DS record is waybill's trust anchor, and below it
a signed child (NSEC3), an unsigned delegation, and five broken children: a changed signature, a changed record,
expired signatures, no signatures below a DS record, and a denial whose proof was changed. Proved: present and
absent answers are secure; below the unsigned delegation they are insecure and mail flows; every broken child is
"bogus", exit 3, never "missing"; mail to them waits with 4.4.3 and nothing is reported to the sender; when the
zones are mended, `waybill cache flush` is enough to have it delivered.
"""
import json
import signal

from dns_wire import ask
from lab import check, eq, run, wait_for
from signed import Signer, forge, mangle_signature

MAIL = "@ MX 10 mx\nmx A {net}.11\nplain A {net}.11\n"
BROKEN = ["badsig", "forged", "expired", "stripped", "baddenial"]


def build(lab, signer, keys, broken):
    """Writes all zones; returns {origin: file}."""
    files = {}
    top = "source MX 10 mx.source\nmx.source A {net}.12\nok MX 10 mx.ok\nmx.ok A {net}.11\nplain A {net}.11\n" \
          "insecure NS ns\n" + "".join(f"{name} NS ns\n{keys[name].ds}\n" for name in ["child", *BROKEN])
    files["test"] = signer.sign(lab.zone_file("test", top), "test", keys["test"])
    files["insecure.test"] = lab.zone_file("insecure.test", MAIL)
    for name in ["child", *BROKEN]:
        origin = f"{name}.test"
        path = files[origin] = lab.zone_file(origin, MAIL)
        if name == "stripped" and broken:
            continue
        signer.sign(path, origin, keys[name], days=-2 if name == "expired" and broken else 30, nsec3=name == "child")
    if broken:
        mangle_signature(files["badsig.test"], "badsig.test", "MX")
        forge(files["forged.test"], "\tMX\t10 mx.forged.test.", "\tMX\t10 mx.insecure.test.")
        mangle_signature(files["baddenial.test"], "baddenial.test", "NSEC")
        mangle_signature(files["baddenial.test"], "plain.baddenial.test", "NSEC")
        mangle_signature(files["baddenial.test"], "mx.baddenial.test", "NSEC")
    return files


def test(lab):
    signer = Signer(lab)
    keys = {name: signer.key(name if name == "test" else f"{name}.test") for name in ["test", "child", *BROKEN]}
    place = ("127.0.0.1", 5300) if lab.mx_port == 25 else (lab.ip(53), lab.free_port())
    lab.dns_endpoint = f"{place[0]}:{place[1]}"
    server = lab.nsd("nsd", [place], build(lab, signer, keys, broken=True))

    def lookup(domain, anchor, code):
        out = lab.waybill_cli("lookup", "--json", "--no-ptr", "--server", lab.dns_endpoint, "--trust-anchor", anchor,
                              domain, codes=(code,))
        return json.loads(out)

    # Present, no such name, and a name without MX: each secure, by NSEC and by NSEC3; and each form of an anchor.
    for anchor in [keys["test"].ds_file, keys["test"].dnskey_file, keys["test"].ds, keys["test"].dnskey]:
        found = lookup("ok.test", anchor, 0)
        eq((found["status"], found["secure"], found["mx"][0]["host"]), ("ok", True, "mx.ok.test"), "ok.test")
        check(found["mx"][0]["secure"], "addresses are secure, and that there is no AAAA as well")
    anchor = keys["test"].ds_file
    for domain in ["child.test", "plain.test", "plain.child.test"]:
        found = lookup(domain, anchor, 0)
        eq((found["status"], found["secure"]), ("ok", True), domain)
    eq(lookup("plain.test", anchor, 0)["source"], "implicit", "plain.test has no MX, and that is proved")
    for domain in ["nothing.test", "nothing.child.test"]:
        found = lookup(domain, anchor, 1)
        eq((found["status"], found["secure"]), ("no_domain", True), domain)
    # The unsigned delegation: taken, and called insecure.
    found = lookup("insecure.test", anchor, 0)
    eq((found["status"], found["secure"]), ("ok", False), "insecure.test")
    eq(lookup("nothing.insecure.test", anchor, 1)["secure"], False, "absence below an unsigned delegation")
    # Everything broken is bogus; of baddenial.test only the absences are.
    for domain in ["badsig.test", "forged.test", "expired.test", "stripped.test", "nothing.stripped.test",
                   "nothing.baddenial.test", "plain.baddenial.test"]:
        found = lookup(domain, anchor, 3)
        eq((found["status"], found["secure"], found["mx"]), ("bogus", False, []), domain)
    # Another zone's key proves nothing, and text that is no key is refused before anything is asked.
    wrong = signer.key("test")
    eq(lookup("ok.test", wrong.ds_file, 3)["status"], "bogus", "with a foreign key")
    lab.waybill_cli("lookup", "--trust-anchor", "test. IN A 192.0.2.1", "ok.test", codes=(2,))
    lab.waybill_cli("lookup", "--trust-anchor", "/no/such.key", "ok.test", codes=(2,))
    lab.waybill_cli("lookup", "--trust-anchor", anchor, "--no-dnssec", "ok.test", codes=(2,))

    # The daemon: secure and insecure domains get their mail; bogus ones wait, and nobody is told otherwise.
    sink, home = lab.sink("mx", 11), lab.sink("home", 12)
    relay = lab.waybill("relay", 1, dns=f'dnssec = true\ntrust_anchors = ["{keys["test"].ds}"]')
    good = {"a@ok.test", "b@child.test", "c@insecure.test"}
    waiting = {f"x@{name}.test" for name in ["badsig", "forged", "expired", "stripped"]} | {"x@nothing.baddenial.test"}
    for recipient in sorted(good | waiting):
        lab.send(relay, "ann@source.test", [recipient])
    sink.wait_count(len(good), timeout_s=60)
    eq(set(sink.recipients()), good, "delivered")

    def deferred():
        rows = relay.open_recipients()
        return rows if len(rows) == len(waiting) and all(row["attempts"] >= 2 for row in rows) else None

    for row in wait_for(deferred, "two attempts of every bogus recipient", 60):
        check("4.4.3" in json.dumps(row), f"4.4.3 in {row}")
    eq({row["recipient"] for row in relay.open_recipients()}, waiting, "what waits")
    listed = {(row["name"], row["status"], row["security"]) for row in relay.cli_json("cache", "list") if "name" in row}
    check(("ok.test", "present", "secure") in listed, f"ok.test is listed as secure: {listed}")
    check(("insecure.test", "present", "insecure") in listed, f"insecure.test is listed as insecure: {listed}")
    eq(home.messages(), [], "reports about bogus answers")

    # Mended: the same keys, whole signatures. nothing.baddenial.test is now proved absent, which bounces.
    build(lab, signer, keys, broken=False)
    server.signal(signal.SIGHUP)
    wait_for(lambda: b"insecure" not in ask(place, "forged.test", "MX").packet, "NSD to serve the mended zone")
    relay.cli("cache", "flush")
    relay.cli("queue", "retry", "--all", "--yes")
    sink.wait_count(len(good) + 4, timeout_s=60)
    home.wait_count(1, timeout_s=60)
    check("nothing.baddenial.test" in home.messages()[0], "the report names the absent domain")
    relay.wait_empty()


run(test)
