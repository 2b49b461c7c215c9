#!/usr/bin/env python3
"""`waybill lookup --input` keeps its place: killed by SIGKILL within a line again and again, it goes on with --resume, and
the output is the same, octet by octet, as that of a run that nobody disturbed.

Proved against a server that loses some answers, refuses some names and delays others: one line a name, in the order of the
input, blank lines and comments passed over, bad names told in their place, IDN names found by their A-labels; hosts that
many domains share are asked once; SIGINT ends it with 130 and says how to go on; what is on stderr counts names, queries
and losses; with --validate the answers are the same.
"""
import json
import re
import signal
import subprocess
import time

from actors import Process
from checks import SLOWER
from lab import check, eq, run, wait_for

NAMES = 3000
HOSTS = 40


def zone():
    lines = [f"d{number} MX 10 h{number % HOSTS}\n" for number in range(NAMES)]
    lines += [f"h{number} A 192.0.2.{number + 1}\n" for number in range(HOSTS)]
    return "".join(lines) + "null MX 0 .\nxn--bcher-kva MX 10 h1\nbroken MX 10 h1\n"


def names():
    """The input's lines, and what status each name of it has."""
    lines, wanted = ["# names", ""], []
    for number in range(NAMES):
        lines.append(f"{'D' if number % 5 == 0 else 'd'}{number}.bulk.test")
        wanted.append("ok")
        if number % 500 == 0:
            more = {"null.bulk.test": "null_mx", "gone.bulk.test  # why not": "no_domain", "bücher.bulk.test": "ok",
                    "bad..name": "invalid", "two words": "invalid", "192.0.2.1": "invalid", "broken.bulk.test": "temp_failure"}
            lines += [*more, "", "   ", "# a remark"]
            wanted += more.values()
    return "\n".join(lines) + "\n", wanted


def start(lab, name, server, source, out, *words):
    command = [lab.binary, "lookup", "--input", source, "--server", server, "--no-ptr", "--output", out, *words]
    return Process(lab, name, command)


def finish(process, code):
    wait_for(lambda: not process.running(), f"{process.name} to end", 120)
    eq(process.child.returncode, code, f"exit code of {process.name}: {process.log()}")
    return process.log()


def test(lab):
    faults = [word for fault in ("d7.bulk.test=silent,times=1", "d8.bulk.test=truncate", "d9.bulk.test=delay:300ms",
                                 "d10.bulk.test=wrong-id,times=1", "broken.bulk.test=servfail") for word in ("--fault", fault)]
    server = lab.dns({"bulk.test": zone()}, arguments=[*faults, "--log"])
    text, wanted = names()
    source, out, reference = lab.dir / "names", lab.dir / "out.jsonl", lab.dir / "reference.jsonl"
    source.write_text(text, encoding="utf-8")

    # A run that nobody disturbs.
    begin = time.monotonic()
    report = finish(start(lab, "whole", lab.dns_endpoint, source, reference), 2)  # 2: bad names outrank all else
    lines = [json.loads(line) for line in reference.read_text().splitlines()]
    eq([line["status"] for line in lines], wanted, "one line a name, in the order of the input")
    kept = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    eq([line.get("input", line["domain"]) for line in lines], [line.split("  #")[0] for line in kept], "each line's name")
    eq({line["domain"] for line in lines if line.get("input") == "bücher.bulk.test"}, {"xn--bcher-kva.bulk.test"}, "the A-label")
    eq([line["line"] for line in lines if line.get("input") == "bad..name"][0], 7, "the line of a bad name")
    check(all(line["mx"][0]["addresses"] for line in lines if line["status"] == "ok"), "every host with its address")
    shared = len(re.findall(r" A h1\.bulk\.test", server.log()))
    lives = 2 + (time.monotonic() - begin) / 5  # the zone's TTL is 5 s
    check(1 <= shared <= lives, f"a host that {NAMES // HOSTS} domains share was asked {shared} times")
    counts = re.search(r"^(\d+) queries, \d+ a second; (\d+) lost \(.*%\), (\d+) sent again, (\d+) over TCP, (\d+) refused", report, re.M)
    check(counts, f"the queries in {report}")
    queries, lost, again, tcp, refused = map(int, counts.groups())
    check(queries >= NAMES and lost >= 2 and again >= 2 and tcp >= 1 and refused >= 1, f"queries, losses and the rest: {report}")
    check(re.search(rf"^ok \d+, no_domain 6, null_mx 6, temp_failure 6, bad lines 18$", report, re.M), f"the states in {report}")

    # Killed, again and again, each time with the last line cut somewhere; then by SIGINT; then to the end.
    slow = ("--rate", "1500", "--concurrency", "32")
    for turn in range(4):
        size = out.stat().st_size if out.exists() else 0
        process = start(lab, f"killed{turn}", lab.dns_endpoint, source, out, *slow, "--resume")
        wait_for(lambda: out.exists() and out.stat().st_size > size + 20_000 or not process.running(), "some lines", 60)
        check(process.running(), f"still at work: {process.log()}")
        process.kill()
        with open(out, "rb+") as file:  # within a line, or at its end
            file.truncate(out.stat().st_size - (0, 1, 57, 1000)[turn])
    done = out.read_bytes().count(b"\n")
    process = start(lab, "interrupted", lab.dns_endpoint, source, out, *slow, "--resume")
    wait_for(lambda: out.read_bytes().count(b"\n") > done + 100, "some lines", 60)
    process.signal(signal.SIGINT)
    report = finish(process, 130)
    check("--resume" in report and str(out) in report and f"{done} more were in the output already" in report, f"how to go on: {report}")
    check(out.read_bytes().endswith(b"\n"), "it ended at the end of a line")
    check(out.read_bytes().count(b"\n") < len(wanted), "it was not at the end yet")
    process = start(lab, "resumed", lab.dns_endpoint, source, out, "--resume")
    finish(process, 2)
    same_but_ttl = lambda path: re.sub(rb'"ttl":\d+', b'"ttl":0', path.read_bytes())
    eq(same_but_ttl(out) == same_but_ttl(reference), True, "the output, as if nobody had disturbed it")

    # From a pipe whose writer takes its time, to a pipe; a line comes out before the next one went in.
    command = [lab.binary, "lookup", "--input", "-", "--server", lab.dns_endpoint, "--no-ptr"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        for number in (1, 2, 3):
            child.stdin.write(f"d{number}.bulk.test\n")
            child.stdin.flush()
            eq(json.loads(child.stdout.readline())["domain"], f"d{number}.bulk.test", "the answer to a line")
        child.stdin.close()
        eq(child.wait(30 * SLOWER), 0, "exit code")

    # Nobody reads any more: it ends by itself.
    with subprocess.Popen(["sh", "-c", f"{lab.binary} lookup --input {source} --server {lab.dns_endpoint} --no-ptr 2>/dev/null; echo $? >&2"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        child.stdout.readline()
        child.stdout.close()
        eq(child.stderr.read().strip(), "3", "exit code of one whose reader went away")

    # Through libunbound: the same answers.
    head = lab.dir / "head"
    head.write_text("\n".join(text.splitlines()[:40]) + "\n", encoding="utf-8")
    validated = lab.dir / "validated.jsonl"
    finish(start(lab, "validated", lab.dns_endpoint, head, validated, "--validate", "--no-dnssec"), 2)
    plain = lambda path, count: [(line["status"], line["domain"]) for line in map(json.loads, path.read_text().splitlines()[:count])]
    count = len(validated.read_text().splitlines())
    eq(plain(validated, count), plain(reference, count), "what libunbound says")
    check(count > 30, f"{count} lines")


run(test)
