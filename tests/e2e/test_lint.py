#!/usr/bin/env python3
"""`waybill lint` as operators and editors use it: places, excerpts, JSON, exit codes, --allow, --fail-on, stdin.

No daemon, no network. The first line of a finding is what compilers print; the caret stands under the word that is
wrong; text from the file can't move the cursor.
"""
import json
import re
import subprocess

from lab import check, eq, run

HEAD = "$TTL 3600\n@ SOA ns hostmaster 1 7200 900 1209600 3600\n@ NS ns\nns A 192.0.2.53\n"


def lint(lab, *arguments, stdin=None, colour=None):
    environment = {"PATH": "/usr/bin:/bin", **({"NO_COLOR": "1"} if colour is False else {})}
    done = subprocess.run([lab.binary, "lint", *map(str, arguments)], cwd=lab.dir, input=stdin, capture_output=True, text=True,
                          timeout=60, check=False, env=environment, **({"stdin": subprocess.DEVNULL} if stdin is None else {}))
    return done.returncode, done.stdout, done.stderr


def places_and_excerpts(lab):
    (lab.dir / "example.org.zone").write_text(HEAD + "@\tMX 10 mail.example.org\nmail A 192.0.2.256\n")
    code, out, _ = lint(lab, "example.org.zone")
    eq(code, 1, "exit code with errors")
    lines = out.splitlines()
    eq(lines[0], "example.org.zone:5:9: error: mail.example.org.example.org: MX points at mail.example.org.example.org. "
                 "[zone.missing-dot]", "the first line")
    eq(lines[1].index("mail.example.org"), lines[2].index("^"), "where the caret stands, a tab before it")
    check(lines[3].strip().startswith("want:") and lines[4].strip().startswith("fix:"), f"want and fix: {lines[3:5]}")
    check("example.org.zone:6:8: error: '192.0.2.256' is no IPv4 address [zone.syntax]" in lines, f"the syntax error: {out}")
    check("\x1b" not in out, "no colour where no terminal is")
    check(re.fullmatch(r"example\.org\.zone: 2 errors; \d+ of \d+ checks fine", lines[-1]), f"the sum: {lines[-1]!r}")


def json_lines(lab):
    code, out, err = lint(lab, "--json", "example.org.zone")
    found = [json.loads(line) for line in out.splitlines()]
    eq((code, err), (1, ""), "exit code and stderr")
    eq(found[0]["v"], 1, "the version")
    eq(sorted(found[0]), sorted(["v", "id", "level", "subject", "got", "want", "ref", "fix", "where"]), "its fields")
    eq(found[0]["where"], {"file": "example.org.zone", "line": 5, "column": 9}, "where")
    eq([each["summary"]["error"] for each in found if "summary" in each], [2], "a line that sums up")


def leniency(lab):
    path = lab.dir / "twice.example.org.zone"
    path.write_text("$ORIGIN example.org.\n" + HEAD + "@ MX 0 .\n@ TXT \"v=spf1 -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n"
                    "a A 192.0.2.1\na A 192.0.2.1\n")
    eq(lint(lab, "--allow-loopback", path)[0], 1, "a warning")
    eq(lint(lab, "--allow-loopback", "--fail-on", "error", path)[0], 0, "--fail-on error")
    code, out, _ = lint(lab, "--allow-loopback", "--allow", "zone.duplicate=told to keep it", path)
    eq(code, 0, "--allow")
    check("allowed: told to keep it" in out and "1 allowed" in out, f"the reason is shown: {out}")
    eq(lint(lab, "--allow", "zone.duplicate", path)[0], 2, "--allow without a reason")
    eq(lint(lab, "--allow", "zone.nonsense=x", path)[0], 2, "--allow of a check that is none")
    eq(lint(lab, "--allow", "mx.none=x", "--fail-on", "never", path)[0], 0, "--allow of a domain's check")


def odd_files(lab):
    code, out, err = lint(lab, "nowhere.zone", "example.org.zone")
    eq(code, 2, "exit code with a file that can't be read")
    check("cannot read nowhere.zone" in err and "example.org.zone:5:9" in out, f"the other is judged: {err}{out}")
    eq(lint(lab)[0], 2, "no file")
    eq(lint(lab, "--origin", "a..b", "example.org.zone")[0], 2, "a bad --origin")
    code, out, _ = lint(lab, "--origin", "example.net", "-", stdin=HEAD + "@ MX 10 gone\n")
    eq(code, 1, "exit code of standard input")
    check("<stdin>:5:9: error: gone.example.net: " in out, f"standard input: {out}")
    eq(lint(lab, "-", "-", stdin="")[0], 2, "standard input twice")
    (lab.dir / "hostile.zone").write_bytes(HEAD.encode() + b"x TXT \"\x1b[2J\" \x1b]0;owned\x07 NOSUCH \\\n" + b"y" * 5000 + b" NOSUCH z\n")
    _, out, _ = lint(lab, "--origin", "example.org", "hostile.zone")
    check("\x1b" not in out and "\x07" not in out, "what the file holds can't reach the terminal")
    check(max(map(len, out.splitlines())) < 1000, "long lines are cut")


def many_names(lab):
    text = HEAD + "$GENERATE 1-300 h$ MX 10 gone$\n" + "".join(f"n{i} MX 10 ns\n" for i in range(2100))
    (lab.dir / "many.zone").write_text(text)
    code, out, _ = lint(lab, "--origin", "example.org", "many.zone")
    eq(code, 1, "exit code")
    eq(out.count("many.zone:5:26: error:"), 5, "errors at the line of $GENERATE: the rest is counted")
    check("and 295 more like it from this line" in out, f"how many more: {out[:2000]}")
    check("2000 names was checked; 401 more names" in out, f"that not all were checked: {out[-300:]}")


def reverse_zones_along(lab):
    (lab.dir / "pair.zone").write_text("$ORIGIN example.org.\n" + HEAD + "@ MX 10 ns\n")
    (lab.dir / "pair.arpa.zone").write_text("$ORIGIN 2.0.192.in-addr.arpa.\n" + HEAD.replace("ns A 192.0.2.53\n", "").replace(
        "ns", "ns.example.org.") + "53 PTR ns.example.org.\n")
    alone = lint(lab, "--allow-loopback", "--json", "pair.zone")[1]
    both = lint(lab, "--allow-loopback", "--json", "pair.zone", "pair.arpa.zone")[1]
    outside = [json.loads(text.splitlines()[[("summary" in line) for line in text.splitlines()].index(True)])["summary"]["outside"]
               for text in (alone, both)]
    check(outside[1] <= outside[0], f"checks that need more than the zone: {outside}")
    check('"unknown"' not in [json.loads(line).get("level") for line in both.splitlines()], "nothing is unknown")


def test(lab):
    places_and_excerpts(lab)
    json_lines(lab)
    leniency(lab)
    odd_files(lab)
    many_names(lab)
    reverse_zones_along(lab)


run(test)
