"""Debian's Kamailio as the other side: a carrier that wants digest."""
import pathlib
import signal
import subprocess

from .house import free_address
from .sip import Phone
from .wait import eventually

CONFIG = pathlib.Path(__file__).resolve().parent.parent / "kamailio/gateway.cfg"


class Kamailio:
    def __init__(self, directory, domain="carrier.test", password="carrier-secret", port=5060):
        self.dir = pathlib.Path(directory) / "kamailio"
        self.dir.mkdir(parents=True)
        self.ip, self.port, self.domain, self.password = free_address(), port, domain, password
        self.phone_ip = self.ip
        self.passwords = {}
        self.process = None

    def start(self):
        defines = {"HOST": self.ip, "PORT": str(self.port), "DOMAIN": f'"{self.domain}"',
                   "CTL": f'"unix:{self.dir}/ctl"', "PASSWORD": f'"{self.password}"'}
        self.output = open(self.dir / "output", "wb")
        command = ["kamailio", "-f", str(CONFIG), "-DD", "-E", "-m", "64", "-M", "8",
                   "-Y", str(self.dir), "-P", str(self.dir / "pid")]
        for name, value in defines.items():
            command += ["-A", f"{name}={value}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT)
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
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        if self.process:
            self.output.close()
