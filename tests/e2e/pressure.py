"""pressure.py: what a daemon says about its pressures, for the tests of load shedding."""
import smtplib
import time

from checks import wait_for


def pressure(daemon, name):
    """One pressure as `waybill status --json` shows it."""
    return next(one for one in daemon.status()["overload"]["pressures"] if one["name"] == name)


def wait_shed(daemon, name, level, timeout_s=30.0):
    """Until that pressure sheds exactly these clients; returns it."""
    wait_for(lambda: pressure(daemon, name)["shed"] == level, f"{name} to shed {level}", timeout_s)
    return pressure(daemon, name)


def mail_reply(lab, daemon, source, sender="a@source.test", recipient="x@sink.test"):
    """What a client at that address hears: code and text of the first reply that is no 2xx, or of its message's 250."""
    try:
        with smtplib.SMTP(timeout=30) as session:
            session.source_address = (source, 0)
            code, text = session.connect(daemon.ip, lab.mx_port)
            if code != 220:
                return code, text.decode()
            session.ehlo("client.test")
            for command in (lambda: session.mail(sender), lambda: session.rcpt(recipient),
                            lambda: session.data("Subject: x\r\n\r\nx\r\n")):
                code, text = command()
                if code != 250:
                    break
            return code, text.decode()
    except smtplib.SMTPServerDisconnected as gone:
        return 0, str(gone)


def levels_over(daemon, name, span_s):
    """The changes of a pressure's level over a span, which is what is measured and not a wait for something."""
    out = [pressure(daemon, name)["shed"]]
    end = time.monotonic() + span_s
    while time.monotonic() < end:
        level = pressure(daemon, name)["shed"]
        if level != out[-1]:
            out.append(level)
        time.sleep(0.2)
    return out
