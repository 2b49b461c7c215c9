#!/usr/bin/env python3
"""A backup learns from a Postfix primary who exists, in callouts that Postfix takes for what they are.

Set up: Postfix is home.test's primary and knows john and jane; a backup asks it. Proved: those who exist are taken, others
refused with Postfix's own words; Postfix saw no mail for it; what is known can be listed and forgotten, and a user who is
added is then taken at once; a Postfix that takes everyone (catch-all) teaches nothing, and the status says so.
"""
from lab import check, eq, run, wait_for

def users(*names):
    return "inline:{ " + ", ".join(f"{name}@home.test=home.test/{name}/" for name in names) + " }"


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {net}.11\nmx2.home A {net}.12\n"
                     "all MX 10 mx1.all\nall MX 20 mx2.home\nmx1.all A {net}.13\n"}, server="nsd")
    primary = lab.postfix("mx1", 11, ["home.test"], {"virtual_mailbox_maps": users("john", "jane")})
    everyone = lab.postfix("mx3", 13, ["all.test"])
    domains = "".join(f'[domain."{name}.test"]\nrole = "backup"\nrecipients = "callout"\nunknown_recipients = "defer"\n'
                      for name in ("home", "all"))
    backup = lab.waybill("mx2", 12, domains, hostname="mx2.home.test")

    def reply(address):
        with lab.smtp(backup) as session:
            session.ehlo()
            session.mail("ann@source.test")
            return session.rcpt(address)

    eq(reply("john@home.test")[0], 250, "john")
    code, text = reply("zoe@home.test")
    check(code == 550 and b"5.1.1" in text and b"User unknown" in text, f"Postfix's words: {code} {text}")
    known = {row["name"]: row["state"] for row in backup.cli_json("recipients", "list", "home.test")[0]["recipients"]}
    eq(known, {"home.test": "refused", "john@home.test": "exists", "zoe@home.test": "refused"}, "what was learnt")
    check("tells who exists" in backup.cli("recipients", "list", "home.test"), "the table says what the domain's line means")

    # zoe is added. What is known of her is believed until it is forgotten.
    main = primary.etc / "main.cf"
    main.write_text(main.read_text().replace(users("john", "jane"), users("john", "jane", "zoe")))
    primary._command("reload")
    eq(reply("zoe@home.test")[0], 550, "zoe, before it is forgotten")
    eq(backup.cli_json("recipients", "forget", "zoe@home.test")[0]["forgotten"], 1, "entries forgotten")
    # A session of before may still stand, and Postfix reads its tables anew for new ones.
    wait_for(lambda: reply("zoe@home.test")[0] == 250 or not backup.cli("recipients", "forget", "zoe@home.test"),
             "Postfix to know zoe", 40)
    check("max_recipients" not in primary.log() and "queued as" not in primary.log(), "Postfix saw no mail for it")

    eq(reply("anybody@all.test")[0], 250, "a primary that takes everyone")
    eq([row["name"] for row in backup.cli_json("recipients", "list", "all.test")[0]["recipients"]], ["all.test"],
       "nobody is known from it")
    warned = [text for text in backup.status()["warnings"] if "takes every recipient" in text]
    check(len(warned) == 1 and "all.test" in warned[0], f"the status says so: {warned}")
    everyone.stop()
    eq(reply("somebody@all.test")[0], 250, "a trusted client, that primary down")


run(test, needs=["postfix"])
