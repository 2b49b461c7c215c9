#!/usr/bin/env python3
"""`waybill lint` on zones from real life (tests/zones/real/): each complete, and each with the typical mistakes.

NAME.zone is linted together with its reverse zones NAME.arpa*.zone. NAME.expect lists every finding, one a line: level,
id, file:line, subject. Nothing may be missing and nothing may be added: a good zone has the notices that it should have,
and every mistake is found once, at its line. `test_lint_real_zones.py --update` writes the lists anew, to be read and
judged before they are kept.
"""
import json
import subprocess
import sys

from lab import BINARY, TOP, Failure, check, run

REAL = TOP / "tests/zones/real"


def linted(binary, name):
    files = [f"{name}.zone", *sorted(path.name for path in REAL.glob(f"{name}.arpa*.zone"))]
    done = subprocess.run([binary, "lint", "--json", "--allow-loopback", *files], cwd=REAL, capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL)
    check(done.returncode in (0, 1), f"{name}: exit {done.returncode}: {done.stderr}")
    found = [each for each in map(json.loads, done.stdout.splitlines()) if "summary" not in each]
    for each in found:
        check(each["got"] and each["want"] and each["fix"], f"a finding that says all: {each}")
    heavy = any(each["level"] in ("error", "warning") for each in found)
    check(done.returncode == (1 if heavy else 0), f"{name}: exit {done.returncode}")
    lines = [f'{each["level"]} {each["id"]} {each["where"]["file"]}:{each["where"]["line"]} {each["subject"]}' for each in found]
    return "".join(line + "\n" for line in lines)


def names():
    return sorted(path.name[:-len(".zone")] for path in REAL.glob("*.zone") if ".arpa" not in path.name)


def test(lab):
    wrong = []
    for name in names():
        expected, got = (REAL / f"{name}.expect").read_text(), linted(lab.binary, name)
        mistakes = name.endswith(".mistakes")
        check(mistakes == any(line.startswith(("error", "warning")) for line in expected.splitlines()),
              f"{name}.expect: a good zone has notices only, one with mistakes more")
        if got != expected:
            missing = set(expected.splitlines()) - set(got.splitlines())
            added = set(got.splitlines()) - set(expected.splitlines())
            wrong.append(f"{name}: missing {sorted(missing)}, added {sorted(added)}" + ("" if missing or added else ": the order"))
    if wrong:
        raise Failure("\n".join(wrong))
    check(len(names()) >= 14, f"seven kinds of zones, good and with mistakes: {names()}")


if "--update" in sys.argv:
    for each_name in names():
        (REAL / f"{each_name}.expect").write_text(linted(BINARY, each_name))
else:
    run(test)
