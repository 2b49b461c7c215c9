"""smart_host.py: a submission server that takes mail only from whom it knows (RFC 4954), and remembers in what way
each client spoke to it. Threads, one a connection; ended with the test."""
import base64
import contextlib
import socket
import ssl
import threading


class Session:
    """One connection: what was said on it, as text, and the user that it ended up with."""

    def __init__(self, stream, tls):
        self.stream, self.tls, self.user = stream, tls, None
        self.file = stream.makefile("rb")

    def say(self, text):
        self.stream.sendall(text.encode() + b"\r\n")

    def line(self):
        line = self.file.readline(4096)
        if not line.endswith(b"\n"):
            raise ConnectionError("the client went away")
        return line.decode("ascii", "replace").rstrip("\r\n")


class SmartHost:
    """`accounts`: {user: password}. `starttls`: whether it is offered. `from_start`: TLS before the greeting."""

    def __init__(self, ip, port, certificate, accounts, mechanisms="PLAIN LOGIN", starttls=True, from_start=False):
        self.accounts, self.mechanisms, self.starttls, self.from_start = accounts, mechanisms, starttls, from_start
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.lock = threading.Lock()
        self.messages = []  # (user, whether by TLS, recipients, text)
        self.commands = []  # (whether by TLS, first word)
        self.refused = 0  # passwords
        self.listener = socket.create_server((ip, port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            stream, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(stream,), daemon=True).start()

    def serve(self, stream):
        with contextlib.suppress(OSError, ConnectionError), stream:
            session = Session(self.context.wrap_socket(stream, server_side=True) if self.from_start else stream,
                              self.from_start)
            session.say("220 relay.test ESMTP")
            recipients = []
            while True:
                line = session.line()
                verb, _, rest = line.partition(" ")
                verb = verb.upper()
                with self.lock:
                    self.commands.append((session.tls, verb))
                if verb == "EHLO":
                    offers = ["PIPELINING"] + (["STARTTLS"] if self.starttls and not session.tls else [])
                    # Even in the clear, to see whether anybody falls for it.
                    offers.append(f"AUTH {self.mechanisms}")
                    session.say("\r\n".join(["250-relay.test", *(f"250-{one}" for one in offers[:-1]), f"250 {offers[-1]}"]))
                elif verb == "STARTTLS" and self.starttls and not session.tls:
                    session.say("220 2.0.0 go")
                    session = Session(self.context.wrap_socket(session.stream, server_side=True), True)
                elif verb == "AUTH":
                    session.user = self.authenticate(session, rest)
                elif verb == "MAIL":
                    recipients = []
                    session.say("250 2.1.0 ok" if session.user else "530 5.7.0 authentication required")
                elif verb == "RCPT":
                    recipients.append(rest[rest.index("<") + 1:rest.index(">")])
                    session.say("250 2.1.5 ok")
                elif verb == "DATA":
                    session.say("354 go")
                    text = []
                    while (line := session.line()) != ".":
                        text.append(line)
                    with self.lock:
                        self.messages.append((session.user, session.tls, recipients, "\n".join(text)))
                    session.say("250 2.0.0 taken")
                elif verb == "QUIT":
                    session.say("221 2.0.0 bye")
                    return
                else:
                    session.say("250 2.0.0 ok")

    def authenticate(self, session, rest):
        """The user, or None after a refusal."""
        mechanism, _, initial = rest.partition(" ")
        if mechanism not in self.mechanisms.split():
            session.say("504 5.5.4 no such mechanism")
            return None
        if mechanism == "PLAIN":
            _, user, password = base64.b64decode(initial).decode().split("\0")
        else:
            session.say("334 VXNlcm5hbWU6")
            user = base64.b64decode(session.line()).decode()
            session.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(session.line()).decode()
        if self.accounts.get(user) != password:
            with self.lock:
                self.refused += 1
            session.say("535 5.7.8 authentication credentials invalid")
            return None
        session.say("235 2.7.0 welcome")
        return user

    def said(self, verb, tls):
        with self.lock:
            return (tls, verb) in self.commands

    def recipients(self):
        with self.lock:
            return sorted(one for message in self.messages for one in message[2])
