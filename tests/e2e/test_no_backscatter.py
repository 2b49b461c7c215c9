#!/usr/bin/env python3
"""Forged senders get nothing from us: unknown recipients are refused in the dialogue, the primary up or down.

Set up: a backup that knows the users of home.test from a list, another that asks the primary of away.test (a waybill that
refuses unknown users), and a stranger with forged senders at victim.test. Proved with the list: primary up or down, a user
that exists is taken, one that does not is refused at RCPT with 550 5.1.1, also among good ones. Proved with callouts: the
primary up, the same; the primary down, what was learnt stands, and the unknown are deferred, refused, or taken, as the
domain says; of those taken that the primary refuses afterwards the forged sender hears nothing, while the ledger and the
status tell; a trusted client's sender is told. The victim's host hears nothing until then, and nothing waits for it.
"""
from actors import Waybill
from lab import check, eq, run, wait_for

STRANGERS = 'trusted_networks = ["192.0.2.0/24"]'


def backup_of(lab, name, number, keys, domain):
    config = lab.config(name, lab.ip(number), f'[domain."{domain}"]\nrole = "backup"\n{keys}', hostname=f"{name}.{domain}")
    return Waybill(lab, name, lab.ip(number), config.replace('trusted_networks = ["127.0.0.0/8"]', STRANGERS))


def by_list(lab):
    primary = lab.sink("mx1", 11)
    backup = backup_of(lab, "mx2", 12, 'users = ["john", "jane"]\n', "home.test")
    taken = 0

    def knock(subject):
        for sender in ("forged@victim.test", "", "john@victim.test"):
            with lab.smtp(backup) as session:
                session.ehlo()
                eq(session.mail(sender)[0], 250, "MAIL")
                for user in ("nobody", "johnx", "root", '"john@home.test"', "jane%home.test", "x" * 64):
                    code, text = session.rcpt(f"{user}@home.test")
                    # What looks like a way to make us relay is refused to strangers as such.
                    status = b"5.7.1" if "%" in user or "@" in user else b"5.1.1"
                    check(code == 550 and status in text, f"{user}, sender <{sender}>: {code} {text}")
                eq(session.docmd("DATA")[0] // 100, 5, "DATA without anyone to deliver to")
                for user in ("john", "Jane+list"):
                    eq(session.rcpt(f"{user}@home.test")[0], 250, user)
                code, text = session.rcpt("nobody@home.test")
                check(code == 550 and b"5.1.1" in text, f"an unknown one behind them: {code} {text}")
                eq(session.data(f"Subject: {subject}\r\n\r\nx\r\n")[0], 250, "the message")
        return 3

    taken += knock("primary up")
    primary.wait_count(2 * taken)
    backup.wait_empty()
    primary.kill()
    taken += knock("primary down")
    eq({row["recipient"] for row in backup.open_recipients()}, {"john@home.test", "Jane+list@home.test"}, "what waits")
    primary.start()
    primary.wait_count(2 * taken, timeout_s=60)
    backup.wait_empty()


def rcpt(lab, backup, *users, sender="forged@victim.test"):
    """The replies to RCPT for these users; then the message, if anyone was taken. Returns (codes, text of the 250)."""
    with lab.smtp(backup) as session:
        session.ehlo()
        eq(session.mail(sender)[0], 250, "MAIL")
        replies = [session.rcpt(f"{user}@away.test") for user in users]
        done = session.data("Subject: x\r\n\r\nx\r\n")[1].decode() if any(code == 250 for code, _ in replies) else ""
        return [code for code, _ in replies], done


def by_callout(lab, victim):
    boxes = lab.dir / "boxes"
    users = f'users = ["john", "jane"]\nmailboxes = "maildir:{boxes}/{{user}}"\n'
    primary = lab.waybill("mx3", 21, f'[domain."away.test"]\nrole = "primary"\n{users}', hostname="mx3.away.test")
    backup = backup_of(lab, "mx4", 22, 'recipients = "callout"\nunknown_recipients = "defer"\n', "away.test")
    box = lambda user: len(list(boxes.glob(f"{user}/new/*")))
    eq(rcpt(lab, backup, "nobody", "john", "johnx")[0], [550, 250, 550], "the primary up")
    eq(rcpt(lab, backup, "nobody")[0], [550], "once more")
    wait_for(lambda: box("john") == 1, "john's mail")
    backup.wait_empty()
    eq(primary.status()["accepted"], 1, "messages at the primary: callouts send none")

    # What was learnt survives a restart and the outage.
    eq(backup.stop(), 0, "exit code")
    backup.start()
    primary.kill()
    eq(rcpt(lab, backup, "john", "nobody")[0], [250, 550], "those learnt of, the primary down")
    eq(rcpt(lab, backup, "jane")[0], [450], "unknown ones, deferred")
    backup.rewrite('unknown_recipients = "defer"', 'unknown_recipients = "refuse"')
    backup.cli("reload")
    eq(rcpt(lab, backup, "jane")[0], [550], "unknown ones, refused")
    eq(rcpt(lab, backup, "postmaster")[0], [250], "postmaster exists (RFC 5321 4.5.1)")
    backup.rewrite('unknown_recipients = "refuse"', 'unknown_recipients = "accept"')
    backup.cli("reload")
    codes, taken = rcpt(lab, backup, "jane", "ghost")
    eq(codes, [250, 250], "unknown ones, accepted")
    primary.start()
    wait_for(lambda: box("jane") == 1, "jane's mail", 60)
    backup.wait_empty(60)
    ends = [event for event in backup.cli_json("trace", lab.message_id(taken))[0]["events"] if event["event"] == "bounced"]
    eq([event["address"] for event in ends], ["ghost@away.test"], "whom the primary refused")
    check(ends[0]["reply"]["code"] == 550 and "bounce_refused" in ends[0]["detail"], f"the ledger says so: {ends}")
    eq(backup.status()["refused_unreported"], 1, "the count in the status")
    eq(victim.messages(), [], "what the victim got")

    # A trusted client is taken at its word, and told.
    primary.kill()
    backup.rewrite(STRANGERS, 'trusted_networks = ["127.0.0.0/8"]')
    backup.rewrite('unknown_recipients = "accept"', 'unknown_recipients = "refuse"')
    backup.cli("reload")
    eq(rcpt(lab, backup, "spectre", sender="ann@victim.test")[0], [250], "an unknown one of a trusted client")
    primary.start()
    victim.wait_count(1, timeout_s=60)
    eq(victim.recipients(), ["ann@victim.test"], "who is told")


def test(lab):
    lab.dns({"test": "home MX 10 mx1.home\nhome MX 20 mx2.home\nmx1.home A {net}.11\nmx2.home A {net}.12\n"
                     "away MX 10 mx3.away\naway MX 20 mx4.away\nmx3.away A {net}.21\nmx4.away A {net}.22\n"
                     "victim MX 10 mx.victim\nmx.victim A {net}.13\n"})
    victim = lab.sink("victim", 13)
    by_list(lab)
    eq(victim.messages(), [], "what the victim got")
    by_callout(lab, victim)


run(test)
