#!/usr/bin/env python3
"""`waybill lookup --format host` and `--format dig` print what `host -t mx` and `dig NAME mx` print, wherever a script
would read it.

Proved beside those tools themselves, over NSD and over `waybill dns`: MX hosts, null MX, no MX, NXDOMAIN, CNAME chains
with each of these ends, SERVFAIL, names of every length where dig's columns change, several names in one call.
`host`: all lines, the MX lines sorted, for the server shuffles them. `dig`: the sections' lines to the letter (of a
CNAME without its TTL: ours is the whole answer's), the status, and `+short` entirely, but that ours tells a failure in a
line that begins with ";;".
"""
import re
import shutil
import subprocess
import sys

from actors import Process
from lab import check, eq, listens, run

RECORDS = ("@ MX 10 mx1\n@ MX 20 mx2\n@ MX 5 a-name-of-some-length.that.goes.on.and.on.elsewhere.test.\nmx1 A 192.0.2.1\nmx2 A 192.0.2.2\n"
           "null MX 0 .\nheavy MX 65535 mx1\nempty TXT \"nothing here\"\n"
           "www CNAME a.test.\nwww2 CNAME www\ndead CNAME gone\nblank CNAME empty\nnobody CNAME null\n"
           + "".join(f"{'x' * length} MX 10 mx1\n" for length in range(1, 50)))
NAMES = ["a.test", "null.a.test", "heavy.a.test", "empty.a.test", "www.a.test", "www2.a.test", "dead.a.test", "blank.a.test",
         "nobody.a.test", "gone.a.test", *(f"{'x' * length}.a.test" for length in range(1, 50))]


def tool(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=30).stdout


def sections(text, of_dig):
    """(status, question, answers) of what dig printed; the answers sorted."""
    status = re.search(r"^;; ->>HEADER<<- opcode: QUERY, status: ([A-Z]+), id: \d+$", text, re.M)
    check(status, f"a header in {text}")
    question = re.search(r"^;; QUESTION SECTION:\n(;.*)\n", text, re.M)
    count = int(re.search(r"^;; flags: .*; QUERY: 1, ANSWER: (\d+), AUTHORITY: \d+, ADDITIONAL: \d+$", text, re.M)[1])
    found = re.search(r"^;; ANSWER SECTION:\n((?:[^;\n].*\n)*)", text, re.M)
    answers = found[1].splitlines() if found else []
    eq(count, len(answers), f"the header's count in {text}")
    answers = [re.sub(r"^(\S+\s+)\d+(\s+IN\s+CNAME\s)", r"\1TTL\2", line) for line in answers]
    begin = text.split("<<>>")[0]
    eq(begin, "\n; ", f"the first line of {'dig' if of_dig else 'waybill'}")
    check(text.splitlines()[2:4] == [";; global options: +cmd", ";; Got answer:"], f"the lines before the header in {text}")
    return status[1], question[1], sorted(answers)


def sorted_lines(text):
    return sorted(line for line in text.splitlines() if line)


def compare(lab, name, what):
    ours = lambda *words: subprocess.run([lab.binary, "lookup", name, "--direct", "--server", "127.0.0.1:53", *words],
                                         capture_output=True, text=True, check=False, timeout=60).stdout
    eq(sorted_lines(ours("--format", "host")), sorted_lines(tool("host", "-t", "mx", name)), f"host {name}, {what}")
    eq(sections(ours("--format", "dig"), False), sections(tool("dig", name, "mx"), True), f"dig {name}, {what}")
    brief = [line for line in sorted_lines(ours("--format", "dig", "--short")) if not line.startswith(";;")]
    eq(brief, sorted_lines(tool("dig", "+short", name, "mx")), f"dig +short {name}, {what}")


def test(lab):
    if not shutil.which("host") or not shutil.which("dig"):
        print("SKIPPED: host and dig are not among the peers: run tools/peers.sh prepare")
        sys.exit(77)
    zone = lab.zone_file("a.test", RECORDS)
    nsd = lab.nsd("nsd", [("127.0.0.1", 53)], {"a.test": zone})
    for name in NAMES:
        compare(lab, name, "over NSD")
    nsd.stop()
    Process(lab, "waybill-dns", [lab.binary, "dns", "--zone", zone, "--listen", "127.0.0.1:53", "--fault", "broken.a.test=servfail"],
            ready=lambda: listens("127.0.0.1", 53))
    for name in [*NAMES[:10], "broken.a.test"]:
        compare(lab, name, "over waybill dns")
    # Several names: dig takes them all, and so do we, in that order.
    names = ["a.test", "null.a.test", "www.a.test", "gone.a.test"]
    ours = lab.waybill_cli("lookup", *names, "--format", "dig", "--short", "--direct", "--server", "127.0.0.1:53", codes=(1,))
    theirs = tool("dig", "+short", *(word for name in names for word in (name, "mx")))
    eq(sorted_lines(ours), sorted_lines(theirs), "dig +short of several names")
    ours = lab.waybill_cli("lookup", *names, "--format", "dig", "--direct", "--server", "127.0.0.1:53", codes=(1,))
    eq(re.findall(r"<<>> (\S+) MX$", ours, re.M), names, "their order")


run(test, needs=["host and dig"])
