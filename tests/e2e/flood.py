"""flood.py: thousands of connection attempts at once, from many addresses, for the tests of what a daemon does then."""
import resource
import selectors
import socket

from checks import check


class Flood:
    def __init__(self, lab, relay, count, addresses, refusal=b"421 4.7.0 "):
        self._refusal = refusal
        self.greeted, self.refused, self.dropped, self.other = [], 0, 0, []
        self._selector = selectors.DefaultSelector()
        for number in range(count):
            link = socket.socket()
            link.setblocking(False)
            link.bind((lab.ip(100 + number % addresses), 0))
            link.connect_ex((relay.ip, lab.mx_port))
            self._selector.register(link, selectors.EVENT_READ)

    def read(self):
        """Takes what has come; true when every attempt has had its answer."""
        events = self._selector.select(timeout=0.2)
        if not events:
            self._nudge()
        for key, _ in events:
            link = key.fileobj
            self._selector.unregister(link)
            try:
                said = link.recv(512)
            except ConnectionResetError:
                self.dropped += 1
                link.close()
                continue
            if said.startswith(b"220 "):
                self.greeted.append(link)  # these stay
                continue
            link.close()
            if said.startswith(self._refusal):
                self.refused += 1
            else:
                self.other.append(said)
        return not self._selector.get_map()

    def _nudge(self):
        """Those that wait say something: where the kernel's backlog overflowed, and a SYN cookie let them believe that
        they are connected, it tells them now that they are not."""
        for key in list(self._selector.get_map().values()):
            try:
                key.fileobj.send(b"\r\n")
            except OSError:
                pass  # closed meanwhile: read() hears of it

    def leave(self):
        for link in self.greeted:
            link.close()


def attempts_possible(wanted):
    """Raises this process's limit of descriptors; as many attempts as it allows."""
    files = wanted + 200
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(hard, files)))
    except (ValueError, OSError):
        check(hard > 4000, f"at least 4,000 descriptors for the flood, not {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
