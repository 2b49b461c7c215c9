#!/usr/bin/env python3
"""Domains that end here while their MX records lead elsewhere: told everywhere, and nothing else is changed.

Set up: a primary of home.test (its MX), away.test (another host is its MX), front.test (the same, with mx_here = false),
null.test (a null MX) and none.test (not in the DNS). Proved: log, `status` and `config check` (exit 0) name the other host
and the fix for the second and the fourth, never for the others; mail for away.test still ends here; when the zone is mended
and the router reloaded, all is quiet; a DNS that does not answer is "could not be found out".
"""
from lab import check, eq, run, wait_for

HOSTS = "home MX 10 mx1.home\nmx1.home A {net}.11\nfront MX 10 mx.other\nmx.other A {net}.12\nnull MX 0 .\n"


def test(lab):
    dns = lab.dns({"test": HOSTS + "away MX 10 mx.other\n"})
    boxes = lab.dir / "boxes"
    names = ("home", "away", "front", "null", "none")
    domains = "".join(f'[domain."{name}.test"]\nrole = "primary"\nusers = ["john"]\nmailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n'
                      + ("mx_here = false\n" if name == "front" else "") for name in names)
    primary = lab.waybill("mx1", 11, domains, hostname="mx1.home.test")
    warnings = lambda: [text for text in primary.status()["warnings"] if " ends here" in text]
    wait_for(lambda: len(warnings()) == 2, "the status to know both")
    away, null = sorted(warnings())
    check(f"its MX is mx.other.test ({lab.ip(12)}), which is not this host" in away, f"the other host: {away}")
    check('mx_here = false in [domain."away.test"]' in away, f"the fix: {away}")
    check("null MX" in null and "null.test. MX 10 mx1.home.test." in null, f"the null MX: {null}")
    told = lambda: [line for line in primary.log().splitlines() if "lead elsewhere" in line]
    eq(len(told()), 2, "warnings in the log")
    findings = lambda *options: {(found["subject"], found["id"], found["level"])
                                 for found in primary.cli_json("config", "check", *options) if "primary" in found["id"]}
    absent = ('domain."none.test"', "config.primary-no-mx", "notice")
    eq(findings(), {('domain."away.test"', "config.primary-mx-elsewhere", "warning"),
                    ('domain."null.test"', "config.primary-null-mx", "warning"), absent}, "findings of config check")
    eq(findings("--offline"), set(), "offline it asks nobody")

    lab.send(primary, "ann@source.test", ["john@away.test"])
    wait_for(lambda: list(boxes.glob("away.test/john/new/*")), "its mail to end here all the same")

    lab.zone_file("test", HOSTS.replace("null MX 0 .", "null MX 10 mx1.home") + "away MX 10 mx1.home\n")
    dns.kill()
    dns.start()
    primary.cli("cache", "flush")
    primary.cli("reload")
    wait_for(lambda: not warnings(), "the status to be content")
    eq(findings(), {absent}, "findings of config check")
    eq(len(told()), 2, "warnings in the log in all")
    dns.kill()
    eq({(one, level) for _, one, level in findings()}, {("config.primary-unknown", "notice")}, "what the DNS did not tell")


run(test)
