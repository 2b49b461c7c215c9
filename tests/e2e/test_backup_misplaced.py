#!/usr/bin/env python3
"""A backup that the MX records do not have where it belongs says so everywhere, and keeps the mail until they do.

Set up: a backup for home.test whose MX record is forgotten, and for best.test of which it is the only MX. Proved: the log
at the start, `status` and `config check` (exit 1) name the fix; mail for both waits, unbounced; when the zone is mended and
the router reloaded, it goes to the primaries by itself; a DNS that does not answer makes `config check` say unknown, exit 0.
"""
from lab import check, eq, run, wait_for

HOSTS = "mx1.home A {net}.11\nmx2.home A {net}.12\nmx1.best A {net}.13\nsource MX 10 mx.source\nmx.source A {net}.14\n"


def test(lab):
    dns = lab.dns({"test": "home MX 10 mx1.home\nbest MX 20 mx2.home\n" + HOSTS})
    home, best, source = lab.sink("mx1", 11), lab.sink("best", 13), lab.sink("source", 14)
    domains = "".join(f'[domain."{name}.test"]\nrole = "backup"\nusers = ["john"]\n' for name in ("home", "best"))
    backup = lab.waybill("mx2", 12, domains, hostname="mx2.home.test")
    places = lambda: {row["domain"]: row["place"] for row in backup.status()["backups"]}
    both = lambda place: {"home.test": place, "best.test": place}
    wait_for(lambda: places() == both("misplaced"), "the status to know its places")
    said = " ".join(backup.status()["warnings"])
    check("publish an MX record that names mx2.home.test" in said and "number below 20" in said, f"the fixes: {said}")
    check(backup.log().count("its mail waits") == 2, "the log has it, once for each domain")
    found = backup.cli("config", "check", "--json", codes=(1,))
    eq(found.count('"config.backup-misplaced"'), 2, f"findings of config check: {found}")
    check("config.backup" not in backup.cli("config", "check", "--offline", "--json"), "offline it asks nobody")

    for name in ("home", "best"):
        lab.send(backup, "ann@source.test", [f"john@{name}.test"])
    waits = lambda: sorted(row["last_reply"]["enhanced"] for row in backup.open_recipients() if row["attempts"] > 0)
    wait_for(lambda: waits() == ["4.3.5", "4.4.6"], "both to wait, with the reason")

    lab.zone_file("test", "home MX 10 mx1.home\nhome MX 20 mx2.home\nbest MX 10 mx1.best\nbest MX 20 mx2.home\n" + HOSTS)
    dns.kill()
    dns.start()
    backup.cli("cache", "flush")
    backup.cli("reload")
    home.wait_count(1)
    best.wait_count(1)
    backup.wait_empty()
    eq(places(), both("good"), "its places now")
    eq(source.messages(), [], "reports to the sender")
    check("config.backup" not in backup.cli("config", "check", "--json"), "config check is content")
    dns.kill()
    found = backup.cli("config", "check", "--json")
    eq(found.count('"config.backup-unknown"'), 2, f"what the DNS did not tell is no fault: {found}")


run(test)
