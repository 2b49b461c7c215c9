"""cases.py: the loads, named as in the table of docs/performance.md, and the commands that make them."""
import dataclasses

DOMAINS = 1000


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    what: str
    sessions: int = 20
    size: int = 4096
    kept: bool = True  # the session is kept for the next message
    tls: bool = False
    domains: int = 1  # destinations, taken in turn

    @property
    def own_tool(self):
        """smtp-source and smtp-sink speak no TLS and take one recipient: the rest is bench/smtp_load's."""
        return self.tls or self.domains > 1

    def source(self, tools, count, endpoint):
        if not self.own_tool:
            return [tools.smtp_source, *(["-d"] if self.kept else []), "-s", self.sessions, "-m", count, "-l", self.size,
                    "-f", "load@source.test", "-t", "user@sink.test", "-M", "source.test", endpoint]
        return [tools.smtp_load, "source", "--sessions", self.sessions, "--messages", count, "--size", self.size,
                "--domains", self.domains, *(["--kept"] if self.kept else []), *(["--tls"] if self.tls else []), endpoint]

    def sink(self, tools, world, endpoint):
        if self.tls:
            return [tools.smtp_load, "sink", "--cert", world.cert, "--key", world.key, endpoint]
        user = ["-u", "root"] if tools.root else []
        return [tools.smtp_sink, *user, "-c", endpoint, "1024"]


ALL = {case.name: case for case in (
    Case("kept20", "4 KB messages, 20 kept sessions"),
    Case("fresh20", "4 KB, 20 sessions, a new connection for each message", kept=False),
    Case("size100k", "100 KB messages, 20 kept sessions", size=100 * 1024),
    Case("single", "4 KB, one session, one message at a time", sessions=1),
    Case("tls", "4 KB, 20 sessions, a new connection for each message, STARTTLS in and out, resumed", kept=False, tls=True),
    Case("tls_kept", "4 KB, 20 kept sessions, STARTTLS in and out", tls=True),
    Case("dest1000", "4 KB, 20 kept sessions, 1,000 destination domains in turn", domains=DOMAINS),
)}
