#!/usr/bin/env python3
"""The wall clock jumps: a day ahead, six days ahead, and back again. Mail waits, goes, and is never lost for it.

Set up: the daemon's wall clock, and no other, is moved by tests/e2e/clock_shim.cc; retries come after an hour. Mail is
put off by hosts that take it the next time; the clock jumps. Proved: a day ahead, what waits is tried at the next occasion; six days ahead, past the
time for which mail is kept, it is tried before it could expire, and arrives; back by all of it, new mail gets new
ids and goes at once, and what was put off in the future does not stop it; the daemon is idle throughout; a restart
in the past finds the whole spool; the ledger is clean.
"""
import mmap
import struct

from lab import eq, run, wait_for
from starved import check_idle

DAY = 86_400


class WallClock:
    def __init__(self, path):
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)

    def set(self, seconds):
        self._page[:] = struct.pack("q", seconds)


def test(lab):
    lab.dns({"test": "".join(f"{name} MX 10 mx.{name}\nmx.{name} A {{net}}.{ip}\n"
                             for name, ip in (("day", 11), ("week", 12), ("past", 13), ("new", 14)))
                     + "source MX 10 mx.source\nmx.source A {net}.15\n"})
    clock = WallClock(lab.dir / "clock")
    home, new = lab.sink("home", 15), lab.sink("new", 14)
    relay = lab.waybill("relay", 1, queue='retry_first = "1h"\nretry_max = "1h"\ndelay_notice_after = "0s"',
                        under=["env", f"LD_PRELOAD={lab.clock_shim}", f"WAYBILL_CLOCK={lab.dir}/clock"])
    ids = set()

    def put_off(name, number):
        """Mail that the host puts off once; then a host that takes it. Nobody but the schedule tries it again."""
        soft = lab.sink(f"{name}-soft", number, "-r", "rcpt")
        ids.add(lab.message_id(lab.send(relay, "ann@source.test", [f"x@{name}.test"])))
        wait_for(lambda: any(row["attempts"] > 0 for row in relay.open_recipients() if row["recipient"] == f"x@{name}.test"),
                 f"mail for {name} to be put off")
        soft.kill()
        return lab.sink(name, number)

    def occasion(number):
        """New mail, at which the daemon looks at its clock."""
        ids.add(lab.message_id(lab.send(relay, "ann@source.test", [f"{number}@new.test"])))
        wait_for(lambda: f"{number}@new.test" in new.recipients(), f"new mail {number} to arrive at once")

    day = put_off("day", 11)
    clock.set(DAY)
    occasion(1)
    day.wait_count(1)
    check_idle(relay, "a day ahead")
    week = put_off("week", 12)
    clock.set(7 * DAY)
    occasion(2)
    week.wait_count(1)
    past = put_off("past", 13)
    clock.set(0)
    occasion(3)
    check_idle(relay, "back in the present, with mail that is due next week")
    eq([row["recipient"] for row in relay.open_recipients()], ["x@past.test"], "what waits for next week")
    eq(relay.stop(), 0, "exit code")
    relay.start()
    occasion(4)
    relay.cli("queue", "retry", "--to", "x@past.test", "--yes")
    past.wait_count(1)
    relay.wait_empty()
    eq(len(ids), 7, "every message has an id of its own")
    eq(home.messages(), [], "reports")
    eq(len(new.recipients()), 4, "new mail, each once")


run(test)
