"""dovecot.py: a Dovecot of its own for a test: LMTP by socket and TCP, IMAP and POP3, virtual users in a file. Needs
the namespace (tools/peers.sh exec), where it looks installed; nothing of the machine's own is touched."""
import subprocess

from actors import Process
from checks import SLOWER, Failure, answers, listens

SECRET = "correct-horse"
CONFIG = """\
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/../{name}.log
protocols = imap pop3 lmtp
listen = {ip}
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 100
mail_location = maildir:{boxes}/%d/%n
mail_plugins = quota
postmaster_address = postmaster@{ip}.test
hostname = {name}.test
recipient_delimiter = +
quota_full_tempfail = yes
lmtp_save_to_detail_mailbox = no
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {dir}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {dir}/users
}}
plugin {{
  quota = maildir:User quota
}}
service lmtp {{
  unix_listener {dir}/lmtp {{
    mode = 0666
  }}
  inet_listener lmtp {{
    address = {ip}
    port = 24
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = 143
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = 110
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot(Process):
    """`users` by address: fields of the user database, such as "userdb_quota_rule=*:messages=1"; `boxes` is the folder
    of the Maildirs, DOMAIN/USER each; `settings` are more of its own, such as a socket for Postfix to authenticate by."""

    def __init__(self, lab, name, number, users, boxes=None, settings=""):
        self.ip, self.dir = lab.ip(number), lab.dir / name
        self.boxes = boxes or self.dir / "boxes"
        self.socket = self.dir / "lmtp"
        for folder in (self.dir, self.dir / "run", self.dir / "state"):
            folder.mkdir(exist_ok=True)
        if boxes is None:
            self.boxes.mkdir()
            subprocess.run(["chown", "vmail:vmail", self.boxes], check=True)
        (self.dir / "users").write_text("".join(f"{user}:{{PLAIN}}{SECRET}:64909:64909::{self.boxes}::{more}\n"
                                                for user, more in users.items()))
        (self.dir / "dovecot.conf").write_text(CONFIG.format(dir=self.dir, name=name, ip=self.ip, boxes=self.boxes)
                                              + settings)
        super().__init__(lab, name, ["dovecot", "-F", "-c", self.dir / "dovecot.conf"],
                         ready=lambda: all(listens(self.ip, port) for port in (24, 110, 143)) and answers(self.socket))

    def curl(self, scheme, user, path, *arguments):
        """What curl reads from here as this user."""
        done = subprocess.run(["curl", "-sS", "--max-time", str(int(20 * SLOWER)), "--user", f"{user}:{SECRET}", *arguments,
                               f"{scheme}://{self.ip}/{path}"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"curl {scheme} {path} for {user} exited {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def imap_count(self, user):
        """Messages in the user's INBOX."""
        answer = self.curl("imap", user, "", "--request", "STATUS INBOX (MESSAGES)")
        return int(answer.split("MESSAGES ")[1].split(")")[0])
