"""Debian's bind9 as the name server of a story, and a name server from hell."""
import pathlib
import socket
import subprocess
import threading

from .house import free_address, free_ports
from .wait import eventually

PORT = 5353

CONF = """
options {{
	directory "{dir}";
	listen-on port {port} {{ {ip}; }};
	listen-on-v6 {{ none; }};
	pid-file none;
	session-keyfile none;
	lock-file none;
	recursion no;
	dnssec-validation no;
	empty-zones-enable no;
	notify no;
	minimal-responses yes;
	check-names primary ignore;
}};
controls {{ }};
{zones}
"""

HEAD = """$TTL {ttl}
@ IN SOA ns root ( 1 3600 600 86400 {negative} )
@ IN NS ns
ns IN A 192.0.2.53
"""


class Named:
    """zones: {name: text of the records after SOA and NS, or the path of a whole file}."""

    def __init__(self, directory, zones, ttl=60, negative=60):
        self.dir = pathlib.Path(directory) / "named"
        self.dir.mkdir(parents=True)
        # It listens on addresses of interfaces only: not on all of 127.0.0.0/8.
        self.ip, self.port = "127.0.0.1", free_ports(1)
        self.server = f"{self.ip}:{self.port}"
        blocks = []
        for name, text in zones.items():
            if isinstance(text, pathlib.Path):
                text = text.read_text()
            else:
                text = HEAD.format(ttl=ttl, negative=negative) + text
            file = self.dir / f"zone-{name}"
            file.write_text(text)
            blocks.append(f'zone "{name}" {{ type primary; file "{file}"; }};')
        (self.dir / "named.conf").write_text(CONF.format(
            dir=self.dir, ip=self.ip, port=self.port, zones="\n".join(blocks)))
        self.process = None

    def start(self):
        self.output = open(self.dir / "output", "wb")
        self.process = subprocess.Popen(["named", "-g", "-n", "1", "-c", str(self.dir / "named.conf")],
                                        stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT)

        def answers():
            text = (self.dir / "output").read_text()
            assert self.process.poll() is None, text[-3000:]
            return "\nrunning" in text or " running\n" in text
        eventually(answers, 20, what="named running")
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        if self.process:
            self.output.close()
        self.process = None


def question(packet):
    """(name as it was asked, type, the bytes of the question)."""
    at, labels = 12, []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    kind = int.from_bytes(packet[at + 1:at + 3], "big")
    return ".".join(labels), kind, packet[12:at + 5]


def encode(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x) + b"\0"


def answer(ident, asked, records, rcode=0):
    """A response: records are (owner, type, ttl, data)."""
    out = ident + (0x8580 | rcode).to_bytes(2, "big") + (1).to_bytes(2, "big")
    out += len(records).to_bytes(2, "big") + bytes(4) + asked
    for owner, kind, ttl, data in records:
        out += encode(owner) + kind.to_bytes(2, "big") + b"\0\1" + ttl.to_bytes(4, "big")
        out += len(data).to_bytes(2, "big") + data
    return out


class BadServer:
    """Answers over UDP, and TCP if there is one, as handle(server, packet, reply, tcp) says."""

    def __init__(self, handle, tcp=None):
        self.handle, self.tcp = handle, tcp
        self.ip, self.port = free_address(), PORT
        self.server = f"{self.ip}:{self.port}"
        self.asked = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.ip, self.port))
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.ip, self.port))
        self.listener.listen(5)
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self._udp, self._tcp)]
        for t in self.threads:
            t.start()

    def _udp(self):
        while True:
            packet, source = self.sock.recvfrom(4096)
            if packet == b"stop":
                return
            self.asked.append(question(packet)[:2])
            self.handle(self, packet, lambda b: self.sock.sendto(b, source))

    def _tcp(self):
        while True:
            conn, _ = self.listener.accept()
            with conn:
                conn.settimeout(5)
                head = conn.recv(2)
                if head == b"\0\0":
                    return
                if len(head) < 2 or self.tcp is None:
                    continue
                packet = conn.recv(int.from_bytes(head, "big"))
                self.asked.append(question(packet)[:2])
                self.tcp(self, packet, lambda b: conn.sendall(len(b).to_bytes(2, "big") + b))

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"stop", (self.ip, self.port))
        with socket.create_connection((self.ip, self.port)) as s:
            s.sendall(b"\0\0")
        for t in self.threads:
            t.join(5)
        self.sock.close()
        self.listener.close()
