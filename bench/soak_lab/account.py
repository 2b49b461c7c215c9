"""account.py: what became of every recipient of the soak, from the logs of load.py and hosts.py."""
import collections

import world

EXAMPLES = 5


def read(load_log, hosts_log):
    """(accepted, in flight, refusals, arrivals, returned, damaged): accepted {address: time}, in flight and damaged
    addresses, refusals a Counter of replies, arrivals and returned {address: [times]}."""
    accepted, in_flight, refusals = {}, set(), collections.Counter()
    for line in open(load_log, encoding="utf-8"):
        letter, _, rest = line.rstrip("\n").partition(" ")
        if letter == "N":
            refusals[rest] += 1
            continue
        address, _, at = rest.partition(" ")
        if letter == "A":
            accepted[address] = float(at)
        else:
            in_flight.add(address)
    arrivals, returned, damaged = collections.defaultdict(list), collections.defaultdict(list), []
    for line in open(hosts_log, encoding="utf-8"):
        letter, address, at = line.split()
        if letter == "D":
            damaged.append(address)
        (returned if letter == "B" else arrivals)[address].append(float(at))
    return accepted, in_flight, refusals, arrivals, returned, damaged


def judge(load_log, hosts_log, kills, window_s, standstills, expire_s):
    """Figures and faults. A second copy is right only of what had come within window_s before a SIGKILL: its 250 was
    under way or not on disk yet (RFC 5321 6.1 prefers a duplicate to a loss). Spans in which everything stood still
    (begin, end) don't count for that; mail that had to live through one may have expired."""
    def ran_s(begin, end):
        return end - begin - sum(max(0.0, min(end, still_to) - max(begin, still_from)) for still_from, still_to in standstills)

    def stood_still(since):
        return any(since < still_to and still_from < since + expire_s for still_from, still_to in standstills)

    accepted, in_flight, refusals, arrivals, returned, damaged = read(load_log, hosts_log)
    faults, figures = [], collections.Counter()

    def fault(what, addresses):
        if addresses:
            faults.append(f"{len(addresses)} {what}, such as {', '.join(sorted(addresses)[:EXAMPLES])}")

    wrong_fate, lost, doubled = [], [], []
    for address, at in accepted.items():
        kind = world.KIND_OF[address.partition("@")[2]]
        right, other = (arrivals, returned) if world.KINDS[kind].fate == "arrives" else (returned, arrivals)
        figures[kind] += 1
        if address in other and address not in right and stood_still(at):
            figures["expired_by_standstill"] += 1
            continue
        if address in other:
            wrong_fate.append(address)
        if address not in right:
            lost.append(address)
    for times in (arrivals, returned):
        for address, came in times.items():
            if len(came) > 1:
                figures["duplicates"] += len(came) - 1
                before_s = [min((ran_s(at, kill) for kill in kills if kill + 1 >= at), default=float("inf")) for at in came[:-1]]
                if max(before_s) > window_s:
                    doubled.append(f"{address} (at {came}, {max(before_s):.1f} s before a SIGKILL)")
                else:
                    figures["duplicate_before_kill_s"] = max(figures["duplicate_before_kill_s"], round(max(before_s), 3))
    fault("accepted and neither delivered nor returned", lost)
    fault("that came back and should arrive, or the other way round", wrong_fate)
    fault("twice, and no SIGKILL explains it", doubled)
    fault("that nobody had handed over", [a for a in {*arrivals, *returned} if a not in accepted and a not in in_flight])
    fault("not as they were sent", damaged)
    if refusals:
        # A daemon that is told to stop says 421 or 4.3.2; nothing else is in order.
        fault("replies that refuse mail", [r for r in refusals if not r.startswith("421")])
    figures |= {"accepted": len(accepted), "in_flight": len(in_flight), "refused_421": sum(refusals.values()),
                "arrived": sum(1 for a in accepted if a in arrivals), "returned": sum(1 for a in accepted if a in returned)}
    return dict(figures), faults
