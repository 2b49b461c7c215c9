"""world.py: the domains of the soak, the hosts behind them, and what must become of mail to each."""
import dataclasses

SENDER = "sender@source.test"  # reports go there
MANY = 40


@dataclasses.dataclass(frozen=True)
class Host:
    number: int  # the last octet of its address
    manner: str = "takes"  # or "tls", "greylists", "refuses", "limps"


@dataclasses.dataclass(frozen=True)
class Kind:
    share: float  # of all recipients
    fate: str  # "arrives", or "returns": a report to the sender names it
    records: str  # of the zone test.; {net} is the laboratory's network
    names: tuple  # of its domains, without .test


HOSTS = {"mx1": Host(11), "mx2": Host(12), "mx3": Host(13), "shared": Host(14), "tls": Host(15, "tls"),
         "grey": Host(16, "greylists"), "limps": Host(17, "limps"), "refuses": Host(18, "refuses"), "source": Host(19)}
DEAD = 66  # nobody listens there

KINDS = {
    "equals": Kind(0.42, "arrives", "equals MX 10 mx1\nequals MX 10 mx2\nequals MX 20 mx3\n", ("equals",)),
    "many": Kind(0.18, "arrives", "".join(f"d{n}.many MX 10 shared\n" for n in range(MANY)),
                 tuple(f"d{n}.many" for n in range(MANY))),
    "tls": Kind(0.12, "arrives", "secure MX 10 tls\n", ("secure",)),
    "passes_over": Kind(0.10, "arrives", "over MX 10 dead\nover MX 20 mx2\nover MX 20 mx3\n", ("over",)),
    "greylists": Kind(0.06, "arrives", "later MX 10 grey\n", ("later",)),
    "limps": Kind(0.05, "arrives", "limping MX 10 limps\n", ("limping",)),
    "refuses": Kind(0.03, "returns", "no MX 10 refuses\n", ("no",)),
    "null_mx": Kind(0.01, "returns", "null MX 0 .\n", ("null",)),
    "no_such": Kind(0.01, "returns", "", ("nowhere",)),
    "dead": Kind(0.02, "returns", "gone MX 10 dead\n", ("gone",)),
}
KIND_OF = {f"{name}.test": kind for kind, what in KINDS.items() for name in what.names}


def zone():
    """The records of test., for Lab.dns()."""
    hosts = "".join(f"{name} A {{net}}.{host.number}\n" for name, host in HOSTS.items())
    return hosts + f"dead A {{net}}.{DEAD}\nsource MX 10 source\n" + "".join(kind.records for kind in KINDS.values())
