#!/usr/bin/env python3
"""`waybill plan` against a live name server: what changes, whether it is safe, in which order; and its exit codes.

Set up: `waybill dns` serves a.test with TTLs of an hour. Proved: the zone as it is changes nothing (0); a move to other
hosts is pending (4), with the words, the records and the times of its steps; the same a minute from now is unsafe (5);
a server that fails makes it unknown (3), never a removal; mistakes in words, times and zones end with 2, and a zone's with
its place. Then the zone is published as proposed, and nothing is left to change (0).
"""
import datetime
import json
import re
import signal

from actors import Process
from lab import check, eq, run, wait_for

HEAD = "$ORIGIN a.test.\n$TTL 3600\n@ SOA ns h {serial} 60 60 3600 60\n@ NS ns\nns A 127.0.0.1\n"
OLD = HEAD.format(serial=1) + ("@ MX 10 old\nold A 192.0.2.1\n@ TXT \"v=spf1 a:old.a.test -all\"\n"
                               "_dmarc TXT \"v=DMARC1; p=none\"\ns1._domainkey TXT \"v=DKIM1; k=ed25519; p=AAAA\"\n")
NEW = HEAD.format(serial=2) + ("@ MX 10 new\n@ MX 20 old\nnew A 198.51.100.1\nold A 192.0.2.1\n"
                               "@ TXT \"v=spf1 a:new.a.test -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n"
                               "s1._domainkey TXT \"v=DKIM1; k=ed25519; p=AAAA\"\n")
GONE = NEW.replace("@ MX 20 old\n", "").replace("old A 192.0.2.1\n", "")
NOW = "2026-11-21T10:00:00Z"


def test(lab):
    zone, new, faults = lab.dir / "a.zone", lab.dir / "new.zone", lab.dir / "faults"
    zone.write_text(OLD)
    faults.write_text("")
    server = Process(lab, "dns", [lab.binary, "dns", "--zone", zone, "--listen", "127.0.0.1:0", "--fault-file", faults])
    found = wait_for(lambda: re.search(r"^listening on (\S+)$", server.log(), re.M), "its line")

    def plan(text, *words, codes):
        new.write_text(text)
        return lab.waybill_cli("plan", "a.test", "--zone", new, "--server", found[1], "--no-dnssec", "--now", NOW, *words,
                               codes=codes)

    def lines(text, *words, codes):
        return [json.loads(line) for line in plan(text, "--json", *words, codes=codes).splitlines()]

    rows = lines(OLD, codes=(0,))
    eq([list(row) for row in rows], [["v", "plan"]], "nothing changes")
    eq((rows[0]["v"], rows[0]["plan"]["decision"], rows[0]["plan"]["steps"]), (1, "nothing", 0), "the summary")

    rows = lines(GONE, "--at", "+2d", codes=(4,))
    changes = {row["change"]["subject"]: row["change"] for row in rows if "change" in row}
    eq((changes["mail for a.test"]["before"], changes["mail for a.test"]["after"]), ("10 old.a.test", "10 new.a.test"),
       "who receives")
    eq(changes["SPF"]["words"], ["no longer: the addresses of old.a.test may send",
                                 "new: the addresses of new.a.test may send"], "who may send")
    check(changes["DMARC"]["after"].startswith("p=reject"), f"what is enforced: {changes['DMARC']}")
    steps = {row["step"]["id"]: row["step"] for row in rows if "step" in row}
    eq([row["step"]["number"] for row in rows if "step" in row], list(range(1, len(steps) + 1)), "numbers")
    for name in ("ttl-lower", "host-add", "spf-widen"):
        eq((steps[name]["in_s"], steps[name]["earliest"]), (0, NOW), name)
    eq((steps["cut-over"]["earliest"], steps["cut-over"]["in_s"]), ("2026-11-23T10:00:00Z", 2 * 86400), "as asked for")
    eq(steps["cut-over"]["publish"], [{"do": "remove", "record": "a.test. 300 IN MX 10 old.a.test."},
                                      {"do": "add", "record": "a.test. 300 IN MX 10 new.a.test."}], "the cut-over")
    check({"do": "add", "record": "new.a.test. 3600 IN A 198.51.100.1"} in steps["host-add"]["publish"], "the new host")
    eq(steps["old-host-off"]["in_s"], 2 * 86400 + 300 + 5 * 86400, "the old host's end")
    summary = rows[-1]["plan"]
    safe = datetime.datetime.fromisoformat(summary["safe_from"].replace("Z", "+00:00"))
    waits_s = (safe - datetime.datetime.fromisoformat(NOW.replace("Z", "+00:00"))).total_seconds()
    check(3590 <= waits_s <= 3600, f"an hour, the TTL that the server gives: {summary}")

    rows = lines(GONE, "--at", "in 1m", codes=(5,))
    eq([(row["id"], row["level"], row["effect"]) for row in rows if row.get("id") == "change.ttl-too-long"],
       [("change.ttl-too-long", "error", "asked")] * 2, "MX and SPF")
    lines(GONE, "--at", "in 1m", "--allow", "change.ttl-too-long=the old host stays up", codes=(4,))
    eq(lines(NEW, "--at", "in 2h", codes=(4,))[-1]["plan"]["decision"], "pending", "the old host becomes a backup")

    text = plan(GONE, codes=(4,))
    for wanted in ("changes pending", "What changes for mail", "publish a.test. 300 IN MX 10 new.a.test."):
        check(wanted in text, f"{wanted!r} in\n{text}")
    markdown = plan(GONE, "--format", "markdown", codes=(4,))
    for wanted in ("# a.test: changes pending", "## Steps", "   + a.test. 300 IN MX 10 new.a.test."):
        check(wanted in markdown, f"{wanted!r} in\n{markdown}")

    faults.write_text("a.test/MX=servfail\n")
    server.signal(signal.SIGHUP)
    wait_for(lambda: server.log().count("reloaded\n") == 1, "the faults")
    rows = lines(GONE, codes=(3,))
    check(any(row.get("id") == "change.mail" and row["level"] == "unknown" for row in rows), f"who was asked: {rows}")
    check(not any("step" in row for row in rows), "no order without the MX")

    for words, wanted in ((("--at", "tomorrow"), "'tomorrow' is no time"), (("--at", "2026-11-21T09:00:00Z"), "is past"),
                          (("--selector", "a..b"), "--selector"), (("--allow", "mx.none=x"), "--allow"),
                          (("--sts-policy", zone), "policy")):
        refused = plan(GONE, *words, codes=(2,))
        check(wanted in refused, f"{words}: {refused!r}")
    check(f"{new}:6:" in plan(HEAD.format(serial=1) + "bad A 192.0.2.\n", codes=(2,)), "the place of a mistake")
    check("is in none of the new zones" in plan(OLD.replace("a.test", "b.test"), codes=(2,)), "another zone")

    faults.write_text("")
    zone.write_text(GONE)
    server.signal(signal.SIGHUP)
    wait_for(lambda: server.log().count("reloaded\n") == 2, "the proposed zone")
    eq(lines(GONE, codes=(0,))[-1]["plan"]["decision"], "nothing", "when it is done")
    eq(server.stop(), 0, "exit code after SIGTERM")


run(test)
