"""Debian's Kamailio as the other side: a carrier that wants digest, or the domain
next door."""
import os
import pathlib
import signal
import subprocess

from .house import free_address, has_ipv6
from .sip import Phone
from .wait import eventually

CONFIGS = pathlib.Path(__file__).resolve().parent.parent / "kamailio"


class Kamailio:
    config = "gateway.cfg"

    def __init__(self, directory, domain="carrier.test", password="carrier-secret", port=5060):
        self.dir = pathlib.Path(directory) / "kamailio"
        self.dir.mkdir(parents=True)
        self.ip, self.port, self.domain, self.password = free_address(), port, domain, password
        self.phone_ip = self.ip
        self.passwords = {}
        self.process = None
        self.defines = {"HOST": self.ip, "PORT": str(port), "DOMAIN": f'"{domain}"',
                        "CTL": f'"unix:{self.dir}/ctl"', "PASSWORD": f'"{password}"'}

    def start(self):
        self.output = open(self.dir / "output", "wb")
        command = ["kamailio", "-f", str(CONFIGS / self.config), "-DD", "-E", "-m", "64", "-M", "8",
                   "-Y", str(self.dir), "-P", str(self.dir / "pid")]
        for name, value in self.defines.items():
            command += ["-A", f"{name}={value}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        probe = Phone(self, ip=self.ip)

        def answers():
            assert self.process.poll() is None, (self.dir / "output").read_text()
            return probe.transact(probe.request("OPTIONS", f"sip:{self.domain}"), 0.6).code == 200
        eventually(answers, 10, what="Kamailio ready")
        probe.close()
        return self

    def rpc(self, *command):
        return subprocess.run(["kamcmd", "-s", f"unix:{self.dir}/ctl", *command], text=True,
                              capture_output=True, timeout=10).stdout

    def contacts(self, user):
        """Contact URIs that are registered for this user."""
        dump = self.rpc("ul.lookup", "location", f"{user}@{self.domain}") or \
            self.rpc("ul.lookup", "location", user)
        return [line.split("Address: ", 1)[1].strip() for line in dump.splitlines() if "Address: " in line]

    def expires(self, user):
        dump = self.rpc("ul.lookup", "location", user)
        return [int(x.split("Expires: ")[1]) for x in dump.splitlines()
                if "Expires: " in x and x.split("Expires: ")[1].strip().isdigit()]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:       # with TLS its workers may wait for each other at the end
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)
        if self.process:
            self.output.close()


class TlsCarrier(Kamailio):
    """The carrier, also on the next port for TLS, with a certificate for its domain."""

    def __init__(self, directory, authority, **how):
        super().__init__(directory, **how)
        chain, key = authority.issue("carrier", cn=self.domain)
        (self.dir / "tls.cfg").write_text(f"[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\n"
                                          f"certificate = {chain}\nprivate_key = {key}\n"
                                          f"[client:default]\nverify_certificate = no\n")
        self.tls_port = self.port + 1
        self.defines |= {"TLS_CONFIG": f'"{self.dir}/tls.cfg"', "TLS_PORT": str(self.tls_port)}


class Neighbour(Kamailio):
    """A domain whose users need no password; it also listens on ::1, if there is one,
    and on the next port for TLS. It trusts whom the authority certifies."""
    config = "neighbour.cfg"

    def __init__(self, directory, port, authority, domain="neighbour.test"):
        super().__init__(directory, domain, port=port)
        chain, key = authority.issue("neighbour", cn=domain)
        (self.dir / "tls.cfg").write_text(
            "".join(f"[{side}:default]\nmethod = TLSv1.2+\nverify_certificate = yes\n"
                    f"require_certificate = {'yes' if side == 'client' else 'no'}\nca_list = {authority.file}\n"
                    f"certificate = {chain}\nprivate_key = {key}\n" for side in ("server", "client")))
        self.defines |= {"TLS_CONFIG": f'"{self.dir}/tls.cfg"', "TLS_PORT": str(port + 1)}
        if has_ipv6():
            self.defines["HOST6"] = "[::1]"

    def next_hop(self, uri):
        """Where it sends what is for other domains."""
        self.rpc("pv.shvSet", "next", "str", uri)


class Proxy(Kamailio):
    """A domain of its own whose media go through the house's mediad, in rtpengine's
    place. What a phone asks of its house, it answers: users need no password."""
    config = "rtpengine.cfg"

    def __init__(self, directory, ng, domain="proxy.test"):
        super().__init__(directory, domain)
        self.defines["NG"] = f'"{ng}"'


class Edge(Kamailio):
    """A proxy between phones and their house, by whose Record-Route alone they are reached in a
    dialog. strict: it is one of RFC 2543."""
    config = "edge.cfg"

    def __init__(self, directory, house, strict=False):
        super().__init__(directory, house.domain)
        self.defines |= {"NEXT": f'"sip:{house.ip}:{house.port}"', "NEXT_IP": f'"{house.ip}"',
                         "NEXT_PORT": str(house.port)}
        if strict:
            self.defines["STRICT"] = "1"
