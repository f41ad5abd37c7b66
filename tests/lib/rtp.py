"""RTP for the stories: many streams, one thread, kernel time stamps on arrival."""
import random
import select
import socket
import struct
import threading
import time

PERIOD = 0.020
SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)


class Port:
    """One end of a stream: a socket that sends every 20 ms and hears."""

    def __init__(self, ip):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        while True:
            # an even port, as the offers say
            port = random.randrange(10000, 20000, 2)
            try:
                self.sock.bind((ip, port))
                break
            except OSError:
                continue
        self.sock.setblocking(False)
        self.local = (ip, port)
        self.to = None              # (address, port), once known
        self.ssrc = random.getrandbits(32)
        self.sequence = 0
        self.sent = 0
        self.heard = []             # (arrived, sent, sequence), seconds of the wall clock
        self.sources = set()

    def send(self):
        if self.to is None:
            return
        head = struct.pack("!BBHII", 0x80, 0, self.sequence & 0xffff,
                           self.sequence * 160 & 0xffffffff, self.ssrc)
        try:
            self.sock.sendto(head + struct.pack("!d", time.time()) + b"\xd5" * 152, self.to)
        except OSError:             # ICMP of an earlier packet
            pass
        self.sequence += 1
        self.sent += 1

    def hear(self):
        while True:
            try:
                data, ancillary, _, source = self.sock.recvmsg(2048, 128)
            except OSError:
                return
            arrived = time.time()
            for level, kind, value in ancillary:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    s, ns = struct.unpack("ll", value[:16])
                    arrived = s + ns / 1e9
            if len(data) >= 20:
                sequence, = struct.unpack("!H", data[2:4])
                self.heard.append((arrived, struct.unpack("!d", data[12:20])[0], sequence))
                self.sources.add(source)

    def silence(self, since=0.0):
        """(longest gap between arrivals in seconds, lost packets) since this wall
        clock time. A gap that the sender itself made does not count."""
        heard = [h for h in self.heard if h[0] >= since]
        if len(heard) < 2:
            return float("inf"), 0
        longest = 0.0
        for (a0, s0, _), (a1, s1, _) in zip(heard, heard[1:]):
            longest = max(longest, a1 - a0 - max(0.0, s1 - s0 - PERIOD))
        numbers = {n for _, _, n in heard}
        span = (heard[-1][2] - heard[0][2]) % 65536 + 1
        return longest, span - len(numbers)


class Player:
    """The thread that serves all ports. Use as a context manager."""

    def __init__(self):
        self.ports = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._play, daemon=True)

    def port(self, ip):
        p = Port(ip)
        self.ports = self.ports + [p]
        return p

    def _play(self):
        due = time.monotonic()
        while not self.stop.is_set():
            ports = self.ports
            ready, _, _ = select.select([p.sock for p in ports], [], [], max(0, due - time.monotonic()))
            for p in ports:
                if p.sock in ready:
                    p.hear()
            if time.monotonic() >= due:
                for p in ports:
                    p.send()
                due += PERIOD
                if due < time.monotonic() - 1:
                    due = time.monotonic()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        self.thread.join()
        for p in self.ports:
            p.sock.close()
