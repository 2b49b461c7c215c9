#!/usr/bin/env python3
"""A final destination: users and aliases in files, forwarding, reports, SRS, and a reload that takes them.

Set up: waybill is the primary of home.test (users and aliases in files, an alias of three, one forwarded to another
host, one to a host that takes no mail), of lists.home.test, whose names are its own, and of srs.test, which forwards with
SRS. far.test and elsewhere.home.test are another host's, origin.test is the sender's. Proved: an alias reaches everyone
once, here and there; trace and `route` tell it; unknown names are refused with 550 5.1.1 and a domain that is not listed is
never local; failures go to the original sender; NOTIFY=SUCCESS on an alias of several gets one "expanded" report; a
rewritten sender leads back, but not by way of an LMTP listener; a reload takes other aliases, and one with a fault is refused with file and line.
"""
import smtplib

from lab import check, eq, run, wait_for


def inbox(folder, user):
    return [path.read_text() for path in sorted(folder.glob(f"{user}/new/*"))]


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nlists.home MX 10 mx1.home\nsrs MX 10 mx1.home\nmx1.home A {net}.11\n"
                     "far MX 10 mx.far\nelsewhere.home MX 10 mx.far\nmx.far A {net}.12\n"
                     "origin MX 10 mx.origin\nmx.origin A {net}.13\nnull MX 0 .\n"})
    far, origin = lab.sink("far", 12), lab.sink("origin", 13)
    boxes = lab.dir / "boxes"
    (lab.dir / "users").write_text("john\nann # and nobody else\n")
    aliases = lab.dir / "aliases"
    aliases.write_text("sales: john, ann,\n  boss@far.test\nout: someone@far.test\ndead: gone@null.test\nall: sales, John\n")
    (lab.dir / "secret").write_text("the secret of a test that lasts\n")
    where = f'role = "primary"\nmailboxes = "maildir:{boxes}/{{domain}}/{{user}}"\n'
    port = 24 if lab.mx_port == 25 else lab.free_port()
    primary = lab.waybill("mx1", 11, hostname="mx1.home.test", more=(
        f'[[listener]]\naddress = "{lab.ip(11)}:{port}"\nrole = "lmtp"\n'
        f'[srs]\nsecret_file = "secret"\ndomain = "srs.test"\n'
        f'[domain."home.test"]\n{where}users_file = "users"\naliases_file = "aliases"\n'
        f'[domain."lists.home.test"]\n{where}users = ["news"]\ncatch_all = "news"\nrecipient_delimiter = "-"\n'
        f'[domain."srs.test"]\n{where}users = ["x"]\nforward_srs = true\naliases = {{ fwd = "friend@far.test" }}\n'))
    home = boxes / "home.test"

    # One message to the alias of all: everyone once, here and elsewhere.
    reply = lab.send(primary, "bob@origin.test", ["all@home.test"], subject="to all")
    far.wait_count(1)
    wait_for(lambda: len(inbox(home, "john")) == 1 and len(inbox(home, "ann")) == 1, "john and ann to have it")
    eq(far.recipients(), ["boss@far.test"], "who has it elsewhere")
    eq(far.senders(), ["bob@origin.test"], "the sender stays, so that reports reach him")
    check("Delivered-To: john@home.test" in inbox(home, "john")[0], "the mailbox that it came to")
    trace = primary.cli("trace", lab.message_id(reply))
    check("expanded" in trace and "all@home.test" in trace and "boss@far.test" in trace, f"trace tells the alias:\n{trace}")
    route = lab.waybill_cli("route", "sales@home.test", "--config", primary.config_path)
    check("ann@home.test" in route and "boss@far.test" in route, f"route tells the alias:\n{route}")

    # Who exists, and whose mail is not ours.
    with lab.smtp(primary) as session:
        session.ehlo()
        session.mail("bob@origin.test")
        for unknown in ("nobody@home.test", "john@lists.home.test+x", "+john@home.test"):
            code, text = session.rcpt(unknown)
            check(code in (501, 550, 553) and b"5.1." in text, f"{unknown}: {code} {text}")
        eq(session.rcpt("nobody@home.test"), (550, b"5.1.1 no such user here"), "an unknown user")
        eq(session.rcpt("john+tag@home.test")[0], 250, "plus addressing")
        eq(session.rcpt("whoever@lists.home.test")[0], 250, "the catch-all of a subdomain")
        eq(session.rcpt("john@elsewhere.home.test")[0], 250, "a subdomain with an MX elsewhere: a trusted client may")
        eq(session.data("Subject: names\r\n\r\nx\r\n")[0], 250, "DATA")
    far.wait_count(2)
    check("john@elsewhere.home.test" in far.recipients(), "it went to its own MX")
    wait_for(lambda: len(inbox(home, "john")) == 2 and len(inbox(boxes / "lists.home.test", "news")) == 1, "the rest to arrive")

    # What fails behind an alias is the original sender's to know.
    lab.send(primary, "bob@origin.test", ["dead@home.test"])
    origin.wait_count(1)
    check("Original-Recipient: rfc822; dead@home.test" in origin.messages()[0], "the report names the alias")
    check("Action: failed" in origin.messages()[0], "a failure")
    with lab.smtp(primary) as session:
        session.ehlo()
        session.mail("bob@origin.test")
        eq(session.docmd("RCPT TO:<sales@home.test> NOTIFY=SUCCESS,FAILURE")[0], 250, "RCPT")
        eq(session.data("Subject: dsn\r\n\r\nx\r\n")[0], 250, "DATA")
    origin.wait_count(2)
    far.wait_count(3)
    check(sum("Action: expanded" in text for text in origin.messages()) == 1, "one report: expanded")

    # SRS: out under an address of ours, and back.
    lab.send(primary, "bob@origin.test", ["fwd@srs.test"])
    far.wait_count(4)
    sender = next(one for one in far.senders() if one.startswith("srs0="))
    check(sender.endswith("=origin.test=bob@srs.test"), f"a rewritten sender: {sender}")
    lab.send(primary, "", [sender], subject="a report comes back")
    origin.wait_count(3)
    with lab.smtp(primary) as session:
        session.ehlo()
        session.mail("")
        eq(session.rcpt(sender.replace("=bob@", "=eve@"))[0], 550, "a forged one")
    with smtplib.LMTP(primary.ip, port, timeout=30) as session:
        eq(session.docmd("LHLO client.test")[0], 250, "LHLO")
        eq(session.docmd("MAIL FROM:<>")[0], 250, "MAIL")
        eq(session.rcpt(sender)[0], 550, "an LMTP listener relays nowhere")

    # Other aliases by a reload; a fault leaves those in force.
    aliases.write_text("sales: ann\n\nbroken john\n")
    told = primary.cli("reload", codes=(1, 2, 3, 5))
    check("aliases:3" in told, f"the fault has its place: {told}")
    aliases.write_text("sales: ann\nteam: sales\n")
    primary.cli("reload")
    before = len(inbox(home, "ann"))
    lab.send(primary, "bob@origin.test", ["team@home.test"])
    wait_for(lambda: len(inbox(home, "ann")) == before + 1, "ann to have it alone")
    primary.wait_empty()
    far.wait_count(4)


run(test)
