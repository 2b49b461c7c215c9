"""liar.py: a resolver between a daemon and an honest one, that can be silent, late, or lie.

Modes: "honest"; "silent"; "late" (the honest answer, `late_s` after the question); and three lies that all say
NXDOMAIN, which would bounce mail if it were believed: "wrong id", "wrong port" (it comes from another one),
"wrong question" (it answers for another name).
"""
import socket
import struct
import threading


class Liar:
    def __init__(self, ip, port, honest, mode="honest", late_s=2.0):
        self.mode, self.late_s, self.questions = mode, late_s, 0
        self._honest = honest
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind((ip, port))
        self.place = f"{ip}:{port}"
        self._other = socket.socket(type=socket.SOCK_DGRAM)
        self._other.bind((ip, 0))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            question, client = self._socket.recvfrom(65535)
            self.questions += 1
            mode = self.mode
            if mode == "honest":
                self._answer(question, client)
            elif mode == "late":
                timer = threading.Timer(self.late_s, self._answer, (question, client))
                timer.daemon = True
                timer.start()
            elif mode == "wrong id":
                self._socket.sendto(self._denial(question, number=lambda n: n ^ 0x5555), client)
            elif mode == "wrong port":
                self._other.sendto(self._denial(question), client)
            elif mode == "wrong question":
                self._socket.sendto(self._denial(question, name=b"\x05other\x04test\0"), client)

    def _answer(self, question, client):
        with socket.socket(type=socket.SOCK_DGRAM) as link:
            link.settimeout(5)
            link.sendto(question, self._honest)
            try:
                answer = link.recv(65535)
            except TimeoutError:
                return
        self._socket.sendto(answer, client)

    @staticmethod
    def _denial(question, number=lambda n: n, name=None):
        """NXDOMAIN to this question, with a SOA by which it could be cached for a day."""
        end = 12
        while question[end]:
            end += 1 + question[end]
        end += 5
        asked = question[12:end] if name is None else name + question[end - 4:end]
        head = struct.pack("!6H", number(struct.unpack("!H", question[:2])[0]), 0x8583, 1, 0, 1, 0)
        soa = b"\x02ns\xc0\x0c\x01h\xc0\x0c" + struct.pack("!5I", 1, 60, 60, 60, 86400)
        return head + asked + b"\0" + struct.pack("!HHIH", 6, 1, 86400, len(soa)) + soa
