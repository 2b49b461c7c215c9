"""signed.py: zones signed with keys of their own, by ldns' tools; and ways to break what was signed."""
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

    def key(self, zone):
        return Key(self.folder, self._run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone))

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


def forge(path, old, new):
    """Changes a record and leaves its signature: what somebody on the way would do."""
    text = path.read_text()
    check(text.count(old) >= 1, f"{old!r} in {path}")
    path.write_text(text.replace(old, new))
