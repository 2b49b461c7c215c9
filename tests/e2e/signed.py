"""signed.py: zones signed with keys of their own, by ldns' tools; and ways to break what was signed."""
import base64
import re
import subprocess
import time

from checks import check


class Key:
    def __init__(self, folder, base):
        self.path = folder / base
        self.dnskey_file, self.ds_file = folder / f"{base}.key", folder / f"{base}.ds"
        # Without the comment that ldns appends, as one line of a zone or a configuration.
        self.dnskey = re.sub(r"\s+", " ", self.dnskey_file.read_text().split(";")[0]).strip()
        self.ds = re.sub(r"\s+", " ", self.ds_file.read_text()).strip()


class Signer:
    def __init__(self, lab):
        self.lab, self.folder = lab, lab.dir / "keys"
        self.folder.mkdir()

    def _run(self, *command):
        return subprocess.run([str(part) for part in command], cwd=self.folder, env=self.lab.peer_environment,
                              check=True, capture_output=True, text=True).stdout.strip()

    def key(self, zone, algorithm="ECDSAP256SHA256", bits=256):
        return Key(self.folder, self._run("ldns-keygen", "-a", algorithm, "-b", bits, "-k", zone))

    def sign(self, path, origin, key, days=30, nsec3=False):
        """Signs the file in place. With negative `days` the signatures ended that long ago."""
        now = int(time.time())
        begin, end = (now - 86400, now + days * 86400) if days > 0 else (now + (days - 30) * 86400, now + days * 86400)
        out = path.with_suffix(".signed")
        self._run("ldns-signzone", "-i", begin, "-e", end, "-o", origin, "-f", out,
                  *(["-n", "-t", "0"] if nsec3 else []), path, key.path)
        out.replace(path)
        return path


def mangle_signature(path, owner, kind):
    """Changes one character within the RRSIG of these records; the records themselves stay as they are."""
    pattern = re.compile(rf"^({re.escape(owner)}\.?\s+\d+\s+IN\s+RRSIG\s+{kind}\s.*\s)(\S{{20}})(\S+)(.*)$", re.M)
    text = path.read_text()
    check(pattern.search(text), f"an RRSIG {kind} of {owner} in {path}")
    path.write_text(pattern.sub(lambda m: m[1] + m[2][:-1] + ("A" if m[2][-1] != "A" else "B") + m[3] + m[4], text))


def key_tag(rdata):
    """RFC 4034 B: a checksum, of which any number of keys may have the same."""
    total = sum(octet << 8 if number % 2 == 0 else octet for number, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xFFFF


def colliding_keys(key, count):
    """`count` DNSKEY lines of the same algorithm and tag as this RSA key, which sign nothing: its modulus with two
    words of sixteen bits in each other's place."""
    owner, *words = key.dnskey.split()
    at = words.index("DNSKEY")
    flags, protocol, algorithm, public = words[at + 1], words[at + 2], words[at + 3], base64.b64decode("".join(words[at + 4:]))
    head = int(flags).to_bytes(2, "big") + bytes([int(protocol), int(algorithm)])
    tag, seen, lines = key_tag(head + public), {public}, []
    places = [(one, other) for one in range(12, len(public) - 4, 2) for other in range(one + 2, len(public) - 4, 2)]
    for one, other in places:
        swapped = bytearray(public)
        swapped[one:one + 2], swapped[other:other + 2] = swapped[other:other + 2], swapped[one:one + 2]
        if len(lines) == count:
            break
        if bytes(swapped) not in seen and key_tag(head + bytes(swapped)) == tag:
            seen.add(bytes(swapped))
            lines.append(f"{owner} IN DNSKEY {flags} {protocol} {algorithm} {base64.b64encode(swapped).decode()}")
    check(len(lines) == count, f"{count} keys of one tag, not {len(lines)}")
    return lines


def add_signatures(path, owner, kind, count):
    """Puts `count` more RRSIGs beside that of these records, each of the same key tag and none of them good."""
    text = path.read_text()
    found = re.search(rf"^({re.escape(owner)}\.?\s+\d+\s+IN\s+RRSIG\s+{kind}\s+(?:\S+\s+){{7}})(\S+)$", text, re.M)
    check(found, f"an RRSIG {kind} of {owner} in {path}")
    good = base64.b64decode(found[2])
    lines = []
    for number in range(count):
        bad = bytearray(good)
        bad[8 + number % 64] ^= 1 + number // 64
        lines.append(found[1] + base64.b64encode(bad).decode())
    path.write_text(text.replace(found[0], "\n".join(lines)))


def forge(path, old, new):
    """Changes a record and leaves its signature: what somebody on the way would do."""
    text = path.read_text()
    check(text.count(old) >= 1, f"{old!r} in {path}")
    path.write_text(text.replace(old, new))
