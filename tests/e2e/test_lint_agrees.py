#!/usr/bin/env python3
"""`waybill lint` agrees with named-checkzone and kzonecheck on what can be read in a zone file.

Each zone of tests/zones/lint/ opens with a comment that says what it shows, and whether a reader accepts or rejects it.
All three are asked about each. Wherever one of the others judges otherwise than waybill, DIFFERENCES says why, and a
difference that is not there any more fails too. What a zone means (an MX without address) is no question here: BIND's
checks of that are off, and the zones have no such fault that Knot DNS would reject.
"""
import json
import re
import subprocess

from lab import TOP, check, eq, run

CORPUS = TOP / "tests/zones/lint"
ZONES_MIN = 60
ORIGIN = "example.org"

BIND, KNOT = "named-checkzone", "kzonecheck"
NO_GENERATE = "$GENERATE is BIND's own, and Knot DNS has none"
RELATIVE_ORIGIN = "Knot DNS wants a full name there; RFC 1035 5.1 says a domain name, and BIND takes relative ones"
DIFFERENCES = {
    "a6": {BIND: "BIND still reads A6, which RFC 6563 made historic; nothing in mail asks for it"},
    "byte-order-mark": {BIND: "takes the mark for a name", KNOT: "the same; it is an editor's, no harm comes of it"},
    "caa-bad-tag": {KNOT: "lets any octets be a tag; RFC 8659 4.1 wants letters and digits"},
    "class-number": {KNOT: "does not know CLASS1 of RFC 3597 5"},
    "escape-256": {KNOT: "takes the value modulo 256 in a name, and not so in a text"},
    "generate": {KNOT: NO_GENERATE},
    "generate-step-and-format": {KNOT: NO_GENERATE},
    "generate-ttl-class": {KNOT: NO_GENERATE},
    "generic-not-the-types": {KNOT: "does not look into generic data of a type that it knows; resolvers will"},
    "include": {KNOT: RELATIVE_ORIGIN},
    "line-ends-crlf": {KNOT: "wants the CRs removed; BIND takes them for blanks, and so do we"},
    "origin-nested": {KNOT: RELATIVE_ORIGIN},
    "parens-nested": {KNOT: "refuses what RFC 1035 5.1 is silent about; BIND reads it"},
    "quote-256": {KNOT: "splits a string that is too long; BIND refuses it, for whoever reads it should know"},
    "quote-octets": {KNOT: "wants octets above 127 escaped; BIND takes them as they are"},
    "sshfp-short": {KNOT: "does not measure the digest"},
    "ttl-2147483648": {BIND: "warns and makes it 0 (RFC 2181 8)", KNOT: "keeps it; nobody means such a TTL"},
    "ttl-none-at-all": {BIND: "takes the SOA's minimum", KNOT: "takes 3600; RFC 2308 4 leaves it open, so two servers differ"},
    "type-0": {KNOT: "lets it pass; RFC 6895 3.1 keeps it from being a record"},
    "types-of-old": {KNOT: "does not know PX and ISDN"},
}


def stated(path):
    first = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].decode()
    found = re.match(r"; (accept|reject): \S", first)
    check(found, f"{path.name} opens with '; accept: WHAT' or '; reject: WHAT', not {first!r}")
    return found[1]


def verdict(command, environment):
    done = subprocess.run(command, cwd=CORPUS, env=environment, capture_output=True, text=True, errors="replace", timeout=60,
                          check=False, stdin=subprocess.DEVNULL)
    check(done.returncode in (0, 1), f"{command} ended with {done.returncode}: {done.stderr}")
    return "accept" if done.returncode == 0 else "reject"


def waybill(lab, zones):
    """{file: verdict}, of syntax alone. All in one run: each file's findings end with a line that sums it up."""
    done = subprocess.run([lab.binary, "lint", "--json", "--origin", ORIGIN, *(path.name for path in zones)], cwd=CORPUS,
                          capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
    check(done.returncode in (0, 1), f"lint ended with {done.returncode}: {done.stderr}")
    verdicts, now = {}, "accept"
    for found in map(json.loads, done.stdout.splitlines()):
        if "summary" in found:
            verdicts[found["file"]], now = now, "accept"
        elif found["id"] == "zone.syntax":
            where, now = found["where"], "reject"
            check(where["line"] > 0 and where["column"] > 0 and (CORPUS / where["file"]).is_file(), f"a place: {found}")
    return verdicts


def test(lab):
    zones = sorted(CORPUS.glob("*.zone"))
    check(len(zones) >= ZONES_MIN, f"{len(zones)} zones")
    wrong = []
    ours = waybill(lab, zones)
    checked = {BIND: [BIND, "-q", "-i", "none", *"-k ignore -m ignore -M ignore -n ignore -r ignore -S ignore -T ignore "
                      "-W ignore".split(), ORIGIN], KNOT: [KNOT, "-o", ORIGIN]}
    for path in zones:
        want = stated(path)
        got = ours[path.name]
        if got != want:
            wrong.append(f"{path.name}: waybill says {got}, it states {want}")
        for tool, command in checked.items():
            other = verdict([*command, path.name], lab.peer_environment)
            differs = tool in DIFFERENCES.get(path.stem, {})
            if (other != want) != differs:
                wrong.append(f"{path.name}: {tool} says {other}, waybill {got}; listed as a difference: {differs}")
    check(not wrong, f"{len(wrong)} of {len(zones)} zones:\n" + "\n".join(wrong))
    eq(sorted(set(DIFFERENCES) - {path.stem for path in zones}), [], "differences of zones that are not there")
    print(f"{len(zones)} zones, {len(DIFFERENCES)} listed differences")


run(test, needs=["bind9-utils", "knot-dnssecutils"])
