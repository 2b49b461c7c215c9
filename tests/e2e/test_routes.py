#!/usr/bin/env python3
"""Routes go by sender and listener, in order; they discard, hold and refuse; queued mail is rerouted by hand.

Set up: sinks a, b and mx; a dead host; one router with a table for all of that, listening as mx and for submission.
Proved: each piece of mail reaches what its entry names; where the first way is dead the second has it in the same attempt; a
discarded one is a fate of its own that nobody hears of; a held one waits until it is released; a refused one gets the
table's text in the dialogue, and queued mail bounces with it; reroute counts first, shows examples, and its reason
stands in the ledger; `route` tells which entry applies and why others don't.
"""
import json
import smtplib

from lab import check, eq, run, wait_for

TABLE = """
[[route."*"]]
via = "[a.test]"
senders = ["@sales.test"]
[[route."*"]]
via = "[b.test]"
listeners = ["submission"]
[route."gone.test"]
via = 'refuse "we have moved"'
[route."void.test"]
via = "discard"
[route."later.test"]
via = "hold"
[route."chain.test"]
via = ["[dead.test]", "[b.test]"]
"""


def submit(lab, daemon, sender, recipient):
    with smtplib.SMTP(daemon.ip, 587, local_hostname="client.test", timeout=30) as session:
        session.sendmail(sender, [recipient], f"From: <{sender}>\r\nSubject: x\r\n\r\nhello\r\n")


def trace(relay, ident):
    return relay.cli("trace", ident)


def conditions(lab, relay, sinks):
    lab.send(relay, "joe@sales.test", ["one@any.test"])
    submit(lab, relay, "joe@other.test", "two@any.test")
    lab.send(relay, "joe@other.test", ["three@any.test"])
    lab.send(relay, "joe@other.test", ["four@chain.test"])
    for name, recipients in (("a", ["one@any.test"]), ("b", ["four@chain.test", "two@any.test"]), ("mx", ["three@any.test"])):
        wait_for(lambda name=name, recipients=recipients: sorted(sinks[name].recipients()) == recipients,
                 f"{recipients} at {name}")


def actions(lab, relay, sinks):
    with lab.smtp(relay) as session:
        session.ehlo()
        eq(session.mail("joe@other.test")[0], 250, "reply to MAIL")
        eq(session.rcpt("x@gone.test"), (550, b"5.7.1 we have moved"), "reply to RCPT")
    void = lab.message_id(lab.send(relay, "joe@other.test", ["x@void.test"]))
    wait_for(lambda: "discarded" in trace(relay, void), "the discarded one to end")
    check('by the route "void.test"' in trace(relay, void), f"the ledger says by what:\n{trace(relay, void)}")
    eq(relay.cli_json("custody", "verify")[0]["discarded"], 1, "custody counts it")
    eq([relay.status()[fate] for fate in ("bounced", "discarded")], [0, 1], "nobody is told")
    check("1 discarded" in relay.cli("status"), "status counts it")

    later = lab.message_id(lab.send(relay, "joe@other.test", ["x@later.test"]))
    wait_for(lambda: [row["state"] for row in relay.open_recipients()] == ["held"], "it to be held")
    check('by the route "later.test"' in trace(relay, later), f"trace says by what:\n{trace(relay, later)}")
    [why] = relay.cli_json("queue", "why", later)[0]["recipients"]
    eq(why["recovery"], None, "what is held goes to no destination that could be up or down")
    relay.cli("queue", "release", "--domain", "later.test", "--yes")
    wait_for(lambda: "x@later.test" in sinks["mx"].recipients(), "the released one at its MX")


def rerouted(lab, relay, sinks):
    ids = [lab.message_id(lab.send(relay, "joe@other.test", [f"{name}@down.test"])) for name in ("u", "v")]
    wait_for(lambda: all(row["attempts"] > 0 for row in relay.open_recipients()), "the dead host to be tried")
    arguments = ("queue", "reroute", "--domain", "down.test", "--via", "[b.test]", "--reason", "the line is cut")
    counted = relay.cli(*arguments, "--dry-run", codes=(4,))
    check("2 recipients" in counted and "u@down.test" in counted, f"the dry run counts and gives examples:\n{counted}")
    dry = json.loads(relay.cli(*arguments, "--dry-run", "--json", codes=(4,)))
    eq((dry["recipients"], len(dry["examples"]), dry["done"]), (2, 2, False), "the dry run's JSON")
    eq(len(relay.open_recipients()), 2, "nothing has moved")
    relay.cli(*arguments, "--yes")
    wait_for(lambda: {"u@down.test", "v@down.test"} <= set(sinks["b"].recipients()), "both by the other route")
    check("rerouted" in trace(relay, ids[0]) and "the line is cut, to [b.test]" in trace(relay, ids[0]),
          f"the ledger says where to and why:\n{trace(relay, ids[0])}")
    bad = relay.cli("queue", "reroute", "--all", "--via", "discard", "--yes", codes=(1, 2))
    check("nothing" in bad.lower() or "no host" in bad, f"a route by hand leads to a host:\n{bad}")


def refused_while_queued(lab, relay):
    ident = lab.message_id(lab.send(relay, "", ["x@down.test"]))
    wait_for(lambda: all(row["attempts"] > 0 for row in relay.open_recipients()), "the dead host to be tried")
    relay.rewrite('[route."void.test"]', '[route."down.test"]\nvia = "refuse too late"\n[route."void.test"]')
    relay.cli("reload")
    relay.cli("queue", "retry", "--all", "--yes")
    wait_for(lambda: "bounced" in trace(relay, ident), "the queued one to end")
    check("550 5.7.1 too late" in trace(relay, ident), f"in the table's words:\n{trace(relay, ident)}")


def explained(lab, relay):
    ask = lambda *more: json.loads(lab.waybill_cli("route", "--json", "--config", relay.config_path, "x@any.test", *more))
    rules = lambda plan: [(step["rule"], step["text"]) for step in plan["steps"] if step["rule"].startswith("route.")]
    plan = ask("--sender", "joe@sales.test")
    eq(plan["attempts"][0]["host"], "a.test", "by the sender")
    eq(rules(plan)[0][0], "route.table", f"which entry: {rules(plan)}")
    plan = ask("--sender", "joe@other.test", "--listener", "submission")
    eq(plan["attempts"][0]["host"], "b.test", "by the listener")
    check("route.passed" == rules(plan)[0][0] and "joe@other.test" in rules(plan)[0][1], f"and which not, and why: {rules(plan)}")
    plan = ask()
    check("not known" in rules(plan)[0][1] and plan["attempts"][0]["host"] == "mx.any.test", f"without a sender: {rules(plan)}")
    void = lab.waybill_cli("route", "--config", relay.config_path, "x@void.test")
    check("discard" in void, f"an action is a decision:\n{void}")


def checked(lab, relay):
    path = lab.dir / "shadowed.toml"
    path.write_text(relay.config_path.read_text()
                    + '[[route."shadow.test"]]\nvia = "mx"\n[[route."shadow.test"]]\nvia = "hold"\nsenders = ["<>"]\n'
                      '[[route."nowhere.test"]]\nvia = "hold"\nlisteners = ["submissions"]\n')
    text = lab.waybill_cli("config", "check", path, codes=(0, 1, 2, 3, 4))
    check("no mail reaches this entry" in text and "shadow.test" in text, f"the unreachable entry is told:\n{text}")
    check("no listener submissions" in text, f"and the condition that never holds:\n{text}")


def test(lab):
    lab.dns({"test": "any MX 10 mx.any\nmx.any A {net}.13\nlater MX 10 mx.any\ndown MX 10 dead\ndead A {net}.14\n"
                     "a A {net}.11\nb A {net}.12\n"})
    sinks = {"a": lab.sink("a", 11), "b": lab.sink("b", 12), "mx": lab.sink("mx", 13)}
    relay = lab.waybill("relay", 1, f'[[listener]]\naddress = "{lab.ip(1)}:587"\nrole = "submission"\n' + TABLE)
    conditions(lab, relay, sinks)
    actions(lab, relay, sinks)
    rerouted(lab, relay, sinks)
    explained(lab, relay)
    checked(lab, relay)
    refused_while_queued(lab, relay)
    relay.wait_empty()


run(test, needs=["port 587"])
