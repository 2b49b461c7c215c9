#!/usr/bin/env python3
"""SIGTERM does not wait for the DNS.

Set up: five name servers that take every question and answer none, so that a lookup lasts for minutes, and a
shutdown_grace that would let it. A message waits for its domain's MX. Proved: SIGTERM ends the daemon within the bound
of every other stop, with 0, and cuts nothing off; after a restart the message is there, untried.
"""
import select
import socket

from lab import check, eq, run, wait_for


def test(lab):
    port = lab.free_port()
    silent = []
    for number in range(60, 65):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((lab.ip(number), port))
        silent.append(server)
    servers = ", ".join(f'"{server.getsockname()[0]}:{port}"' for server in silent)
    relay = lab.waybill("relay", 1, dns=f'servers = [{servers}]\ntimeout = "5m"\n', top='shutdown_grace = "5m"')
    lab.send(relay, "", ["x@silent.test"])  # of the null sender nothing is looked up
    wait_for(lambda: select.select(silent, [], [], 0)[0], "the question")
    eq(relay.stop(), 0, "exit code after SIGTERM")
    check("did not end in time" not in relay.log(), f"nothing had to be cut off:\n{relay.log()}")
    relay.start()
    eq([(row["recipient"], row["attempts"]) for row in relay.open_recipients()], [("x@silent.test", 0)], "what waited")
    relay.verify_custody()


run(test)
