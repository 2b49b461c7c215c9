#!/usr/bin/env python3
"""`waybill records`: what it prints, published, is what it then finds.

Proved with `waybill dns` on loopback: records of a primary and a backup are printed as a zone, served by a name server,
and found present with --live; one changed is differing, one removed missing, one that the server fails for unknown, with
exit codes 0, 1, 1 and 3; nsupdate's commands leave alone what is unknown or another's.
"""
import json
import re

from actors import Process
from lab import check, eq, run, wait_for

CONFIG = """hostname = "mx2.a.test"
[[listener]]
address = "192.0.2.2:25"
role = "mx"
[domain."a.test"]
role = "primary"
users = ["*"]
[domain."b.test"]
role = "backup"
"""
HEAD = "$TTL 300\na.test. SOA ns.a.test. h 1 60 60 60 60\na.test. NS ns.a.test.\nns.a.test. A 192.0.2.53\n"
HEAD_B = "$TTL 300\nb.test. SOA ns.a.test. h 1 60 60 60 60\nb.test. NS ns.a.test.\nb.test. MX 10 mx1.b.test.\nmx1.b.test. A 192.0.2.7\n"
HEAD_PTR = "$TTL 300\n2.0.192.in-addr.arpa. SOA ns.a.test. h 1 60 60 60 60\n2.0.192.in-addr.arpa. NS ns.a.test.\n"


def test(lab):
    config = lab.dir / "waybill.toml"
    config.write_text(CONFIG)
    zones = {name: lab.dir / name for name in ("a.zone", "b.zone", "r.zone")}
    for name, head in zip(zones, (HEAD, HEAD_B, HEAD_PTR)):
        zones[name].write_text(head)

    def records(*more, codes=(0,)):
        server = Process(lab, f"dns{len(lab.processes)}",
                         [lab.binary, "dns", *(word for path in zones.values() for word in ("--zone", path)), "--listen", "127.0.0.1:0",
                          *(("--fault", "a.test/TXT=servfail") if "fault" in more else ())])
        found = wait_for(lambda: re.search(r"^listening on (\S+)$", server.log(), re.M), "its line")
        out = lab.waybill_cli("records", "--config", config, "--server", found[1], "--no-dnssec",
                              *(word for word in more if word != "fault"), codes=codes)
        server.stop()
        return out

    def states(out):
        return {(line["name"], line["type"]): line["state"] for line in map(json.loads, out.splitlines()) if line.get("ours")}

    before = states(records("--live", "--json", codes=(1,)))
    eq(set(before.values()), {"missing"}, "an empty zone")
    printed = records()
    check("\nb.test. 3600 IN MX 20 mx2.a.test.\n" in printed, f"the backup's record stands behind the primary's: {printed}")
    for line in printed.splitlines():
        if line and not line.startswith(";"):
            name = "r.zone" if "in-addr" in line else "b.zone" if re.match(r"(\S+\.)?b\.test\.", line) else "a.zone"
            zones[name].write_text(zones[name].read_text() + line + "\n")
    after = states(records("--live", "--json"))
    eq(set(after.values()), {"present"}, f"what it printed, published: {after}")

    zones["a.zone"].write_text(zones["a.zone"].read_text().replace("10 mx2.a.test.", "15 mx2.a.test."))
    zones["r.zone"].write_text(HEAD_PTR)
    changed = states(records("--live", "--json", codes=(1,)))
    eq((changed["a.test", "MX"], changed["2.2.0.192.in-addr.arpa", "PTR"]), ("differing", "missing"), "one changed, one removed")
    update = records("--live", "--format", "nsupdate", codes=(1,))
    check(re.search(r"^update delete a\.test\. MX 15 mx2\.a\.test\.\nupdate add a\.test\. 3600 MX 10 mx2\.a\.test\.$", update, re.M)
          and "mx1.b.test" not in "".join(re.findall(r"^update.*$", update, re.M)), f"only what is ours and is not so: {update}")
    unknown = states(records("--live", "--json", "fault", codes=(3,)))
    eq(unknown["a.test", "TXT"], "unknown", "nobody could say")
    check("update add a.test. 3600 TXT" not in records("--live", "--format", "nsupdate", "fault", codes=(3,)), "so it is left alone")
    form = records("--format", "webui")
    check(re.search(r"^a\.test +MX +10 +mx2\.a\.test +3600", form, re.M), form)
    eq(records("--format", "tsv").splitlines()[0].split("\t")[:5], ["name", "type", "ttl", "priority", "value"], "a heading")


run(test)
