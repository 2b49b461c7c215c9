#!/usr/bin/env python3
"""Mail that is held as a backup goes to the better MX, whatever the route table says for everybody else.

Set up: a backup waybill for home.test with a smart host for "*"; the primary and the smart host are sinks.
Proved: home.test's mail reaches the primary alone, other mail the smart host alone; `route` says
the same as what was done (conformance 37).
"""
from lab import check, eq, run


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {net}.11\nmx2.home A {net}.12\n"
                     "smart A {net}.13\nother MX 10 mx1.other\nmx1.other A {net}.14\n"})
    primary = lab.sink("mx1", 11)
    smart = lab.sink("smart", 13)
    backup = lab.waybill("mx2", 12, '[domain."home.test"]\nrole = "backup"\nusers = ["john"]\n'
                                    '[route."*"]\nvia = "[smart.test]"\n', hostname="mx2.home.test")
    lab.send(backup, "a@source.test", ["john@home.test"])
    lab.send(backup, "a@source.test", ["jane@other.test"])
    primary.wait_count(1)
    smart.wait_count(1)
    backup.wait_empty()
    eq(primary.recipients(), ["john@home.test"], "what the primary took")
    eq(smart.recipients(), ["jane@other.test"], "what the smart host took")
    plan = backup.cli("route", "--json", "john@home.test")
    check("mx1.home.test" in plan and "smart.test" not in plan, f"route says the same: {plan}")


run(test)
