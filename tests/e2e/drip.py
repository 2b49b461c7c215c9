"""drip.py: peers that give one octet now and then, for ever, on either side of SMTP.

Both run in this process on one thread each kind: a hundred such peers cost next to nothing.
"""
import socket
import threading
import time

from checks import wait_for

EVERY_S = 0.05


class DripClient:
    """Connects, says each of `says` after a whole reply, then drips `endless` octet by octet. `at_once`: does not
    even wait for the banner. heard: what the server said; ended: the server hung up."""

    def __init__(self, ip, port, says, endless, at_once=False):
        self.heard, self.ended = b"", False
        self._says, self._endless, self._at_once = list(says), endless, at_once
        self._socket = socket.create_connection((ip, port), timeout=30)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            if not self._at_once:
                self._reply()
                for text in self._says:
                    self._socket.sendall(text)
                    self._reply()
            self._socket.settimeout(EVERY_S)
            number = 0
            while True:
                self._socket.sendall(self._endless[number % len(self._endless):][:1])
                number += 1
                try:
                    octets = self._socket.recv(4096)
                    if not octets:
                        break
                    self.heard += octets
                    time.sleep(EVERY_S)
                except TimeoutError:
                    pass
        except OSError:
            pass
        self.ended = True
        self._socket.close()

    def _reply(self):
        begun = len(self.heard)
        while True:
            lines = self.heard[begun:].split(b"\r\n")
            if len(lines) > 1 and lines[-2][3:4] == b" ":
                return
            octets = self._socket.recv(4096)
            if not octets:
                raise OSError
            self.heard += octets


class DripServer:
    """Answers as it should until `stage` ("banner", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "dot", "BDAT"), from
    where it drips a reply that never ends. "body": takes the message octet by octet. "TLS": drips in place of
    a handshake. taken: bodies that came whole."""

    def __init__(self, ip, port, stage):
        self.stage, self.taken, self.connections, self.open = stage, 0, 0, 0
        self._socket = socket.create_server((ip, port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def wait_left(self, timeout_s=20.0):
        wait_for(lambda: self.open == 0, f"the daemon to leave the host that drips at {self.stage}", timeout_s)

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self.open += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                self._talk(connection)
        except (OSError, EOFError):
            pass
        finally:
            self.open -= 1

    def _drip(self, connection, code=b"250"):
        # One reply of many lines: each octet is fair SMTP, and none is the last.
        connection.settimeout(EVERY_S)
        line, number = code + b"-x\r\n", 0
        while True:
            connection.sendall(line[number % len(line):][:1])
            number += 1
            try:
                if not connection.recv(65536):
                    return
                time.sleep(EVERY_S)
            except TimeoutError:
                pass

    def _talk(self, connection):
        if self.stage == "banner":
            return self._drip(connection, b"220")
        connection.sendall(b"220 drip.test ESMTP\r\n")
        lines = connection.makefile("rb", buffering=65536 if self.stage != "body" else 1)
        offers = {"STARTTLS": "STARTTLS", "TLS": "STARTTLS", "BDAT": "CHUNKING"}.get(self.stage, "8BITMIME")
        while True:
            line = lines.readline()
            if not line.endswith(b"\n"):
                raise EOFError
            verb = line.split()[0].upper().decode()
            if verb == self.stage:
                if verb == "BDAT":
                    lines.read(int(line.split()[1]))
                    self.taken += 1
                return self._drip(connection, b"354" if verb == "DATA" else b"250")
            if verb == "EHLO":
                connection.sendall(f"250-drip.test\r\n250 {offers}\r\n".encode())
            elif verb == "STARTTLS":
                connection.sendall(b"220 go ahead\r\n")
                connection.settimeout(30)
                connection.recv(65536)
                number = 0
                while True:  # a record of TLS that says it has 16384 octets
                    connection.sendall(b"\x16\x03\x03\x40\x00"[number:number + 1] or b"\0")
                    number += 1
                    time.sleep(EVERY_S)
            elif verb == "DATA":
                connection.sendall(b"354 go on\r\n")
                if self.stage == "body":
                    while connection.recv(1):
                        time.sleep(EVERY_S)
                    return None
                while lines.readline() != b".\r\n":
                    pass
                self.taken += 1
                if self.stage == "dot":
                    return self._drip(connection)
                connection.sendall(b"250 ok\r\n")
            elif verb == "QUIT":
                connection.sendall(b"221 bye\r\n")
                return None
            else:
                connection.sendall(b"250 ok\r\n")
