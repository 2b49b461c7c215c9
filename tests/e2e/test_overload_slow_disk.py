#!/usr/bin/env python3
"""A disk that takes seconds for each sync: strangers are put off until it is quick again; what was accepted is kept.

Set up: every sync of the daemon can be made slower while it runs (disk_shim.cc); strangers are put
off from 1.5 s on (30 % of 5 s), everyone from 4.75 s, dwell is 2 s. Proved: at 1.6 s a sync (a message waits for one or
two) strangers get 452 4.3.2 and trusted clients are still taken; while a sync hangs everyone is put off; once the disk is quick, both are served again without help, and everything
that had its 250 arrives once.
"""
import mmap
import struct

from actors import Waybill
from lab import check, eq, run, wait_for
from peer import Load, check_once
from pressure import mail_reply, pressure, wait_shed


class Disk:
    def __init__(self, path):
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)

    def sync_takes(self, ms):
        self._page[:] = struct.pack("q", ms)


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    stranger = lab.ip(3)
    disk = Disk(lab.dir / "disk")
    config = lab.config("relay", lab.ip(1), '[domain."sink.test"]\nrole = "relay"\n'
                                            '[overload]\ncommit_latency = "5s"\ndwell = "2s"\n'
                                            'recover = 15\nshed_strangers = 30\nshed_everyone = 95\n',
                        queue='retry_first = "1h"\nretry_max = "1h"')
    config = config.replace('["127.0.0.0/8"]', '["127.0.0.1/32"]')  # what Load connects from
    relay = Waybill(lab, "relay", lab.ip(1), config,
                    under=["env", f"LD_PRELOAD={lab.disk_shim}", f"WAYBILL_DISK={lab.dir}/disk"])
    loads = [Load(lab, relay.ip, 20, sessions=5, name="quick").wait()]
    eq(len(loads[0].accepted), 20, "accepted while the disk is quick")
    eq(pressure(relay, "commit_latency")["shed"], "nobody", "nobody is put off by a quick disk")
    check(mail_reply(lab, relay, stranger, recipient="s1@sink.test")[0] == 250, "a stranger's mail")

    disk.sync_takes(1600)
    loads.append(Load(lab, relay.ip, 9, sessions=3, name="slow"))
    told = wait_shed(relay, "commit_latency", "strangers")
    check(1600 <= told["value"] < 4750 and told["unit"] == "ms", f"what it measures: {told}")
    eq(mail_reply(lab, relay, stranger)[0], 452, "a stranger meanwhile")
    eq(len(loads[-1].wait().accepted), 9, "a trusted client meanwhile: all of it")

    disk.sync_takes(60_000)
    loads.append(Load(lab, relay.ip, 1, sessions=1, name="hangs"))
    wait_shed(relay, "commit_latency", "everyone")
    eq(mail_reply(lab, relay, "127.0.0.1")[0], 452, "a trusted client while a sync hangs")
    disk.sync_takes(0)
    wait_shed(relay, "commit_latency", "nobody", 40)
    for load in loads[1:]:
        loads[0].accepted |= load.wait().accepted
    eq(len(loads[0].accepted), 30, "all of them had their 250")
    wait_for(lambda: mail_reply(lab, relay, stranger, recipient="s2@sink.test")[0] == 250, "a stranger to be served")
    sink = lab.sink("mx1", 11)
    relay.cli("queue", "retry", "--all", "--yes")
    relay.wait_empty()
    check_once(loads[0], sink.tokens())
    relay.verify_custody()


run(test)
