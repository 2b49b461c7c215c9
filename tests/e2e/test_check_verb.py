#!/usr/bin/env python3
"""`waybill check` over real DNS packets: findings, what is unknown, exit codes, JSON, many domains.

Proved with `waybill dns` as the zone's server: a good domain has no findings that count; each mistake is named with its
id; a server that fails makes things unknown and never missing (exit 3); --allow and --fail-on decide the exit code;
several domains come in the order given, with a table; bad names and options are exit 2.
"""
import json
import re
import subprocess

from actors import Process
from lab import check, eq, run, wait_for

ZONE = """$ORIGIN lab.test.
$TTL 3600
@ SOA ns hostmaster 1 7200 900 1209600 3600
@ NS ns
ns A 127.0.0.1
$ORIGIN good.lab.test.
@ MX 10 mx1
@ MX 20 mx2
@ TXT "v=spf1 mx -all"
mx1 A 192.0.2.1
mx2 A 198.51.100.2
$ORIGIN bad.lab.test.
@ MX 10 alias
@ MX 20 gone
@ MX 30 192.0.2.9.
alias CNAME host
host A 192.0.2.7
$ORIGIN broken.lab.test.
@ MX 10 mx
mx A 192.0.2.8
"""


def test(lab):
    zone = lab.dir / "lab.zone"
    zone.write_text(ZONE)
    root = lab.dir / "root.zone"  # so that a name of nobody's does not exist, instead of REFUSED
    root.write_text("$ORIGIN .\n$TTL 60\n@ SOA ns.lab.test. h.lab.test. 1 60 60 60 60\n@ NS ns.lab.test.\n")
    server = Process(lab, "dns", [lab.binary, "dns", "--zone", zone, "--zone", root, "--listen", "127.0.0.1:0",
                                  "--fault", "broken.lab.test/MX=servfail"])
    found = wait_for(lambda: re.search(r"^listening on (127\.0\.0\.1:\d+)$", server.log(), re.M), "its line")

    def ask(*words):
        out = subprocess.run([lab.binary, "check", "--server", found[1], "--no-dnssec", "--dns-timeout", "2s", "--no-fetch",
                              "--allow-loopback", "--only", "mx", *words], capture_output=True, text=True, timeout=60, check=False)
        return out.returncode, out.stdout, out.stderr

    code, out, _ = ask("good.lab.test")
    eq(code, 0, f"a good domain: {out}")
    check("with findings" in out and "errors" not in out, out)

    code, out, _ = ask("--json", "bad.lab.test")
    eq(code, 1, "findings")
    lines = [json.loads(line) for line in out.splitlines()]
    ids = {line["id"] for line in lines if "id" in line}
    check({"mx.target-is-cname", "mx.target-no-address", "mx.target-is-address"} <= ids, f"the mistakes by name: {ids}")
    for line in lines[:-1]:
        eq(set(line) - {"allowed"}, {"v", "id", "level", "subject", "got", "want", "ref", "fix", "where"}, "a finding's fields")
    eq((lines[-1]["domain"], lines[-1]["summary"]["error"]), ("bad.lab.test", sum(x.get("level") == "error" for x in lines)), "sum")

    code, out, _ = ask("--json", "broken.lab.test")
    eq(code, 3, "a failing server")
    levels = {line["level"] for line in map(json.loads, out.splitlines()) if "level" in line}
    eq(levels, {"unknown"}, "nothing is called missing")
    code, out, _ = ask("broken.lab.test")
    eq(out.count("MX of broken.lab.test"), 1, f"one reason is told once: {out}")

    allow = [word for each in ids for word in ("--allow", f"{each}=the lab's own mistake")]
    code, out, _ = ask(*allow, "bad.lab.test")
    eq(code, 0, "all of it allowed")
    check("allowed: the lab's own mistake" in out, out)
    eq(ask("--fail-on", "never", "bad.lab.test")[0], 0, "--fail-on never")
    eq(ask("--allow", "mx.nonsense=x", "good.lab.test")[0], 2, "an id that is none")
    eq(ask("--allow", "mx.single", "good.lab.test")[0], 2, "no reason")
    eq(ask("--fail-on", "sometimes", "good.lab.test")[0], 2, "a level that is none")
    eq(ask("-u-@!")[0], 2, "no option")
    eq(ask("no domain")[0], 2, "no domain")

    (lab.dir / "many").write_text("bad.lab.test  # first\n\nnowhere.lab.test\n")
    code, out, _ = ask("--input", lab.dir / "many", "good.lab.test")
    eq(code, 1, "many")
    table = out[out.rindex("\n\n"):]
    eq(re.findall(r"^(\w+)\.lab\.test +\d", table, re.M), ["good", "bad", "nowhere"], f"a row each, in order: {table}")
    eq(ask("--input", lab.dir / "missing")[0], 2, "no such file")

    listed = ask("--list")[1]
    check(len(listed.splitlines()) > 20 and "mx.target-is-cname" in listed, "--list")


run(test)
