#!/usr/bin/env python3
"""Reload under load: a new configuration applies without dropping a session.

Set up: ten sessions under load, an open smtplib session, and reloads by the verb and by SIGHUP meanwhile.
Proved: no session of the load sees an error and each message arrives exactly once; the open session goes on;
a new limit is announced after the reload.
"""
import signal

from lab import check, eq, run, wait_for
from peer import Load, check_once


def test(lab):
    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\nnew MX 10 mx1.sink\n"})
    sink = lab.sink("mx1", 11)
    relay = lab.waybill("relay", 1)
    open_session = lab.smtp(relay)
    open_session.ehlo()
    good = relay.config_path.read_text()
    load = Load(lab, relay.ip, 800)
    for number in range(4):
        wait_for(lambda: len(load.accepted) >= 150 * number, "load to flow")
        # Everything that reload swaps: resolver, limits, delivery, retry schedule.
        relay.config_path.write_text(good.replace("dnssec = false", f'dnssec = false\ntimeout = "{10 + number}s"')
                                     + f'\n[limits]\nmessage_size = "{number + 1} MiB"\n')
        if number % 2:
            reloads = relay.log().count("info    reloaded")
            relay.signal(signal.SIGHUP)
            wait_for(lambda: relay.log().count("info    reloaded") > reloads, "SIGHUP to be obeyed")
        else:
            check("in force" in relay.cli("reload"), "the verb says so")
    load.wait()
    eq(load.refused, [], "errors that the load saw")
    eq(len(load.accepted), 800, "messages accepted")
    eq(open_session.noop()[0], 250, "the session that was open all the time")
    relay.config_path.write_text(good + '\n[limits]\nmessage_size = "1 MiB"\n')
    relay.cli("reload")
    with lab.smtp(relay) as session:
        session.ehlo()
        eq(session.esmtp_features["size"], "1048576", "SIZE after the reload")
    relay.wait_empty(timeout_s=60)
    check_once(load, sink.tokens())
    lab.send(relay, "a@source.test", ["x@new.test"])
    wait_for(lambda: "x@new.test" in sink.recipients(), "one more")
    open_session.quit()


run(test)
