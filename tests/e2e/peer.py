"""peer.py: the two ends of SMTP that a test plays itself, with every message known by a token of its own.

Peer is a receiving server in this process: it counts connections and can misbehave. Load is many sessions that
hand messages to a daemon and remember which were answered with 250, and which had their last line sent and no
answer (those alone may arrive or not). check_once() compares both.
"""
import collections
import dataclasses
import hashlib
import re
import socket
import threading
import time

from checks import SLOWER, Failure, check, wait_for

TOKEN = re.compile(r"^X-Token: (\S+)\r?$", re.M)


def check_once(load, arrived, may_repeat=frozenset()):
    """Every token that was answered with 250 arrived once; of the others none, or once if it was in flight.
    `may_repeat`: tokens whose 250 from the next hop could not be on disk yet when the daemon was killed."""
    counts = collections.Counter(arrived)
    lost = sorted(load.accepted - set(counts))
    check(not lost, f"{len(lost)} accepted and never arrived, such as {lost[:5]}")
    alien = sorted(set(counts) - load.accepted - load.in_flight)
    check(not alien, f"{len(alien)} arrived that nobody had handed over, such as {alien[:5]}")
    twice = sorted(token for token, count in counts.items() if count > 1 and token not in may_repeat)
    check(not twice, f"{len(twice)} arrived more than once, such as {twice[:5]}")


def plain_body(_token):
    return ("X" * 70 + "\r\n").encode() * 20 + b"the end\r\n"


def digest(body):
    return hashlib.blake2b(body, digest_size=16).digest()


class Load:
    """`count` messages over `sessions` connections; ends early, without complaint, when the daemon goes away.
    `body` makes the octets of a token's message behind its header, not dot-stuffed."""

    def __init__(self, lab, ip, count, recipient="user@sink.test", sessions=10, name="t", port=None, body=plain_body):
        self._body = body
        self.accepted, self.in_flight, self.refused = set(), set(), []
        self.replies = {}  # token: the 250's text
        self._where, self._recipient = (ip, port or lab.mx_port), recipient
        self._tokens = iter([f"{name}-{number}" for number in range(count)])
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._session, daemon=True) for _ in range(sessions)]
        for thread in self._threads:
            thread.start()

    def running(self):
        return any(thread.is_alive() for thread in self._threads)

    def wait(self, timeout_s=90.0):
        wait_for(lambda: not self.running(), "the load to be handed over", timeout_s)
        return self

    def _session(self):
        try:
            with socket.create_connection(self._where, timeout=30 * SLOWER) as connection:
                replies = connection.makefile("rb")
                self._expect(replies, 220)
                connection.sendall(b"EHLO load.test\r\n")
                self._expect(replies, 250)
                while self._one(connection, replies):
                    pass
                connection.sendall(b"QUIT\r\n")
                replies.readline()
        except (OSError, EOFError):
            pass  # the daemon went away: what counts is what it had answered

    def _one(self, connection, replies):
        with self._lock:
            token = next(self._tokens, None)
        if token is None:
            return False
        connection.sendall(f"MAIL FROM:<load@source.test>\r\nRCPT TO:<{self._recipient}>\r\nDATA\r\n".encode())
        for want in (250, 250, 354):
            self._expect(replies, want)
        body = self._body(token)
        stuffed = (b"." if body.startswith(b".") else b"") + body.replace(b"\r\n.", b"\r\n..")
        text = f"Subject: load\r\nX-Token: {token}\r\n\r\n".encode() + stuffed + b".\r\n"
        with self._lock:
            self.in_flight.add(token)
        connection.sendall(text)
        line = self._read(replies)
        with self._lock:
            self.in_flight.discard(token)
            if line.startswith(b"250"):
                self.accepted.add(token)
                self.replies[token] = line.decode().strip()
            else:
                self.refused.append(line)
        return True

    @staticmethod
    def _read(replies):
        while True:
            line = replies.readline()
            if not line.endswith(b"\n"):
                raise EOFError
            if line[3:4] != b"-":
                return line

    def _expect(self, replies, code):
        line = self._read(replies)
        if not line.startswith(str(code).encode()):
            self.refused.append(line)
            raise EOFError


@dataclasses.dataclass
class Arrival:
    """One message at a Peer. Times are time.time()."""
    token: str
    message_id: str  # the router's own, from the Received line that it put on top
    body_digest: bytes  # of the octets behind the header, dots unstuffed
    at: float  # its last line was read
    answered_at: float | None = None  # the 250 was given to the connection; None: that was gone


ROUTER_ID = re.compile(rb"^Received: .*?\bid ([0-9a-z]{12})\b", re.S | re.M | re.I)


class Peer:
    """A receiving server. `offers` are its EHLO lines; `starttls` is what STARTTLS leads to: None (not
    offered), "refuse" (454), "garbage" (220, then no TLS), "at once" (both in
    one segment) or "close"; silent=True accepts and never greets;
    delay_s passes before each 250; keep_texts=False remembers `arrivals` and tokens alone."""

    def __init__(self, lab, ip, offers=("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"), starttls=None, silent=False, delay_s=0.0,
                 keep_texts=True):
        self.keep_texts = keep_texts
        self.arrivals = []
        self.offers, self.starttls, self.silent, self.delay_s = list(offers), starttls, silent, delay_s
        self.sessions = []  # of each connection: its tokens, recipients, texts, in their order
        self.open = 0
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self._socket = socket.create_server((ip, lab.mx_port), family=family, backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def tokens(self):
        with self._lock:
            return [token for session in self.sessions for token in session.tokens]

    def recipients(self):
        with self._lock:
            return [recipient for session in self.sessions for recipient in session.recipients]

    def texts(self):
        with self._lock:
            return [text for session in self.sessions for text in session.texts]

    def wait_count(self, count, timeout_s=30.0):
        wait_for(lambda: len(self.recipients()) >= count, f"{count} recipients at the peer", timeout_s)
        if len(self.recipients()) != count:
            raise Failure(f"{len(self.recipients())} recipients at the peer, want {count}")

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        session = Session()
        with self._lock:
            self.sessions.append(session)
            self.open += 1
        try:
            with connection:
                if self.silent:
                    connection.recv(1)
                    return
                self._talk(connection, session)
        except OSError:
            pass
        finally:
            with self._lock:
                self.open -= 1

    def _talk(self, connection, session):
        lines = connection.makefile("rb")
        say = lambda text: connection.sendall(text.encode() + b"\r\n")
        say("220 peer.test ESMTP")
        envelope = []
        while True:
            line = lines.readline()
            if not line.endswith(b"\n"):
                return
            verb = line.split()[0].upper() if line.split() else b""
            if verb in (b"EHLO", b"HELO"):
                offers = ["peer.test", *self.offers, *(["STARTTLS"] if self.starttls else [])]
                say("\r\n".join(f"250{'-' if number < len(offers) - 1 else ' '}{offer}" for number, offer in enumerate(offers)))
            elif verb == b"STARTTLS":
                session.starttls = True
                if self.starttls == "refuse":
                    say("454 4.7.0 TLS not available")
                    continue
                say("220 2.0.0 Go ahead" + ("\r\n250 2.0.0 Not under TLS" if self.starttls == "at once" else ""))
                if self.starttls == "garbage":
                    say("this is no TLS record, and never will be")
                return
            elif verb == b"RCPT":
                envelope.append(line.decode(errors="surrogateescape").split("<", 1)[1].split(">", 1)[0])
                say("250 2.1.5 Ok")
            elif verb == b"DATA":
                say("354 Go on")
                arrival = self._take(lines, session, envelope)
                envelope = []
                time.sleep(self.delay_s)
                say("250 2.0.0 Ok")
                arrival.answered_at = time.time()
            elif verb == b"QUIT":
                say("221 2.0.0 Bye")
                return
            else:
                say("250 2.0.0 Ok")

    def _take(self, lines, session, envelope):
        text = bytearray()
        while not text.endswith(b"\r\n.\r\n"):
            line = lines.readline()
            if not line.endswith(b"\n"):
                raise OSError("cut off within a message")
            text += line
        at = time.time()
        header, _, body = bytes(text[:-3]).partition(b"\r\n\r\n")
        tokens = TOKEN.findall(header.decode(errors="surrogateescape") + "\r\n")
        ours = ROUTER_ID.search(header)
        whole = text.decode(errors="surrogateescape")
        plain = (body[1:] if body.startswith(b".") else body).replace(b"\r\n.", b"\r\n")
        arrival = Arrival("".join(tokens), ours.group(1).decode() if ours else "", digest(plain), at)
        with self._lock:
            self.arrivals.append(arrival)
            session.tokens += TOKEN.findall(whole)  # a report holds the one it is about
            session.recipients += envelope
            if self.keep_texts:
                session.texts.append(whole)
        return arrival


class Session:
    def __init__(self):
        self.tokens, self.recipients, self.texts = [], [], []
        self.starttls = False
