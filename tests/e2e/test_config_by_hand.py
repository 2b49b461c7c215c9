#!/usr/bin/env python3
"""An operator's first steps: `config init`, `config check`, mistakes, `config check` again, and serve.

Proved: init writes a file that check accepts, every key explained, and never overwrites one; check exits with 1
and names file, line and column of each mistake, all at once, and 2 when there is no such file; --json has the
same findings; the checked file serves mail.
"""
import json

from lab import check, eq, run
from actors import Waybill


def test(lab):
    path = lab.dir / "waybill.toml"
    lab.waybill_cli("config", "init", path)
    text = path.read_text()
    for key in ("hostname", "data_dir", "[[listener]]", "trusted_networks", "retry_first", "reserve"):
        check(key in text, f"init explains {key}")
    again = lab.waybill_cli("config", "init", path, codes=(1,))
    check(str(path) in again, f"init never overwrites, and says so: {again}")
    eq(path.read_text(), text, "the file after a second init")
    check("nothing.toml" in lab.waybill_cli("config", "check", lab.dir / "nothing.toml", codes=(2,)), "no such file is told")

    path.write_text('hostnme = "x.test"\n[limits]\nsessions = "many"\n[relay]\ntrusted_networks = ["0.0.0.0/0"]\n')
    said = lab.waybill_cli("config", "check", path, codes=(1,))
    for place in (f"{path}:1:1: error:", f"{path}:3:", f"{path}:5:"):
        check(place in said, f"check names {place}:\n{said}")
    check("hostname" in said, f"check guesses what was meant:\n{said}")
    found = [json.loads(line) for line in lab.waybill_cli("config", "check", "--json", path, codes=(1,)).splitlines()]
    errors = [finding for finding in found if finding["level"] == "error"]
    eq([(finding["where"]["file"], finding["where"]["line"]) for finding in errors],
       [(str(path), 1), (str(path), 3), (str(path), 5)], f"errors in --json: {found}")
    places = [f'{path}:{finding["where"]["line"]}:{finding["where"]["column"]}: error: {finding["got"]}' for finding in errors]
    check(all(place in said for place in places), f"the same findings in both: {places}\n{said}")

    lab.dns({"test": "sink MX 10 mx1.sink\nmx1.sink A {net}.11\n"})
    sink = lab.sink("mx1", 11)
    path.write_text(lab.config("hand", lab.ip(1)))
    lab.waybill_cli("config", "check", path)
    daemon = Waybill(lab, "hand", lab.ip(1), path.read_text())
    lab.send(daemon, "a@source.test", ["x@sink.test"])
    sink.wait_count(1)


run(test)
