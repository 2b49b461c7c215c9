#!/usr/bin/env python3
"""hosts.py: all next hops of the soak in one process. hosts.py NET PORT CERT KEY LOG

Each is a host of world.py with its manner. What is taken is written to LOG, a line for each recipient, before
the 250 that answers for it: 'R ADDRESS TIME' for mail, 'B ADDRESS TIME' for a report of failure that names the address,
'D ADDRESS TIME' when a message came otherwise than it was sent (its own sum does not fit). TIME is Unix time.
"""
import asyncio
import pathlib
import re
import signal
import ssl
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import world  # noqa: E402

OCTETS_MAX = 64 << 20
LIMP_S = 20  # a host that limps is there for so long, then shutting for as long
GREY_S = 0.5
SUM = re.compile(rb"^X-Sum: (\d+)\r$", re.M)
FINAL = re.compile(rb"^Final-Recipient: *rfc822; *(\S+?)\r$", re.M | re.I)


class Hosts:
    def __init__(self, net, port, cert, key, log):
        self.net, self.port = net, port
        self.log = open(log, "a", buffering=1 << 16, encoding="utf-8")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.first_seen = {}  # what a greylisting host has put off

    async def serve(self):
        for host in world.HOSTS.values():
            await asyncio.start_server(lambda reader, writer, manner=host.manner: self.session(reader, writer, manner),
                                       f"{self.net}.{host.number}", self.port, limit=OCTETS_MAX, backlog=1024)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), 1)
            except asyncio.TimeoutError:
                self.log.flush()
        self.log.close()

    async def session(self, reader, writer, manner):
        try:
            await self.talk(reader, writer, manner)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the daemon went away, or was killed
        finally:
            writer.close()

    async def talk(self, reader, writer, manner):
        shut = manner == "limps" and int(time.time() / LIMP_S) % 2
        writer.write(b"421 4.3.2 shutting\r\n" if shut else b"220 host.test ESMTP\r\n")
        sender, recipients = b"", []
        while not shut:
            await writer.drain()
            line = await reader.readuntil(b"\n")
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                tls = b"250-STARTTLS\r\n" if manner == "tls" and not writer.get_extra_info("ssl_object") else b""
                writer.write(b"250-host.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n" + tls + b"250 ENHANCEDSTATUSCODES\r\n")
            elif verb == b"STAR":
                writer.write(b"220 2.0.0 go\r\n")
                await writer.start_tls(self.context)
            elif verb == b"MAIL":
                sender, recipients = re.search(rb"<(.*?)>", line).group(1), []
                writer.write(b"250 2.1.0 ok\r\n")
            elif verb == b"RCPT":
                writer.write(self.judge(re.search(rb"<(.*?)>", line).group(1).decode(), manner, recipients))
            elif verb == b"DATA":
                if not recipients:
                    writer.write(b"554 5.5.1 no recipients\r\n")
                    continue
                writer.write(b"354 go\r\n")
                text = await reader.readuntil(b"\r\n.\r\n")
                self.take(sender, recipients, text)
                writer.write(b"250 2.0.0 taken\r\n")
                recipients = []
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                break
            else:
                writer.write(b"250 2.0.0 ok\r\n")
        await writer.drain()

    def judge(self, recipient, manner, recipients):
        """The reply to RCPT."""
        if manner == "refuses":
            return b"550 5.1.1 nobody of that name\r\n"
        if manner == "greylists":
            now = time.monotonic()
            if now - self.first_seen.setdefault(recipient, now) < GREY_S:
                return b"451 4.7.1 come again\r\n"
        recipients.append(recipient)
        return b"250 2.1.5 ok\r\n"

    def take(self, sender, recipients, text):
        now = time.time()
        header, _, body = text.partition(b"\r\n\r\n")
        letter, names = "R", recipients
        if not sender and recipients == [world.SENDER]:
            letter, names = "B", [name.decode() for name in FINAL.findall(body)] or ["report-without-recipient"]
        else:
            told = SUM.search(header + b"\r\n")
            if not told or int(told.group(1)) != zlib.crc32(body):
                letter = "D"
        for name in names:
            self.first_seen.pop(name, None)
            self.log.write(f"{letter} {name} {now:.3f}\n")


if __name__ == "__main__":
    asyncio.run(Hosts(sys.argv[1], int(sys.argv[2]), *sys.argv[3:6]).serve())
