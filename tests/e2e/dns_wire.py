"""dns_wire.py: asks one server one question, with the standard library alone, and reads what tests look at."""
import random
import socket
import struct

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
RCODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


class Reply:
    def __init__(self, packet, asked):
        self.id, flags, _, self.answers, _, _ = struct.unpack("!6H", packet[:12])
        self.authoritative, self.truncated = bool(flags & 0x0400), bool(flags & 0x0200)
        self.rcode = RCODES.get(flags & 15, str(flags & 15))
        self.packet, self.asked = packet, asked


def ask(place, name, kind, tcp=False, timeout_s=5.0):
    """A Reply; None after `timeout_s` of silence. Whatever comes from another place is not heard."""
    number = random.randrange(65536)
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split(".") if part)
    query = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", TYPES[kind], 1)
    try:
        with socket.socket(type=socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as link:
            link.settimeout(timeout_s)
            link.connect(place)
            if not tcp:
                link.send(query)
                return Reply(link.recv(65535), number)
            link.sendall(struct.pack("!H", len(query)) + query)
            length = struct.unpack("!H", _read(link, 2))[0]
            return Reply(_read(link, length), number)
    except TimeoutError:
        return None


def _read(link, count):
    data = b""
    while len(data) < count:
        part = link.recv(count - len(data))
        if not part:
            raise ConnectionError("the server hung up")
        data += part
    return data
