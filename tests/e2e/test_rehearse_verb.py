#!/usr/bin/env python3
"""`waybill rehearse`: the world comes from a name server, the figures add up, and what nobody can say is 3.

Proved against `waybill dns` on loopback, with no daemon: a primary that is down for twenty minutes hands over to its
backup and takes its mail back; the picture is well-formed XML; a name server that fails for the MX ends it with 3, one
that fails for one host's address lets it run, names it, and still says 3; a scenario file that is not met is 1.
"""
import json
import re
import xml.etree.ElementTree

from actors import Process
from lab import check, eq, run, wait_for

ZONE = """$ORIGIN a.test.
$TTL 300
@ SOA ns h 1 60 60 60 60
@ NS ns
ns A 192.0.2.53
@ MX 10 mx1
@ MX 20 mx2
mx1 A 192.0.2.1
mx2 A 198.51.100.2
mx3 A 203.0.113.3
dark MX 10 mx1
half MX 10 mx1
half MX 20 gone
gone A 192.0.2.9
none MX 0 .
"""


def test(lab):
    zone = lab.dir / "a.zone"
    zone.write_text(ZONE)
    server = Process(lab, "dns", [lab.binary, "dns", "--zone", zone, "--listen", "127.0.0.1:0", "--fault", "dark.a.test=servfail",
                                  "--fault", "gone.a.test=servfail"])
    found = wait_for(lambda: re.search(r"^listening on (\S+)$", server.log(), re.M), "its line")
    dns = ["--server", found[1], "--no-dnssec"]

    picture = lab.dir / "out.svg"
    out = json.loads(lab.waybill_cli("rehearse", "a.test", *dns, "--down", "mx1@10m..30m", "--rate", "2/s", "--for", "1h",
                                     "--json", "--plot", picture))
    first, second = out["hosts"]
    eq((first["host"], first["preference"], second["host"]), ("mx1.a.test", 10, "mx2.a.test"), "the MX set of the DNS")
    eq((out["recipients"]["accepted"], out["recipients"]["delivered"]), (7200, 7200), "all of it")
    eq((out["recipients"]["duplicates"], out["custody_faults"], out["unknown"]), (0, [], []), "nothing twice or lost")
    eq(first["messages"] + second["messages"], 7200, "the two together")
    check(2300 <= second["messages"] <= 3700, f"the backup takes the outage and little more: {second['messages']}")
    check(second["first_ms"] >= 600_000, "and nothing before it")
    check(first["last_ms"] > 3_500_000, "the primary has its mail back")
    eq((sum(first["load"]), sum(second["load"])), (first["messages"], second["messages"]), "load over time")
    root = xml.etree.ElementTree.parse(picture).getroot()
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    check(any("mx1 down" in text for text in texts) and "time since the start" in texts, f"a labelled picture: {texts}")

    text = lab.waybill_cli("rehearse", "a.test", *dns, "--for", "10m")
    check("600 accepted: 600 delivered" in text and "not known" in text, text)
    check("unknown" in lab.waybill_cli("rehearse", "dark.a.test", *dns, codes=(3,)), "no MX answer, no run")
    text = lab.waybill_cli("rehearse", "half.a.test", *dns, "--for", "1m", codes=(3,))
    check("gone.a.test" in text and "60 delivered" in text, f"it runs, and names what is unknown: {text}")
    check("nothing to rehearse" in lab.waybill_cli("rehearse", "none.a.test", *dns, codes=(1,)), "a null MX")
    lab.waybill_cli("rehearse", "a.test", *dns, "--down", "mx3", codes=(2,))

    scenario = lab.dir / "x.scn"
    scenario.write_text("host m m.b.test 192.0.2.1\ndns b.test mx 10 m.b.test\nat 0s send from a@c.test to d@b.test\n"
                        "expect d@b.test delivered by m before 1m\n")
    check("1 of 1 expectations met" in lab.waybill_cli("rehearse", scenario), "a scenario")
    scenario.write_text(scenario.read_text().replace("delivered by m", "bounced"))
    lab.waybill_cli("rehearse", scenario, codes=(1,))
    server.stop()


run(test)
