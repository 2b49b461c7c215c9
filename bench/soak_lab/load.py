#!/usr/bin/env python3
"""load.py: the mixed load of the soak. load.py IP PORT RATE LOG [SEED]: until SIGTERM.

About RATE messages a second by sessions of several manners (MANNERS); each recipient has a number of its own. LOG gets
'A ADDRESS TIME' for each that the daemon answered with 250, 'F ADDRESS TIME' where the last line was sent and no answer
came, and 'N REPLY' for a message that was refused. Sessions that break (a restart) are begun anew.
"""
import asyncio
import collections
import pathlib
import random
import signal
import ssl
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import world  # noqa: E402

Manner = collections.namedtuple("Manner", "share sessions kept tls octets")
MANNERS = (Manner(0.50, 8, True, False, (400, 8_000)), Manner(0.22, 6, False, False, (400, 8_000)),
           Manner(0.12, 3, True, True, (400, 30_000)), Manner(0.12, 4, False, True, (400, 8_000)),
           Manner(0.035, 2, True, False, (60_000, 300_000)), Manner(0.005, 2, True, False, (1_000_000, 8_000_000)))
LINE = b"The quick brown fox jumps over the lazy dog, and .dots stand where they must.\r\n.a dot begins this line\r\n"
ENDED = (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError)


class Refused(Exception):
    pass


class Session:
    """One SMTP connection."""

    def __init__(self, where, tls):
        self.where, self.tls = where, tls
        self.reader = self.writer = None

    async def open(self):
        self.reader, self.writer = await asyncio.wait_for(asyncio.open_connection(*self.where), 10)
        await self.expect(b"220")
        await self.say(b"EHLO load.test\r\n", b"250")
        if self.tls:
            await self.say(b"STARTTLS\r\n", b"220")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            await asyncio.wait_for(self.writer.start_tls(context), 60)
            await self.say(b"EHLO load.test\r\n", b"250")
        return self

    async def expect(self, code):
        while True:
            line = await asyncio.wait_for(self.reader.readuntil(b"\n"), 120)
            if line[3:4] != b"-":
                break
        if not line.startswith(code):
            raise Refused(line.decode().strip())

    async def say(self, text, code):
        self.writer.write(text)
        await self.writer.drain()
        await self.expect(code)

    def close(self):
        if self.writer:
            self.writer.close()


class Load:
    def __init__(self, where, rate, log, seed):
        self.where, self.rate = where, rate
        self.log = open(log, "a", buffering=1 << 16, encoding="utf-8")
        self.random = random.Random(seed)
        self.number, self.stop = 0, asyncio.Event()
        self.kinds, self.weights = list(world.KINDS), [kind.share for kind in world.KINDS.values()]

    def recipients(self):
        """One to three, of any kinds, each with a number that nobody had."""
        result = []
        for kind in self.random.choices(self.kinds, self.weights, k=self.random.choice((1, 1, 1, 1, 2, 3))):
            self.number += 1
            result.append(f"n{self.number}@{self.random.choice(world.KINDS[kind].names)}.test")
        return result

    def message(self, octets):
        low, high = octets
        size = int(low * (high / low) ** self.random.random())
        body = (LINE * (size // len(LINE) + 1))[:size].rpartition(b"\r\n")[0] + b"\r\n.\r\nthe end\r\n"
        header = f"From: <{world.SENDER}>\r\nSubject: soak\r\nX-Sum: {zlib.crc32(stuffed(body) + END)}\r\n\r\n"
        return header.encode() + stuffed(body) + END

    async def send(self, session, octets):
        recipients = self.recipients()
        await session.say(f"MAIL FROM:<{world.SENDER}>\r\n".encode(), b"250")
        for recipient in recipients:
            await session.say(f"RCPT TO:<{recipient}>\r\n".encode(), b"250")
        await session.say(b"DATA\r\n", b"354")
        text, fate = self.message(octets), "F"
        try:
            await session.say(text, b"250")
            fate = "A"
        except Refused:
            fate = ""
            raise
        finally:
            now = time.time()
            for recipient in recipients if fate else []:
                self.log.write(f"{fate} {recipient} {now:.3f}\n")

    async def work(self, manner):
        """One session's life: messages with pauses, so that all of them together make up the rate."""
        pause_s = manner.sessions / (manner.share * self.rate)
        session, due = None, time.monotonic() + self.random.random() * pause_s
        while not await self.stopped_within(max(0.0, due - time.monotonic())):
            due = max(due + self.random.expovariate(1 / pause_s), time.monotonic() - 5 * pause_s)
            try:
                if session is None:
                    session = Session(self.where, manner.tls)
                    await session.open()
                await self.send(session, manner.octets)
                if manner.kept:
                    continue
                await session.say(b"QUIT\r\n", b"221")
            except Refused as refused:
                self.log.write(f"N {refused}\n")
            except ENDED:
                await asyncio.sleep(0.1)  # it restarts
            session.close()
            session = None

    async def stopped_within(self, seconds):
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except asyncio.TimeoutError:
            return self.stop.is_set()
        return True

    async def run(self):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.stop.set)
        workers = [asyncio.create_task(self.work(manner)) for manner in MANNERS for _ in range(manner.sessions)]
        while not await self.stopped_within(0.5):
            self.log.flush()
        done, late = await asyncio.wait(workers, timeout=60)
        self.log.close()
        for worker in done:
            worker.result()  # a fault of this program must not pass for a light load
        return 1 if late else 0


END = b".\r\n"


def stuffed(body):
    """With dots doubled as on the wire (RFC 5321 4.5.2)."""
    return body.replace(b"\r\n.", b"\r\n..")


if __name__ == "__main__":
    load = Load((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]), sys.argv[4], sys.argv[5] if len(sys.argv) > 5 else "soak")
    sys.exit(asyncio.run(load.run()))
